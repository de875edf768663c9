"""Runs of the load as tests want them."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.load.arguments import Options
from benchmarks.load.driver import Sample
from benchmarks.load.preconditions import Refusals
from benchmarks.load.processes import Snapshot, Usage
from benchmarks.load.results import Run
from benchmarks.load.steps import Limits, Step, step_of
from benchmarks.load.verification import Verification

LIMITS = Limits(share=0.95, seconds=1.0)
MIB = 1024**2


def samples_like(count: int, *, latency: float = 0.1, ended: float = 1.0, **more: object) -> list[Sample]:
    return [Sample("read", latency, 0.0, ended, **more) for _ in range(count)]  # type: ignore[arg-type]


def step_of_ten_seconds(samples: Sequence[Sample], *, rate: float = 10.0) -> Step:
    return step_of(samples, rate=rate, seconds=10.0, limits=LIMITS)


def memory_of(emulator: int = 300, **functions: int) -> Snapshot:
    used = {name: Usage(mib * MIB, 0.0) for name, mib in functions.items()}
    return Snapshot(0.0, used, Usage(emulator * MIB, 0.0))


def run_of(
    steps: Sequence[Step] | None = None,
    snapshots: Sequence[Snapshot] | None = None,
    **changes: object,
) -> Run:
    found = Verification(
        acknowledged=50,
        verified=50,
        read=22,
        present=20,
        absent=3,
        doubtful=1,
        refused=5,
        tried=5,
        outdated=(Refusals("replacements of a superseded revision", refused=8, tried=8),),
        findings=(),
    )
    seen = snapshots or [memory_of(writer=60), memory_of(writer=61), memory_of(writer=62)]
    return Run(
        command="make load",
        date="2026-01-31 12:00 UTC",
        options=Options(limits=LIMITS),
        machine={"cores": "2"},
        steps=tuple(
            steps
            or [
                step_of_ten_seconds(samples_like(100), rate=5),
                step_of_ten_seconds(samples_like(100), rate=7),
            ]
        ),
        snapshots=tuple(replace(each, at=10.0 * number) for number, each in enumerate(seen)),
        verification=replace(found, **changes),  # type: ignore[arg-type]
    )
