"""The tables of docs/scale.md that are simulated."""

from collections.abc import Callable, Iterator

from benchmarks.scale.estimate import estimate
from benchmarks.scale.figures import duration, markdown, percent, power
from benchmarks.scale.quotas import load
from benchmarks.scale.simulation import Faults, Outcome, Simulation, segment_sizes
from benchmarks.scale.workload import Layout, Workload, layout_of, planned_segments
from client.costs import Prices

SEED = 1
_CHILDREN = 10
_RECORDS = 1_000_000


def simulated(
    workload: Workload, layout: Layout, kind: str, *, faults: Faults | None = None, seed: int = SEED
) -> Outcome:
    """Let a run happen."""
    sizes = segment_sizes(workload, layout.segments, seed=seed)
    return Simulation(workload, layout, load(kind), sizes=sizes, faults=faults, seed=seed).run()


def segments(_: Prices) -> str:
    """Too few segments, the planner's number, and too many."""
    workload = Workload(records=_RECORDS)
    planned = planned_segments(workload.bytes, _CHILDREN)

    def rows() -> Iterator[tuple[str, ...]]:
        for number in sorted({1, 3, _CHILDREN, 30, planned, 300, 1_000, 10_000}):
            layout = layout_of(workload, children=_CHILDREN, segments=number)
            run = simulated(workload, layout, "raised")
            name = f"{number:,}" if number != planned else f"**{number:,}**, the rule's"
            yield (
                name,
                duration(run.seconds),
                percent(run.utilisation),
                percent(run.longest_share),
                f"{run.steps:,}",
            )

    return markdown(("segments", "time", "children at work", "longest segment, of the time", "steps"), rows())


def agreement(_: Prices) -> str:
    """Estimate and simulation, side by side."""

    def rows() -> Iterator[tuple[str, ...]]:
        for records in (10**3, 10**4, 10**5, 10**6):
            for kind in ("default", "raised"):
                for children in (10, 100):
                    workload = Workload(records=records)
                    layout = layout_of(workload, children=children)
                    said = estimate(workload, layout, load(kind)).seconds
                    run = simulated(workload, layout, kind)
                    waited = max(run.waited, key=lambda name, run=run: run.waited[name])  # type: ignore[misc]
                    yield (
                        power(records),
                        kind,
                        f"{children}",
                        duration(said),
                        duration(run.seconds),
                        f"{run.seconds / said:.2f}",
                        percent(run.utilisation),
                        waited if run.waited[waited] > 1 else "nothing",
                    )

    head = (
        "records",
        "quotas",
        "children",
        "estimated",
        "simulated",
        "ratio",
        "children at work",
        "waited for most",
    )
    return markdown(head, rows())


def failures(_: Prices) -> str:
    """What failures cost, and what they cannot do."""
    workload = Workload(records=100_000)
    layout = layout_of(workload, children=_CHILDREN, segments=50)
    cases = {
        "none": Faults(),
        "1 % of the writes": Faults(call_fails=0.01),
        "10 % of the writes": Faults(call_fails=0.1),
        "a call in 100 pages dies": Faults(child_dies=0.01),
        "a call in 5 pages dies": Faults(child_dies=0.2),
        "10 % of the writes, and a call in 5 pages": Faults(call_fails=0.1, child_dies=0.2),
        "the same, were writes not conditional": Faults(call_fails=0.1, child_dies=0.2, conditional=False),
    }

    def rows() -> Iterator[tuple[str, ...]]:
        for name, faults in cases.items():
            run = simulated(workload, layout, "raised", faults=faults)
            twice = sum(version > 1 for versions in run.versions for version in versions)
            yield (
                name,
                duration(run.seconds),
                percent(run.wasted),
                f"{run.deaths:,}",
                f"{run.conflicts:,}",
                f"{run.executions}",
                f"{twice:,}",
            )

    head = ("fails", "time", "looked at again", "deaths", "kept out", "executions", "written twice")
    return markdown(head, rows())


TABLES: dict[str, Callable[[Prices], str]] = {
    "segments": segments,
    "agreement": agreement,
    "failures": failures,
}
