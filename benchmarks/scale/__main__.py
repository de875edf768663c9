"""`python -m benchmarks.scale`: how long a re-encryption takes, what holds it up, and what it costs.

Exit codes: 0; 1 when docs/scale.md is not up to date; 2 when an argument or a file is wrong.
"""

import argparse
import sys

from benchmarks.marked_tables import DocumentError
from benchmarks.scale import document
from benchmarks.scale.arguments import parser
from benchmarks.scale.estimate import enough_children
from benchmarks.scale.figures import aligned, duration, percent
from benchmarks.scale.quotas import load
from benchmarks.scale.runs import HEAD, row
from benchmarks.scale.simulation import Simulation, segment_sizes
from benchmarks.scale.workload import STRATEGIES, Layout, Workload, layout_of
from client.costs import load_prices
from client.problems import UsageError

_MOST_SIMULATED = 10**7


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    top = parser()
    given = top.parse_args(arguments)
    if given.records is not None and (given.write or given.check):
        top.error("--write and --check are of the whole document: leave --records away")
    if given.simulate and (given.records is None or given.records > _MOST_SIMULATED):
        top.error(f"--simulate goes with --records, up to {_MOST_SIMULATED:,}")
    try:
        return _runs(given) if given.records is not None else _document(given)
    except (UsageError, DocumentError) as error:
        print(f"benchmarks.scale: {error}", file=sys.stderr)
        return 2


def _document(given: argparse.Namespace) -> int:
    page = document.FILE.read_text()
    if given.write or given.check:
        now = document.written(page)
        if given.write:
            document.FILE.write_text(now)
        elif now != page:
            print("docs/scale.md is not up to date: run `make scale`", file=sys.stderr)
            return 1
        return 0
    prices = load_prices(given.prices)
    for name, table in document.TABLES.items():
        print(f"{name}\n\n{table(prices)}")
    return 0


def _runs(given: argparse.Namespace) -> int:
    prices = load_prices(given.prices)
    quotas = load(given.quotas, share=given.quota_share)
    runs = []
    for strategy in [given.strategy] if given.strategy else STRATEGIES:
        workload = Workload(
            records=given.records,
            record_bytes=given.record_bytes,
            strategy=strategy,
            tenants=given.tenants,
            largest_share=given.largest_share,
            seconds_per_record=given.ms_per_record and given.ms_per_record / 1000,
        )
        children = given.children or enough_children(workload, quotas, order=given.order)
        layout = layout_of(workload, children=children, segments=given.segments, order=given.order)
        runs.append((workload, layout))
    head = (*HEAD[:-1], f"{HEAD[-1]}, {prices.currency}")
    print(aligned(head, [row(workload, layout, quotas, prices) for workload, layout in runs]))
    if given.simulate:
        for workload, layout in runs:
            _simulate(workload, layout, given)
    return 0


def _simulate(workload: Workload, layout: Layout, given: argparse.Namespace) -> None:
    quotas = load(given.quotas, share=given.quota_share)
    sizes = segment_sizes(workload, layout.segments, seed=given.seed)
    run = Simulation(workload, layout, quotas, sizes=sizes, seed=given.seed).run()
    print(
        f"simulated, {workload.strategy}: {duration(run.seconds)}, {run.steps:,} steps, children at work "
        f"{percent(run.utilisation)}, longest segment {percent(run.longest_share)} of the time"
    )


if __name__ == "__main__":
    sys.exit(main())
