"""What a long command shows while it runs: a bar on a terminal, a plain line now and then elsewhere.

What is counted here is lines, tenants and the like; bytes, in bytedisplay.py, are shown in the same way.

All of it goes to standard error, so that standard output holds JSON only.
"""

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from client.problems import printable

_PLAIN_SECONDS = 10.0


class Shown(Protocol):
    """Something that is shown while a block runs."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen in order."""


class Display(Shown, Protocol):
    """Shows how far an import or a move is."""

    def advance(self, *, failed: int) -> None:
        """One more is dealt with; `failed` have failed so far."""

    def say(self, text: str) -> None:
        """Print a line beside the progress."""


class Bar:
    """A bar on a terminal.

    Parameters
    ----------
    progress
        With its columns.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()


class Plain:
    """A line of text every ten seconds.

    Parameters
    ----------
    stream
        Where it is printed.
    name, total
        What is counted, and how much there will be, where that is known.
    """

    def __init__(self, stream: TextIO, *, name: str, total: int | None) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.began = time.monotonic()
        self._stream = stream
        self._next = self.began + _PLAIN_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def count(self, number: int) -> bool:
        """Count so many more; tell whether the last word was some time ago."""
        self.done += number
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PLAIN_SECONDS
        return True

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)


class BarDisplay(Bar):
    """A progress bar."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None, unit: str) -> None:  # noqa: ARG002
        super().__init__(
            Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}", markup=False),
                TextColumn("{task.fields[failed]}", style="red", markup=False),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=Console(file=stream),
            )
        )
        self._task = self.progress.add_task(name, total=total, failed="", rate="")
        self._began = time.monotonic()
        self._done = 0

    def advance(self, *, failed: int) -> None:
        """Move the bar by one."""
        self._done += 1
        rate = self._done / max(time.monotonic() - self._began, 0.001)
        note = f"{failed} failed" if failed else ""
        self.progress.update(self._task, advance=1, failed=note, rate=f"{rate:.0f}/s")

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class PlainDisplay(Plain):
    """Lines of text."""

    def __init__(self, stream: TextIO, *, name: str, total: int | None, unit: str) -> None:
        super().__init__(stream, name=name, total=total)
        self._unit = unit

    def advance(self, *, failed: int) -> None:
        """Count one, and say how far it is where the last word was some time ago."""
        if self.count(1):
            of = "" if self.total is None else f" of {self.total}"
            self.say(f"{self.name}: {self.done}{of} {self._unit}, {failed} failed")


def display_on(stream: TextIO | None = None, *, name: str, total: int | None, unit: str = "lines") -> Display:
    """Return the display that fits the stream, standard error unless another is given."""
    stream = stream or sys.stderr
    kind = BarDisplay if stream.isatty() else PlainDisplay
    return kind(stream, name=printable(name), total=total, unit=unit)
