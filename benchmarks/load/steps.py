"""What a step of the load came to, and when the system counts as saturated."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load.driver import Sample


@dataclass(frozen=True, slots=True)
class Limits:
    """When a step still holds: `share` of what was offered is answered, and the 99th percentile is in time.

    `seconds` is both: the longest that the 99th percentile may be, and how long after the step's end an
    answer still counts as one of its time.
    """

    share: float = 0.95
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Latencies:
    """Percentiles in seconds, from the planned time."""

    p50: float
    p90: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the load.

    Attributes
    ----------
    rate
        That was aimed at; what arrives by chance differs a little.
    offered, achieved
        Requests per second that were planned, and that were answered in the step's time.
    sent
        How many requests.
    latencies
        Of all that were planned, sent or not.
    waited
        99th percentile of the seconds that a request waited until it was sent.
    kinds
        How many of each kind were sent.
    errors, wrong
        What was not as it must be, and how often; `wrong`: of these, the answers that contradict what was
        acknowledged.
    """

    rate: float
    seconds: float
    offered: float
    achieved: float
    sent: int
    latencies: Latencies
    waited: float
    kinds: Mapping[str, int]
    errors: Mapping[str, int]
    wrong: Mapping[str, int]


def step_of(samples: Sequence[Sample], *, rate: float, seconds: float, limits: Limits) -> Step:
    """Sum a step up. An answer that says no is an answer: what was refused is counted as an error instead."""
    in_time = sum(sample.sent and sample.ended <= seconds + limits.seconds for sample in samples)
    took = sorted(sample.latency for sample in samples)
    return Step(
        rate=rate,
        seconds=seconds,
        offered=len(samples) / seconds,
        achieved=in_time / seconds,
        sent=sum(sample.sent for sample in samples),
        latencies=Latencies(*(percentile(took, share) for share in (50, 90, 99, 100))),
        waited=percentile(sorted(sample.waited for sample in samples), 99),
        kinds=dict(Counter(sample.kind for sample in samples if sample.sent)),
        errors=dict(Counter(sample.error for sample in samples if sample.error)),
        wrong=dict(Counter(sample.error for sample in samples if sample.wrong)),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed (nearest rank); 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def saturated(step: Step, limits: Limits) -> bool:
    """Tell whether the step did not hold: too few were answered in its time, or too late."""
    return step.achieved < limits.share * step.offered or step.latencies.p99 > limits.seconds


def held_rate(steps: Sequence[Step], limits: Limits) -> float | None:
    """Return the highest rate of a step that held; None if none did."""
    return max((step.rate for step in steps if not saturated(step, limits)), default=None)


def below_saturation(steps: Sequence[Step], limits: Limits) -> list[Step]:
    """Return the steps up to the highest rate that held, also those among them that did not."""
    highest = held_rate(steps, limits)
    return [] if highest is None else [step for step in steps if step.rate <= highest]
