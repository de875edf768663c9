"""What is measured in other ways than by turns: a table of its own, and targets of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.outcomes import Outcome

Cell = str | float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a part of the benchmarks has come to.

    Parameters
    ----------
    id
        The marker of its table in the document.
    head
        The names of the columns, with units.
    rows
        As many cells as there are columns; numbers are shown with three digits that count.
    outcomes
        Its targets' figures.
    """

    id: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the benchmarks that makes a sheet.

    Parameters
    ----------
    id
        The sheet's.
    title
        What is measured, in words, for the progress display.
    steps
        How often it says that it has come further, by whether the run is a quick one.
    measure
        Measures: takes whether the run is a quick one, and what to call after each step.
    """

    id: str
    title: str
    steps: Callable[[bool], int]
    measure: Callable[[bool, Callable[[], None]], Sheet]


def sheet_of(fields: Mapping[str, Any]) -> Sheet:
    """Return a sheet from what JSON kept of it."""
    return Sheet(
        id=fields["id"],
        head=tuple(fields["head"]),
        rows=tuple(map(tuple, fields["rows"])),
        outcomes=tuple(Outcome(**each) for each in fields["outcomes"]),
    )
