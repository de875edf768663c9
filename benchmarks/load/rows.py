"""A run's steps, memory and verdicts as rows of text, for terminal and document alike."""

from collections.abc import Iterator

from benchmarks.load.processes import Snapshot
from benchmarks.load.results import Run
from benchmarks.load.steps import Step, saturated
from benchmarks.load.verdicts import verdicts

STEP_HEAD = (
    "rate/s",
    "offered/s",
    "achieved/s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "errors",
    "cores: functions",
    "cores: emulator",
    "MiB: functions",
    "MiB: emulator",
    "",
)
_MIB = 1024**2


def step_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Each step, as `STEP_HEAD` names the columns."""
    pairs = zip(run.snapshots, run.snapshots[1:], strict=False)
    for step, (before, after) in zip(run.steps, pairs, strict=True):
        yield _step_row(step, before, after, held=not saturated(step, run.options.limits))


def _step_row(step: Step, before: Snapshot, after: Snapshot, *, held: bool) -> tuple[str, ...]:
    took, latencies = after.at - before.at, step.latencies
    functions = after.functions_seconds - before.functions_seconds
    emulator = after.emulator.processor_seconds - before.emulator.processor_seconds
    return (
        f"{step.rate:.1f}",
        f"{step.offered:.1f}",
        f"{step.achieved:.1f}",
        *(
            f"{seconds * 1000:,.0f}"
            for seconds in (latencies.p50, latencies.p90, latencies.p99, latencies.most)
        ),
        f"{sum(step.errors.values()):,}",
        f"{max(functions, 0.0) / took:.2f}",
        f"{emulator / took:.2f}",
        f"{after.functions_bytes / _MIB:.0f}",
        f"{after.emulator.resident_bytes / _MIB:.0f}",
        "held" if held else "saturated",
    )


MEMORY_HEAD = (
    "process",
    "after warm-up, MiB",
    "after the first step",
    "after the last",
    "grown since the first step",
)


def memory_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Each of the functions' processes, and the embedded AWS's own."""
    warm, first, last = run.snapshots[0], run.snapshots[1], run.snapshots[-1]
    names = sorted({*warm.functions, *first.functions, *last.functions})
    for name in names:
        seen = [snapshot.functions.get(name) for snapshot in (warm, first, last)]
        yield _memory_row(name, [None if each is None else each.resident_bytes for each in seen])
    yield _memory_row(
        "the embedded AWS itself", [snapshot.emulator.resident_bytes for snapshot in (warm, first, last)]
    )


def _memory_row(name: str, seen: list[int | None]) -> tuple[str, ...]:
    first, last = seen[1], seen[2]
    grown = "-" if first is None or last is None else f"{(last - first) / _MIB:+.1f}"
    return name, *("-" if each is None else f"{each / _MIB:.1f}" for each in seen), grown


VERDICT_HEAD = ("must hold", "figures", "verdict")


def verdict_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Each verdict with its figures."""
    for verdict in verdicts(run):
        yield verdict.name, verdict.figures, verdict.word
