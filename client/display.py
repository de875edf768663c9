"""What a long command shows while it runs: a bar on a terminal, a plain line now and then elsewhere.

All of it goes to standard error, so that standard output holds JSON only.
"""

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PLAIN_SECONDS = 10.0


class Display(Protocol):
    """Shows how far an import or a move is."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen in order."""

    def advance(self, *, failed: int) -> None:
        """One more is dealt with; `failed` have failed so far."""

    def say(self, text: str) -> None:
        """Print a line beside the progress."""


class BarDisplay:
    """A progress bar."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None, unit: str) -> None:  # noqa: ARG002
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TextColumn("{task.fields[failed]}", style="red", markup=False),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(file=stream),
        )
        self._task = self._progress.add_task(name, total=total, failed="", rate="")
        self._began = time.monotonic()
        self._done = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, *, failed: int) -> None:
        """Move the bar by one."""
        self._done += 1
        rate = self._done / max(time.monotonic() - self._began, 0.001)
        note = f"{failed} failed" if failed else ""
        self._progress.update(self._task, advance=1, failed=note, rate=f"{rate:.0f}/s")

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class PlainDisplay:
    """A line of text every ten seconds."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None, unit: str) -> None:
        self._unit = unit
        self._stream = stream
        self._name = name
        self._total = total
        self._done = 0
        self._next = time.monotonic() + _PLAIN_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def advance(self, *, failed: int) -> None:
        """Count one, and say how far it is where the last word was some time ago."""
        self._done += 1
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_SECONDS
            of = "" if self._total is None else f" of {self._total}"
            self.say(f"{self._name}: {self._done}{of} {self._unit}, {failed} failed")

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)


def display_on(stream: TextIO | None = None, *, name: str, total: int | None, unit: str = "lines") -> Display:
    """Return the display that fits the stream, standard error unless another is given."""
    stream = stream or sys.stderr
    kind = BarDisplay if stream.isatty() else PlainDisplay
    return kind(stream, name=name, total=total, unit=unit)
