"""What the transfer of a large object shows: bytes, rate and time left; a line now and then elsewhere."""

import sys
import time
from typing import Protocol, TextIO

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

from client.display import Bar, Plain, Shown
from client.problems import printable


class ByteDisplay(Shown, Protocol):
    """Shows how many bytes are through."""

    def advance(self, count: int) -> None:
        """So many bytes more are through."""


class BarByteDisplay(Bar):
    """A progress bar with rate and time left."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None) -> None:
        super().__init__(
            Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(binary_units=True),
                TransferSpeedColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=Console(file=stream),
            )
        )
        self._task = self.progress.add_task(name, total=total)

    def advance(self, count: int) -> None:
        """Move the bar."""
        self.progress.update(self._task, advance=count)


class PlainByteDisplay(Plain):
    """Lines of text with rate and time left."""

    def advance(self, count: int) -> None:
        """Count, and say how far it is where the last word was some time ago."""
        if not self.count(count):
            return
        rate = self.done / max(time.monotonic() - self.began, 0.001)
        of, left = "", ""
        if self.total is not None:
            of = f" of {decimal(self.total)}"
            left = f", {max(0, self.total - self.done) / rate:.0f} s left"
        self.say(f"{self.name}: {decimal(self.done)}{of}, {decimal(int(rate))}/s{left}")


def byte_display(*, name: str, total: int | None, stream: TextIO | None = None) -> ByteDisplay:
    """Return the display that fits the stream, standard error unless another is given."""
    stream = stream or sys.stderr
    kind = BarByteDisplay if stream.isatty() else PlainByteDisplay
    return kind(stream, name=printable(name), total=total)
