"""How long a run takes, in closed form: what holds it up, and what helps."""

import pytest

from benchmarks.scale.estimate import CHILDREN, KMS, PARTITIONS, TENANT, WRITES, enough_children, estimate
from benchmarks.scale.quotas import described, load
from benchmarks.scale.runs import cost
from benchmarks.scale.simulation import order_of
from benchmarks.scale.workload import (
    MOST_REFUSED_BYTES,
    ORDERS,
    PAGE_RECORDS,
    Workload,
    layout_of,
    planned_segments,
)
from client.costs import load_prices
from service import reencryption_segment, run_planning

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("size", "children", "segments"),
    [
        (0, 1, 1),
        (0, 10, 10),
        (40 * MIB, 10, 10),
        (40 * MIB + 1, 10, 11),
        (400 * MIB, 10, 100),
        (6_400 * MIB, 10, 100),
        (6_400 * MIB + 1, 10, 101),
        (640_000 * MIB, 10, 10_000),
        (640_000_000 * MIB, 1_000, 10_000),
    ],
)
def test_each_child_gets_ten_segments_of_4_to_64_mib_and_ten_thousand_are_the_most(
    size: int, children: int, segments: int
) -> None:
    assert planned_segments(size, children) == segments


@pytest.mark.parametrize("size", [0, 1, 64 * MIB, 64 * MIB + 1, 10**9, 10**12, 10**15])
@pytest.mark.parametrize("children", [1, 10, 1_000])
def test_the_rule_is_the_planners_and_the_bounds_are_the_functions(size: int, children: int) -> None:
    table = run_planning.TableSize(items=1, bytes=size)
    assert planned_segments(size, children) == run_planning._segments(table, children)
    assert PAGE_RECORDS == reencryption_segment.PAGE_SIZE
    assert MOST_REFUSED_BYTES == reencryption_segment.MOST_REFUSED_BYTES
    segments = planned_segments(size, children)
    assert order_of(segments, ORDERS[0]) == run_planning.in_order(segments)


def test_a_lone_child_needs_the_time_of_all_records() -> None:
    workload = Workload(records=10**6, seconds_per_record=0.01)
    run = estimate(workload, layout_of(workload, children=1, segments=1), load("raised"))
    # 10,000 seconds of work, 1 to start the child, 5 to start the run, and 13 times 0.3 between its calls.
    assert run.seconds == pytest.approx(10_010, abs=5)
    assert run.steps == pytest.approx(13, abs=0.5)


def test_kms_bounds_strategy_record_and_not_tenant() -> None:
    for strategy, bottleneck in (("record", KMS), ("tenant", WRITES)):
        workload = Workload(records=10**10, strategy=strategy)
        run = estimate(workload, layout_of(workload, children=800), load("default"))
        assert run.bottleneck == bottleneck
    workload = Workload(records=10**10)
    run = estimate(workload, layout_of(workload, children=800), load("default"))
    # Two calls for each record, at four fifths of 10,000 a second.
    assert run.seconds == pytest.approx(2 * 10**10 / 8_000, rel=0.001)


def test_raising_what_holds_a_run_up_makes_it_faster_and_raising_anything_else_does_not() -> None:
    workload = Workload(records=10**9)
    layout = layout_of(workload, children=1_000)
    before = estimate(workload, layout, load("default"))
    assert before.bottleneck == KMS
    for name, quota in described().items():
        if quota["adjustable"]:
            after = estimate(workload, layout, load("default").with_raised(name))
            assert (after.seconds < before.seconds * 0.9) is (name == "kms-requests"), name


def test_more_children_than_a_quota_has_use_for_cost_more_and_are_no_faster() -> None:
    workload, quotas, prices = Workload(records=10**10), load("default"), load_prices()
    few = estimate(workload, layout_of(workload, children=100), quotas)
    many = estimate(workload, layout_of(workload, children=800), quotas)
    assert many.seconds == pytest.approx(few.seconds, rel=0.01)
    assert cost(workload, many, prices).total > cost(workload, few, prices).total * 11 / 10
    assert enough_children(workload, quotas) == 20


def test_no_number_of_children_and_no_quota_divides_a_tenant() -> None:
    workload = Workload(records=10**9, largest_share=0.5)
    runs = [
        estimate(workload, layout_of(workload, children=children), load("raised"))
        for children in (100, 1_000)
    ]
    assert {run.bottleneck for run in runs} == {TENANT}
    assert all(run.seconds >= 0.5 * 10**9 * workload.seconds_each for run in runs)


def test_segments_in_ascending_order_crowd_into_few_partitions() -> None:
    workload, quotas = Workload(records=10**9, strategy="tenant", largest_share=0.0001), load("raised")
    ascending, interleaved = (
        estimate(workload, layout_of(workload, children=1_000, order=order), quotas)
        for order in ("ascending", "interleaved")
    )
    assert ascending.bottleneck == PARTITIONS
    assert ascending.seconds > 5 * interleaved.seconds


def test_a_slower_function_is_told_by_a_flag_of_its_own() -> None:
    workload = Workload(records=10**6, seconds_per_record=0.1)
    run = estimate(workload, layout_of(workload, children=10), load("raised"))
    assert run.bottleneck == CHILDREN
    assert run.seconds == pytest.approx(10_000, rel=0.01)


def test_every_quota_says_where_it_is_from_and_what_was_found_there() -> None:
    for name, quota in described().items():
        assert quota["source"], name
        assert quota["found"], name
        assert quota["address"].startswith("https://docs.aws.amazon.com/"), name
        assert quota["adjustable"] is (quota["raised"] != quota["default"]), name
