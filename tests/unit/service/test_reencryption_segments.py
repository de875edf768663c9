"""A segment is worked on by one call after the other: nothing is left out, nothing done twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from service.machine_errors import Unavailable
from service.pace import Pace
from tests.unit.service.faults import Faults
from tests.unit.service.functions import Service, Tenants
from tests.unit.service.reencrypting import Reencrypting

Start = Callable[..., Reencrypting]


@pytest.fixture
def many(tenants: Tenants, record_strategy: Service) -> Tenants:
    """Seventy records of seven tenants, all in strategy record."""
    names = [f"t{number}" for number in range(7)]
    tenants.create(*names)
    for tenant in names:
        for number in range(10):
            record_strategy.put(tenant, f"r-{number}", {"n": number})
    return tenants


def written(work: Reencrypting, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The keys of the records that are written from now on."""
    put, seen = work.store.client.put_item, []

    def put_item(**request: Any) -> Any:
        answer = put(**request)
        seen.append((request["Item"]["tenant"]["S"], request["Item"]["record"]["S"]))
        return answer

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    return seen


def calls(work: Reencrypting, **changes: Any) -> Iterator[dict[str, Any]]:
    """Call until the segment is through, as the state machine does."""
    position: dict[str, Any] = {"start_key": None, "step": 1}
    for _ in range(100):
        answer = work.call(**position, **changes)
        yield answer
        if answer["done"]:
            return
        position = {name: answer["next"][name] for name in position}
    pytest.fail("the segment does not end")


def test_segments_share_the_table(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    seen = written(work, monkeypatch)
    answers = [work.call(segment=segment, segments=4) for segment in range(4)]
    assert sum(answer["counts"]["rewritten"] for answer in answers) == 70
    assert len(seen) == len(set(seen)) == 70
    assert [answer["key"] for answer in answers][2].endswith("/results/0000002/00001.json")


def test_a_call_hands_back_where_it_is_before_its_time_is_up(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    seen = written(work, monkeypatch)
    # So little that each call manages a group of two or so: the clock is read before each but the first.
    monkeypatch.setattr("service.reencryption_segment._GROUP", 2)
    ticks = iter(range(10_000))
    answers = list(_ticking(work, ticks, monkeypatch))
    assert len(answers) > 2
    assert [answer["step"] for answer in answers] == list(range(1, len(answers) + 1))
    assert sum(answer["counts"]["seen"] for answer in answers) == 70
    assert len(seen) == len(set(seen)) == 70
    assert [answer["done"] for answer in answers] == [False] * (len(answers) - 1) + [True]


def _ticking(
    work: Reencrypting, ticks: Iterator[int], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    segment = work.function.Segment

    def slow(*arguments: Any, **named: Any) -> Any:
        return segment(*arguments, **named, clock=lambda: float(next(ticks)))

    monkeypatch.setattr(work.function, "Segment", slow)
    yield from calls(work, seconds=3)


def test_a_function_that_is_about_to_be_ended_begins_nothing(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    seen = written(work, monkeypatch)
    answer = work.call(milliseconds=40_000)
    assert (answer["done"], answer["next"]["start_key"], seen) == (False, None, [])


def test_a_call_goes_on_after_any_record(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    order = [found for answer in calls(work, dry_run=True) for found in [answer]]
    assert order[0]["counts"]["rewritten"] == 70
    items = work.store.client.scan(TableName=work.store.table)["Items"]
    keys = [{name: item[name]["S"] for name in ("tenant", "record")} for item in items]
    for at in (0, 1, 35, 68, 69):
        answer = work.call(dry_run=True, start_key=keys[at])
        assert answer["counts"]["seen"] == 69 - at


def test_a_page_that_took_all_of_the_time_is_begun_with_all_the_same(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    work = reencrypting()
    segment, scan = work.function.Segment, work.store.client.scan
    limits = []

    def slow_scan(**request: Any) -> Any:
        now[0] += 1_000
        limits.append(request["Limit"])
        return scan(**request)

    monkeypatch.setattr(work.store.client, "scan", slow_scan)
    work.function.Segment = lambda *arguments, **named: segment(
        *arguments, **named, clock=lambda: now[0], sleep=lambda _: None
    )
    answer = work.call()
    assert (answer["done"], answer["counts"]["seen"]) == (False, 32)
    # Slowly read, pages are small: what one takes is due within ten seconds.
    work.call(read_units_per_second=2)
    work.call(read_units_per_second=0.01)
    assert limits == [500, 20, 1]


def test_an_outage_in_the_middle_hands_back_what_was_done(
    reencrypting: Start,
    many: Tenants,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    seen = written(work, monkeypatch)
    faults, put = Faults(work.store.client, "PutItem"), work.store.client.put_item
    # Records are written side by side: taking the token out lets one writer alone begin the outage.
    begin = [True]

    def put_item(**request: Any) -> Any:
        if len(seen) >= 40:
            with suppress(IndexError):
                begin.pop()
                faults.answer(500, "InternalServerError", times=10_000)
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    answer = work.call()
    faults.undo()
    assert not answer["done"]
    assert answer["interrupted"]
    assert "segment interrupted" in capsys.readouterr().out
    assert answer["counts"]["rewritten"] == len(seen) >= 40
    position = {name: answer["next"][name] for name in ("start_key", "step")}
    rest = work.call(**position)
    assert rest["done"]
    assert len(seen) == len(set(seen)) == 70
    assert answer["counts"]["rewritten"] + rest["counts"]["rewritten"] == 70


def test_a_call_that_got_nowhere_fails(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    faults = Faults(work.store.client, "Scan")
    faults.unreachable(times=10_000)
    with pytest.raises(Unavailable, match="temporarily-unavailable"):
        work.call()
    faults.undo()


def test_a_call_ends_when_it_has_many_refusals_to_tell(
    reencrypting: Start, many: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in many.items():
        many.plant({name: item[name] for name in ("tenant", "record")})
    monkeypatch.setattr("service.reencryption_segment.MOST_REFUSED_BYTES", 1000)
    answers = list(calls(reencrypting()))
    told = [(found["tenant"], found["record"]) for answer in answers for found in answer["refused"]]
    assert len(answers) > 1
    assert len(told) == len(set(told)) == 70


def test_planted_keys_do_not_outgrow_the_state_of_a_machine(reencrypting: Start, tenants: Tenants) -> None:
    for number in range(200):
        tenant = f"{number:04}" + "\x01" * 2044
        tenants.plant({"tenant": {"S": tenant}, "record": {"S": "\x01" * 1024}})
    answers = list(calls(reencrypting()))
    assert sum(answer["counts"]["refused"] for answer in answers) == 200
    for answer in answers:
        # As the machine hands it to S3: a text in a document, beside the answer itself.
        text = json.dumps(answer)
        assert len(text) + len(json.dumps(text)) < 256 * 1024


def test_however_little_may_be_read_each_call_comes_further(reencrypting: Start, many: Tenants) -> None:
    now = [0.0]
    work = reencrypting()
    segment = work.function.Segment

    def paced(*arguments: Any, **named: Any) -> Any:
        def sleep(seconds: float) -> None:
            now[0] += seconds

        return segment(*arguments, **named, clock=lambda: now[0], sleep=sleep)

    work.function.Segment = paced
    answers = list(calls(work, read_units_per_second=0.1, seconds=60))
    assert sum(answer["counts"]["seen"] for answer in answers) == 70
    assert all(answer["counts"]["seen"] for answer in answers[:-1])
    # Not much faster than may be, although each call begins with a page.
    assert now[0] > sum(answer["units"]["read"] for answer in answers) / 0.1 / 2


def test_an_empty_table_is_through_at_once(reencrypting: Start, tenants: Tenants) -> None:
    answer = reencrypting().call()
    assert (answer["done"], answer["next"]["start_key"], answer["counts"]["seen"]) == (True, None, 0)


def test_a_pace_waits_for_what_was_spent_and_saves_nothing_up() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(10, clock=lambda: now[0], sleep=sleep)
    pace.spend(20, until=1000)
    pace.spend(5, until=1000)
    now[0] += 60
    pace.spend(30, until=1000)
    pace.spend(1000, until=now[0] + 7)
    assert slept == [2.0, 0.5, 3.0, 7.0]
    Pace(None, sleep=sleep).spend(1e9, until=1000)
    assert len(slept) == 4
