"""How long a run takes, in closed form.

A run ends when the slowest of these is through: the children's work shared out, each quota's worth of calls,
and the longest segment, which no other child can help with. Whatever the order of segments, children that
take the next one when they are free need at most twice the larger of the first and the last (Graham's bound
for list scheduling): so far the estimate can be off for its simplicity.
"""

from dataclasses import dataclass

from benchmarks.scale.quotas import Quotas
from benchmarks.scale.workload import (
    EVENTS_PER_STEP,
    HAND_OVER_SECONDS,
    MOST_CHILDREN,
    ORDERS,
    SEGMENT_SECONDS,
    START_SECONDS,
    STATES_PER_STEP,
    STEP_SECONDS,
    USUAL_CHILDREN,
    Layout,
    Workload,
    layout_of,
    partitions_of,
)

#: What may be the slowest, as the tables name it.
CHILDREN, KMS, WRITES, READS = "children", "KMS", "table writes", "table reads"
PARTITIONS, TENANT, START, MACHINE = "partitions", "largest tenant", "start", "state machine"
_ROUND = (10, 20, 50, 100, 200, 500, 800, 1_000)
_CLOSE_ENOUGH = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How a run goes.

    Parameters
    ----------
    layout
        Children and segments.
    steps
        Calls of the function.
    seconds
        To the end.
    times
        Seconds that each part would need if nothing else held it up.
    busy_seconds
        Of all children, waiting for a quota included: that is what Lambda bills.
    longest_events
        In the history of the child with the longest segment.
    kms_calls
        In all.
    """

    layout: Layout
    steps: int
    seconds: float
    times: dict[str, float]
    busy_seconds: float
    longest_events: int
    kms_calls: int

    @property
    def bottleneck(self) -> str:
        """What is the slowest."""
        return max(self.times, key=lambda name: self.times[name])


def partition_writes(workload: Workload, layout: Layout, quotas: Quotas) -> float:
    """Write units a second of the partitions that are worked on at the same time."""
    partitions = partitions_of(
        workload.bytes,
        partition_bytes=quotas["partition-bytes"],
        warm_writes=quotas["warm-write-units"],
        writes=quotas.values["partition-write-units"],
    )
    # A child is in one partition at a time.
    at_work = float(min(partitions, layout.children))
    if layout.order == "ascending":
        # Segments are ranges of hashes, and so are partitions: neighbours lie in the same one.
        at_work = min(at_work, max(1.0, partitions * layout.children / layout.segments))
    return at_work * quotas["partition-write-units"]


def estimate(workload: Workload, layout: Layout, quotas: Quotas) -> Estimate:
    """Estimate a run."""
    children = min(layout.children, layout.segments, int(quotas["lambda-concurrency"]))
    records, each = workload.records, workload.seconds_each
    units = records * workload.write_units_each
    times = {
        CHILDREN: (records * each + layout.segments * SEGMENT_SECONDS) / children,
        WRITES: units / quotas["table-write-units"],
        PARTITIONS: units / partition_writes(workload, layout, quotas),
        READS: records * workload.read_units_each / quotas["table-read-units"],
    }
    kms_calls = records * workload.kms_calls_each
    times[KMS] = kms_calls / quotas["kms-requests"]
    held_up = max(times.values())
    mean = held_up * children / layout.segments
    steps = layout.segments * _steps(mean)
    # The largest tenant's segment has its share of all others besides.
    longest = min(1.0, workload.largest_share + 1 / layout.segments) * records
    alone = max(each, workload.write_units_each / quotas["partition-write-units"])
    longest_seconds = longest * alone + SEGMENT_SECONDS
    longest_steps = round(_steps(longest_seconds))
    times[CHILDREN] += (steps - layout.segments) * STEP_SECONDS / children
    times[TENANT] = longest_seconds + (longest_steps - 1) * STEP_SECONDS
    times[MACHINE] = max(
        0.0,
        (steps * STATES_PER_STEP - quotas.burst("state-transitions")) / quotas["state-transitions"],
        (layout.segments - quotas.burst("execution-starts")) / quotas["execution-starts"],
    )
    times[START] = START_SECONDS
    slowest = max(times.values())
    shared = max(seconds for name, seconds in times.items() if name not in {TENANT, START})
    return Estimate(
        layout=layout,
        steps=round(steps),
        seconds=START_SECONDS + (slowest if slowest > START_SECONDS else shared),
        times=times,
        busy_seconds=max(held_up * children, records * each),
        longest_events=longest_steps * EVENTS_PER_STEP + 4,
        kms_calls=kms_calls
        if workload.kms_calls_each
        else 2 * max(round(steps), min(workload.tenants, records)),
    )


def _steps(seconds: float) -> float:
    """Calls for so much work: the last one is half as long as the others, on average."""
    return 1.0 if seconds <= HAND_OVER_SECONDS else seconds / HAND_OVER_SECONDS + 0.5


def enough_children(workload: Workload, quotas: Quotas, *, order: str = ORDERS[0]) -> int:
    """The fewest children, in round numbers, that are hardly slower than any other number of them."""
    most = min(MOST_CHILDREN, int(quotas["lambda-concurrency"]))
    choices = [number for number in _ROUND if number <= most] or [USUAL_CHILDREN]
    took = {
        children: estimate(workload, layout_of(workload, children=children, order=order), quotas).seconds
        for children in choices
    }
    best = min(took.values())
    return next(children for children in choices if took[children] <= best * _CLOSE_ENOUGH)
