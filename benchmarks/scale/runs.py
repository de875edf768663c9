"""One run's row: how it is laid out, how long it takes, what holds it up, and what it costs."""

from decimal import Decimal

from benchmarks.scale.estimate import Estimate, estimate
from benchmarks.scale.figures import duration, money, power, size
from benchmarks.scale.quotas import Quotas
from benchmarks.scale.workload import Layout, Workload
from client.costs import Cost, Prices, cost_of

HEAD = ("records", "table", "strategy", "children", "segments", "steps", "time", "held up by", "cost")


def cost(workload: Workload, run: Estimate, prices: Prices) -> Cost:
    """What a run uses and costs."""
    return cost_of(
        seen=workload.records,
        rewritten=workload.records,
        bytes_seen=workload.bytes,
        bytes_rewritten=workload.bytes,
        strategy=workload.strategy,
        steps=run.steps,
        segments=run.layout.segments,
        prices=prices,
        kms_calls=run.kms_calls,
        # Who waits for a quota is billed too.
        function_seconds=Decimal(round(run.busy_seconds)),
    )


def row(workload: Workload, layout: Layout, quotas: Quotas, prices: Prices) -> tuple[str, ...]:
    """One run, as `HEAD` names the columns."""
    run = estimate(workload, layout, quotas)
    return (
        power(workload.records),
        size(workload.bytes),
        workload.strategy,
        f"{layout.children:,}",
        f"{layout.segments:,}",
        f"{run.steps:,}",
        duration(run.seconds),
        run.bottleneck,
        money(cost(workload, run, prices).total),
    )
