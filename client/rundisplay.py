"""What following a re-encryption shows: how many records were looked at, what became of them, time left."""

import sys
import time
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from client.display import Bar, Plain, Shown
from client.runresults import Tally

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class RunDisplay(Shown, Protocol):
    """Shows how far a run is."""

    def expect(self, *, items: int | None, segments: int | None) -> None:
        """So many records and segments there are, as far as that is known."""

    def update(self, tally: Tally) -> None:
        """So much is done."""

    def say(self, text: str) -> None:
        """Print a line beside the progress."""


class Pace:
    """How fast a run goes: from what was done since it is watched, not from what was found done."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self.rate = 0.0

    def measure(self, seen: int) -> None:
        """So many records have been looked at by now."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, seen
        began, before = self._first
        if now > began:
            self.rate = (seen - before) / (now - began)

    def left(self, seen: int, *, of: int | None) -> str:
        """Return how long it takes on, or nothing where that is not known."""
        if of is None or not self.rate or seen >= of:
            return ""
        return f"{duration((of - seen) / self.rate)} left"


def duration(seconds: float) -> str:
    """Write how long something takes: the two largest units that it has."""
    whole = int(seconds + 0.5)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def told_counts(tally: Tally) -> str:
    """Say what became of the records that were looked at."""
    counts = tally.counts
    parts = [f"{counts['rewritten']} {'to rewrite' if tally.dry_run else 'rewritten'}"]
    parts.append(f"{counts['right']} already right")
    parts += [f"{counts[name]} {name}" for name in ("filtered", "refused", "conflicts") if counts[name]]
    return ", ".join(parts)


class BarRunDisplay(Bar):
    """A progress bar."""

    def __init__(self, stream: TextIO, *, name: str) -> None:
        super().__init__(
            Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[seen]}", markup=False),
                TextColumn("{task.fields[told]}", markup=False),
                TextColumn("{task.fields[left]}", markup=False),
                console=Console(file=stream),
            )
        )
        self._items: int | None = None
        self._pace = Pace()
        self._task = self.progress.add_task(name, total=None, seen="waiting for the plan", told="", left="")

    def expect(self, *, items: int | None, segments: int | None) -> None:  # noqa: ARG002
        """Scale the bar."""
        self._items = items
        self.progress.update(self._task, total=items, seen=f"0/{'?' if items is None else items}")

    def update(self, tally: Tally) -> None:
        """Move the bar."""
        seen = tally.counts["seen"]
        self._pace.measure(seen)
        # The table's count is hours old: what was written since is seen beyond it.
        total = None if self._items is None else max(seen, self._items)
        self.progress.update(
            self._task,
            total=total,
            completed=seen,
            seen=f"{seen}/{'?' if total is None else total}",
            told=f"{told_counts(tally)}, {self._pace.rate:.0f}/s",
            left=self._pace.left(seen, of=self._items),
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class PlainRunDisplay(Plain):
    """Lines of text."""

    def __init__(self, stream: TextIO, *, name: str) -> None:
        super().__init__(stream, name=name, total=None)
        self._segments: int | None = None
        self._pace = Pace()

    def expect(self, *, items: int | None, segments: int | None) -> None:
        """Say how much there is."""
        self.total, self._segments = items, segments

    def update(self, tally: Tally) -> None:
        """Say how far it is where the last word was some time ago."""
        seen = tally.counts["seen"]
        self._pace.measure(seen)
        if not self.count(0):
            return
        of = "" if self.total is None else f" of some {self.total}"
        segments = "" if self._segments is None else f", {len(tally.segments_done)}/{self._segments} segments"
        left = self._pace.left(seen, of=self.total)
        self.say(
            f"{self.name}: {seen}{of} looked at, {told_counts(tally)}{segments}, {self._pace.rate:.0f}/s"
            + (f", {left}" if left else "")
        )


class QuietRunDisplay(PlainRunDisplay):
    """Nothing but what must be said."""

    def update(self, tally: Tally) -> None:
        """Show nothing."""


def run_display(*, name: str, quiet: bool, stream: TextIO | None = None) -> RunDisplay:
    """Return the display that fits the stream, standard error unless another is given."""
    stream = stream or sys.stderr
    if quiet:
        return QuietRunDisplay(stream, name=name)
    return (BarRunDisplay if stream.isatty() else PlainRunDisplay)(stream, name=name)
