"""When a CloudWatch alarm is in ALARM: its metrics' statistics, period by period, against its threshold.

As in CloudWatch's chapters "Evaluating an alarm" and "How missing data is treated", with one simplification:
an alarm is looked at when it is asked for, and a period that has only begun counts as it stands. What an
alarm cannot be evaluated by here (expressions, percentiles, anomaly detection) is an error.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Dimensions = frozenset[tuple[str, str]]

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_MISSING: Mapping[str, bool | None] = {
    "breaching": True,
    "notBreaching": False,
    "missing": None,
    "ignore": None,
}
_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


class AlarmError(ValueError):
    """The alarm cannot be evaluated here; the message says why."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What an alarm watches. CloudWatch takes other dimensions for another metric."""

    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    comparison: str
    threshold: float
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: str

    def __post_init__(self) -> None:
        for known, given in (
            (_STATISTICS, self.statistic),
            (_COMPARISONS, self.comparison),
            (_MISSING, self.missing),
        ):
            if given not in known:
                message = f"An alarm with {given} cannot be evaluated here, only with one of {sorted(known)}."
                raise AlarmError(message)


class Point(Protocol):
    """A value that was put for a metric."""

    timestamp: datetime
    value: float


def evaluate(
    watched: Watched, *, points: Iterable[Point], at: datetime | None, before: State
) -> tuple[State, str]:
    """Return the state an alarm is in, and why.

    Parameters
    ----------
    points
        What was put for the metric.
    at
        The time to look at, or None for that of the newest point. Without a zone it is UTC, as in moto.
    before
        The state until now: an alarm that ignores missing data stays in it.
    """
    statistic, compare = _STATISTICS[watched.statistic], _COMPARISONS[watched.comparison]
    found = _by_period(points, watched.period)
    if at is None and not found:
        return before, "no data yet"
    last = max(found) if at is None else _period_of(at, watched.period)
    periods = range(last - watched.evaluation_periods + 1, last + 1)
    values = [statistic(found[period]) if period in found else None for period in periods]
    missing = _MISSING[watched.missing]
    breaching = [missing if value is None else compare(value, watched.threshold) for value in values]
    return _state(watched, values, breaching, before)


def _state(
    watched: Watched, values: list[float | None], breaching: list[bool | None], before: State
) -> tuple[State, str]:
    count = breaching.count(True)
    shown = ", ".join("no data" if value is None else f"{value:g}" for value in values)
    bound = f"{watched.comparison} {watched.threshold:g}"
    if count >= watched.datapoints_to_alarm:
        return "ALARM", f"{count} of the last {len(values)} datapoints [{shown}] are {bound}"
    if any(each is not None for each in breaching):
        return "OK", f"{count} of the last {len(values)} datapoints [{shown}] are {bound}"
    if watched.missing == "ignore":
        return before, "no data, which is ignored"
    return "INSUFFICIENT_DATA", "no data"


def _by_period(points: Iterable[Point], period: int) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for point in points:
        found.setdefault(_period_of(point.timestamp, period), []).append(point.value)
    return found


def _period_of(time: datetime, period: int) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=period))
