"""A run as it happens: each record is written once, whatever fails, and the estimate is not far from it."""

from itertools import pairwise, product

import pytest

from benchmarks.scale.estimate import estimate
from benchmarks.scale.quotas import load
from benchmarks.scale.simulation import Bucket, Faults, Outcome, Simulation, order_of, segment_sizes
from benchmarks.scale.workload import ORDERS, Workload, layout_of

FACTOR = 2.0
BAD = Faults(call_fails=0.1, child_dies=0.3)


def simulated(
    workload: Workload,
    *,
    children: int = 10,
    segments: int | None = None,
    order: str = ORDERS[0],
    kind: str = "raised",
    faults: Faults | None = None,
    seed: int = 1,
) -> Outcome:
    layout = layout_of(workload, children=children, segments=segments, order=order)
    sizes = segment_sizes(workload, layout.segments, seed=seed)
    return Simulation(workload, layout, load(kind), sizes=sizes, faults=faults, seed=seed).run()


@pytest.mark.parametrize("seed", range(60))
def test_each_record_is_written_exactly_once_whatever_fails(seed: int) -> None:
    workload = Workload(records=6_000, tenants=200, largest_share=0.2)
    run = simulated(workload, segments=20, faults=BAD, seed=seed)
    assert sum(map(len, run.versions)) == workload.records
    assert all(version == 1 for versions in run.versions for version in versions)
    assert run.rewritten == workload.records
    assert run.deaths > 0


def test_without_the_condition_records_are_written_twice() -> None:
    workload = Workload(records=6_000, tenants=200)
    faults = Faults(call_fails=0.1, child_dies=0.3, conditional=False)
    run = simulated(workload, segments=20, faults=faults)
    assert run.rewritten > workload.records


def test_a_call_that_is_given_up_and_lives_on_is_kept_out_by_the_condition_alone() -> None:
    workload = Workload(records=20_000, tenants=200)
    deaths = {"child_dies": 0.3}
    assert simulated(workload, faults=Faults(**deaths)).conflicts > 0
    assert simulated(workload, faults=Faults(**deaths, conditional=False)).rewritten > workload.records


def test_a_segment_whose_calls_die_over_and_over_is_gone_on_with() -> None:
    runs = [
        simulated(Workload(records=20_000), faults=Faults(child_dies=0.5), seed=seed) for seed in range(5)
    ]
    assert max(run.executions for run in runs) > 1
    assert all(run.rewritten == 20_000 for run in runs)


def test_failures_cost_time_and_looks_and_no_writes() -> None:
    workload = Workload(records=50_000)
    calm, bad = simulated(workload, segments=50), simulated(workload, segments=50, faults=BAD)
    assert calm.wasted == 0
    assert calm.deaths == 0
    assert bad.wasted > 0.1
    assert bad.seconds > calm.seconds
    assert bad.rewritten == calm.rewritten == workload.records


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    first, again, other = (simulated(Workload(records=20_000), faults=BAD, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.seconds != other.seconds


def _cases() -> list[tuple[int, str, str, int, float, str]]:
    return [
        *product(
            (10**3, 10**4, 10**5),
            ("record", "tenant"),
            ("default", "raised"),
            (10, 100, 800),
            (0.001, 0.05),
            ORDERS,
        ),
        (10**6, "record", "default", 10, 0.001, "ascending"),
        (10**6, "record", "default", 10, 0.001, "interleaved"),
        (10**6, "tenant", "raised", 100, 0.01, "interleaved"),
    ]


@pytest.mark.parametrize(("records", "strategy", "kind", "children", "largest", "order"), _cases())
def test_estimate_and_simulation_agree_within_the_factor_that_the_document_states(
    records: int, strategy: str, kind: str, children: int, largest: float, order: str
) -> None:
    workload = Workload(records=records, strategy=strategy, largest_share=largest)
    layout = layout_of(workload, children=children, order=order)
    said = estimate(workload, layout, load(kind)).seconds
    ran = simulated(workload, children=children, order=order, kind=kind).seconds
    assert 1 / FACTOR < ran / said < FACTOR


def test_one_segment_leaves_all_but_one_child_idle_and_too_many_are_slower_than_the_rule() -> None:
    workload = Workload(records=200_000)
    one, ten_each, many = (simulated(workload, segments=segments) for segments in (1, 100, 5_000))
    assert one.longest_share > 0.9
    assert ten_each.seconds < one.seconds / 5
    assert ten_each.utilisation > 2 * many.utilisation
    assert ten_each.seconds < many.seconds / 2


def test_a_long_segment_is_handed_over_after_thirteen_minutes() -> None:
    workload = Workload(records=400_000)
    run = simulated(workload, children=1, segments=1)
    # 1,640 seconds of work: two full calls, and the rest.
    assert run.steps == 3
    assert run.seconds == pytest.approx(1_640, rel=0.02)


@pytest.mark.parametrize("seed", range(10))
def test_sizes_of_segments_are_uneven_and_add_up(seed: int) -> None:
    sizes = segment_sizes(Workload(records=1_000_000, tenants=500), 50, seed=seed)
    assert sum(sizes) == 1_000_000
    assert min(sizes) >= 0
    assert max(sizes) > 1.5 * 1_000_000 / 50


def test_interleaved_segments_are_all_there_and_neighbours_lie_apart() -> None:
    order = order_of(1_000, "interleaved")
    assert sorted(order) == list(range(1_000))
    assert min(abs(this - following) for this, following in pairwise(order)) > 100


def test_a_bucket_grants_its_burst_at_once_and_the_rest_at_its_rate() -> None:
    bucket = Bucket(10, burst=50)
    assert bucket.take(0, 50) == 0
    assert bucket.take(0, 10) == pytest.approx(1)
    assert bucket.take(0, 10) == pytest.approx(2)
    # What is not taken is kept up to the burst, and no further.
    assert bucket.take(1_000, 60) == pytest.approx(1_001)
