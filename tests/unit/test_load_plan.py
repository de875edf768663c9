"""What a load sends is planned: the same for the same seed, at the rate, in the mix, open loop."""

import itertools
import time
from collections import Counter
from dataclasses import replace
from threading import Event, Lock

import pytest

from benchmarks.load.arguments import Options
from benchmarks.load.driver import drive
from benchmarks.load.load import drive_step
from benchmarks.load.operations import Operations, Outcome
from benchmarks.load.plan import MIX, READ, Arrival, arrivals, rates
from benchmarks.load.records import Records
from benchmarks.load.steps import Limits


def _at(*times: float) -> list[Arrival]:
    return [Arrival(at, READ, tenant=0, size=1, pick=0.0) for at in times]


def test_rates_rise_by_a_factor() -> None:
    assert rates(first=5, factor=1.4, steps=3) == pytest.approx([5, 7, 9.8])


def test_a_plan_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    planned = arrivals(50, seconds=10, tenants=7, seed="1")
    assert planned == arrivals(50, seconds=10, tenants=7, seed="1")
    assert planned != arrivals(50, seconds=10, tenants=7, seed="2")


def test_a_plan_has_the_rate_the_mix_and_all_tenants() -> None:
    planned = arrivals(100, seconds=100, tenants=7, seed="1")
    assert len(planned) == pytest.approx(10_000, rel=0.05)
    assert [each.at for each in planned] == sorted(each.at for each in planned)
    assert all(0 <= each.at < 100 for each in planned)
    kinds = Counter(each.kind for each in planned)
    assert {kind: count / len(planned) for kind, count in kinds.items()} == pytest.approx(
        {kind: percent / 100 for kind, percent in MIX.items()}, abs=0.02
    )
    assert {each.tenant for each in planned} == set(range(7))
    assert min(each.size for each in planned) < 100 < 10_000 < max(each.size for each in planned)


def test_arrivals_come_by_chance_and_not_in_step() -> None:
    times = [each.at for each in arrivals(100, seconds=100, tenants=1, seed="1")]
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(times))
    # Of a Poisson process half of the gaps are shorter than ln 2 of the mean.
    assert gaps[len(gaps) // 2] == pytest.approx(0.0069, rel=0.1)


def test_requests_are_sent_when_planned_although_none_is_answered() -> None:
    sent, all_sent = [], Event()

    def hang(arrival: Arrival) -> Outcome:
        sent.append(arrival.at)
        if len(sent) == 5:
            all_sent.set()
        # A closed loop would not send the second before the first is answered.
        assert all_sent.wait(5)
        return Outcome(READ)

    samples = drive(_at(0.0, 0.01, 0.02, 0.03, 0.04), hang, seconds=1, outstanding=5)
    assert all_sent.is_set()
    assert sorted(sent) == [0.0, 0.01, 0.02, 0.03, 0.04]
    assert all(sample.sent for sample in samples)


def test_latency_counts_from_the_planned_time() -> None:
    def slow(_: Arrival) -> Outcome:
        time.sleep(0.1)
        return Outcome(READ)

    samples = drive(_at(0.0, 0.0, 0.0), slow, seconds=5, outstanding=1)
    # One after the other: the third waits for two.
    assert sorted(sample.latency for sample in samples) == pytest.approx([0.1, 0.2, 0.3], abs=0.08)
    assert max(sample.waited for sample in samples) == pytest.approx(0.2, abs=0.08)


def test_no_more_than_the_limit_are_under_way_and_what_cannot_be_sent_is_counted() -> None:
    lock, under_way, most = Lock(), 0, 0

    def slow(_: Arrival) -> Outcome:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.4)
        with lock:
            under_way -= 1
        return Outcome(READ)

    samples = drive(_at(*[0.0] * 10), slow, seconds=0.2, outstanding=2)
    assert most == 2
    assert [sample.sent for sample in samples].count(False) == 8
    assert [sample.latency for sample in samples if not sample.sent] == [0.2] * 8


def test_a_step_sends_what_is_late_as_long_after_its_end_as_an_answer_still_counts() -> None:
    class Slow(Operations):
        def carry_out(self, arrival: Arrival) -> Outcome:
            time.sleep(0.2)
            return Outcome(arrival.kind)

    slow = Slow(("one",), {}, Records(("one",)))
    late = Options(tenants=1, step_seconds=0.5, outstanding=1, limits=Limits(seconds=2.0))
    strict = replace(late, limits=Limits(seconds=0.0))
    # One after the other, of which three fit into the step itself.
    assert drive_step(slow, 40.0, strict, seed="1").sent <= 3
    assert drive_step(slow, 40.0, late, seed="1").sent > 3


def test_an_exception_of_the_load_itself_is_not_swallowed() -> None:
    def broken(_: Arrival) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(_at(0.0), broken, seconds=1, outstanding=1)
