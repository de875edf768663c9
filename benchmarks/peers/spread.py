"""What is told of many measurements: the median, and between what most of them lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.peers.outcomes import figure


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds.

    Parameters
    ----------
    median
        Half of the measurements are shorter.
    low, high
        The 10th and the 90th percentile.
    """

    median: float
    low: float
    high: float

    def told(self, *, times: float = 1) -> str:
        """Return the median, and between what four of five measurements lie, each so many times itself."""
        median, low, high = (figure(one * times) for one in (self.median, self.low, self.high))
        return f"{median} ({low} to {high})"


def spread_of(measurements: Sequence[float]) -> Spread:
    """Return median and percentiles; raises ValueError without measurements."""
    if not measurements:
        raise ValueError("nothing was measured")
    in_order = sorted(measurements)
    return Spread(median(in_order), low=percentile(in_order, 0.1), high=percentile(in_order, 0.9))


def percentile(in_order: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie, interpolated between neighbours."""
    place = share * (len(in_order) - 1)
    below = int(place)
    above = min(below + 1, len(in_order) - 1)
    return in_order[below] + (in_order[above] - in_order[below]) * (place - below)
