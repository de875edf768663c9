"""Memory and processor time of processes, as Linux counts them."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has in memory, and what processor time it has taken since it began."""

    resident_bytes: int
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The functions' processes, by function and process id, and the embedded AWS's own process, at one time.

    `at` is that time, in seconds of a clock of its own.
    """

    at: float
    functions: Mapping[str, Usage]
    emulator: Usage

    @property
    def functions_bytes(self) -> int:
        """All that the functions' processes have in memory."""
        return sum(each.resident_bytes for each in self.functions.values())

    @property
    def functions_seconds(self) -> float:
        """The processor time of all functions' processes."""
        return sum(each.processor_seconds for each in self.functions.values())


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of the functions' processes between two times.

    Attributes
    ----------
    compared
        How many were there both times.
    most_bytes, process
        By how much the one grew that grew most, and which one it is.
    ended
        Which are no more, also of those that were seen at other times only.
    began
        How many came.
    """

    compared: int
    most_bytes: int
    process: str
    ended: tuple[str, ...]
    began: int


def can_be_read() -> bool:
    """Tell whether this system tells it."""
    return (_PROC / "self" / "statm").exists()


def usage(pid: int) -> Usage | None:
    """Return what a process uses; None if it is no more."""
    with suppress(FileNotFoundError, ProcessLookupError):
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
        # The name before the parenthesis may hold anything; user and system time are the 14th and 15th field.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Usage(pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))
    return None


def snapshot(functions: Mapping[str, Iterable[int]], *, emulator: int) -> Snapshot:
    """Look at all of them once."""
    found = {f"{name} {pid}": usage(pid) for name, pids in functions.items() for pid in pids}
    own = usage(emulator)
    if own is None:
        raise ProcessLookupError(emulator)
    return Snapshot(
        time.perf_counter(), {name: each for name, each in found.items() if each is not None}, own
    )


def growth(before: Snapshot, after: Snapshot, *, others: Iterable[Snapshot] = ()) -> Growth:
    """Compare the functions' processes, each with itself; what others saw and `after` does not has ended."""
    grown = {
        name: after.functions[name].resident_bytes - each.resident_bytes
        for name, each in before.functions.items()
        if name in after.functions
    }
    process = max(grown, key=lambda name: grown[name], default="")
    seen = {name for snapshot in (before, *others) for name in snapshot.functions}
    return Growth(
        compared=len(grown),
        most_bytes=grown.get(process, 0),
        process=process,
        ended=tuple(sorted(seen - set(after.functions))),
        began=len(after.functions) - len(grown),
    )
