"""What a step of the load came to, and when it counts as saturated."""

import pytest

from benchmarks.load.driver import Sample
from benchmarks.load.steps import below_saturation, held_rate, percentile, saturated
from tests.unit.load_runs import LIMITS, samples_like, step_of_ten_seconds


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        # Ten values, nearest rank: the 5th, the 9th, and for 99 % the 10th.
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 50, 5),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 99, 10),
        ([1, 2, 3], 50, 2),
        ([1, 2, 3, 4], 50, 2),
        ([*range(1, 201)], 99, 198),
        ([7], 50, 7),
        ([7], 100, 7),
        ([], 99, 0),
    ],
)
def test_percentiles_are_those_of_the_nearest_rank(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(values, percent) == expected


def test_a_step_is_summed_up() -> None:
    errors = [
        Sample("replace", 2.0, 0.5, 2.5, error="replace: 503 throttled"),
        Sample("create", 0.3, 0.0, 11.5, error="create: 409 record-exists", wrong=True),
        Sample("delete", 4.0, 4.0, 11.0, sent=False),
    ]
    step = step_of_ten_seconds([*samples_like(97), *errors])
    assert (step.offered, step.sent) == (10.0, 99)
    # One was answered too late for the step, and one was not sent.
    assert step.achieved == 9.8
    assert step.latencies.p50 == step.latencies.p90 == 0.1
    assert (step.latencies.p99, step.latencies.most) == (2.0, 4.0)
    assert step.waited == 0.5
    assert step.kinds == {"read": 97, "replace": 1, "create": 1}
    assert step.errors == {"replace: 503 throttled": 1, "create: 409 record-exists": 1}
    assert step.wrong == {"create: 409 record-exists": 1}


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (samples_like(100), False),
        ([*samples_like(95), *samples_like(5, ended=11.1)], False),
        ([*samples_like(94), *samples_like(6, ended=11.1)], True),
        ([*samples_like(94), *samples_like(6, sent=False)], True),
        # The 99th of a hundred decides: one may be late, two may not.
        ([*samples_like(99), *samples_like(1, latency=1.1)], False),
        ([*samples_like(98), *samples_like(2, latency=1.1)], True),
        # Who is refused is answered: errors do not pass for saturation.
        (samples_like(100, error="read: 500"), False),
    ],
)
def test_a_step_is_saturated_when_too_few_are_answered_or_too_late(
    samples: list[Sample], *, expected: bool
) -> None:
    assert saturated(step_of_ten_seconds(samples), LIMITS) is expected


def test_the_highest_rate_that_held_decides_what_is_below_saturation() -> None:
    held, late = samples_like(100), samples_like(100, latency=2.0)
    steps = [
        step_of_ten_seconds(held, rate=5),
        step_of_ten_seconds(late, rate=7),
        step_of_ten_seconds(held, rate=7),
        step_of_ten_seconds(late, rate=9),
    ]
    assert held_rate(steps, LIMITS) == 7
    # The step that hiccuped and was repeated belongs to them: its errors count.
    assert below_saturation(steps, LIMITS) == steps[:3]
    assert held_rate([step_of_ten_seconds(late)], LIMITS) is None
    assert below_saturation([step_of_ten_seconds(late)], LIMITS) == []
