"""What the transfer of a large object shows: bytes, rate and time left; a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_PLAIN_SECONDS = 10.0


class ByteDisplay(Protocol):
    """Shows how many bytes are through."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen in order."""

    def advance(self, count: int) -> None:
        """So many bytes more are through."""


class BarByteDisplay:
    """A progress bar with rate and time left."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(file=stream),
        )
        self._task = self._progress.add_task(name, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=count)


class PlainByteDisplay:
    """A line of text every ten seconds."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None) -> None:
        self._stream = stream
        self._name = name
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._next = self._began + _PLAIN_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def advance(self, count: int) -> None:
        """Count, and say how far it is where the last word was some time ago."""
        self._done += count
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PLAIN_SECONDS
        rate = self._done / max(now - self._began, 0.001)
        of, left = "", ""
        if self._total is not None:
            of = f" of {decimal(self._total)}"
            left = f", {max(0, self._total - self._done) / rate:.0f} s left"
        print(
            f"{self._name}: {decimal(self._done)}{of}, {decimal(int(rate))}/s{left}",
            file=self._stream,
            flush=True,
        )


def byte_display(*, name: str, total: int | None, stream: TextIO | None = None) -> ByteDisplay:
    """Return the display that fits the stream, standard error unless another is given."""
    stream = stream or sys.stderr
    kind = BarByteDisplay if stream.isatty() else PlainByteDisplay
    return kind(stream, name=name, total=total)
