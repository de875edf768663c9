"""The load's model of acknowledged writes finds what a service loses, keeps too long, or mixes up."""

import json
from random import Random

import pytest

from benchmarks.load.callers import Answer
from benchmarks.load.operations import Outcome
from benchmarks.load.plan import CREATE, DELETE, PAGE, READ, REPLACE, planned
from benchmarks.load.preconditions import SAMPLE
from tests.unit.load_service import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_load_on_a_service_that_keeps_everything_has_nothing_to_tell(world: World) -> None:
    random = Random(1)  # noqa: S311 - it is to be the same again
    outcomes = [world.operations.carry_out(planned(0.0, random, tenants=2)) for _ in range(500)]
    assert {outcome.error for outcome in outcomes} == {""}
    assert {outcome.kind for outcome in outcomes} == {CREATE, REPLACE, READ, PAGE, DELETE}
    found = world.verify()
    written = sum(outcome.kind in (CREATE, REPLACE, DELETE) for outcome in outcomes)
    assert (found.acknowledged, found.verified, found.findings) == (written, written, ())
    assert found.present == len(world.items) > 0
    assert found.absent > 0
    assert (found.refused, found.tried) == (5, 5)
    assert found.verified > found.read == sum(record.acknowledged > 0 for record in world.records.all())
    assert [each.refused for each in found.outdated] == [each.tried for each in found.outdated]
    assert all(1 < each.tried <= SAMPLE for each in found.outdated)


def test_the_first_request_creates_and_a_deleted_record_can_be_created_again(world: World) -> None:
    assert world.do(READ) == Outcome(CREATE)
    assert world.do(DELETE) == Outcome(DELETE)
    assert world.do(CREATE, pick=0.0) == Outcome(CREATE)
    assert len(world.records.all()) == 1
    assert world.do(CREATE, pick=0.001) == Outcome(CREATE)
    assert len(world.records.all()) == 2


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("kind", [CREATE, REPLACE, DELETE])
def test_a_lost_answer_leaves_two_possibilities(world: World, kind: str, *, carried_out: bool) -> None:
    if kind != CREATE:
        world.do(CREATE)
    world.lose_answers(carried_out=carried_out)
    assert world.do(kind) == Outcome(kind, f"{kind}: no answer (ReadTimeoutError)")
    world.answer_again()
    found = world.verify()
    assert (found.findings, found.doubtful) == ((), 1)
    assert found.verified == found.acknowledged == (0 if kind == CREATE else 1)


def test_a_record_in_doubt_is_given_to_nobody(world: World) -> None:
    world.do(CREATE)
    world.lose_answers()
    world.do(REPLACE)
    world.answer_again()
    assert world.do(READ) == Outcome(CREATE)
    assert len(world.records.all()) == 2


def test_a_third_state_of_a_record_in_doubt_is_found(world: World) -> None:
    world.do(CREATE)
    first = world.items[world.key]
    world.do(REPLACE)
    world.lose_answers()
    world.do(REPLACE)
    world.items[world.key] = first
    found = world.verify()
    assert found.findings == (f"{world.key} holds write 1: write 2 was acknowledged",)
    assert (found.verified, found.acknowledged) == (1, 2)


def test_a_lost_update_is_found_at_the_end(world: World) -> None:
    world.do(CREATE)
    first = world.items[world.key]
    world.do(REPLACE)
    world.items[world.key] = first
    found = world.verify()
    assert found.findings == (f"{world.key} holds write 1: write 2 was acknowledged",)
    assert (found.verified, found.acknowledged) == (1, 2)


def test_a_lost_update_is_found_by_the_next_request(world: World) -> None:
    world.do(CREATE)
    first = world.items[world.key]
    world.do(REPLACE)
    world.items[world.key] = first
    assert world.do(READ) == Outcome(READ, "read: another revision than was acknowledged", wrong=True)
    assert world.do(REPLACE) == Outcome(REPLACE, "replace: 412 revision-mismatch", wrong=True)


def test_a_lost_record_is_found(world: World) -> None:
    world.do(CREATE)
    world.items.clear()
    assert world.do(READ) == Outcome(READ, "read: 404 record-not-found", wrong=True)
    found = world.verify()
    assert found.findings == (f"{world.key} is not there: write 1 was acknowledged",)
    assert found.verified == 0


def test_a_deletion_that_is_undone_is_found(world: World) -> None:
    world.do(CREATE)
    kept = dict(world.items)
    world.do(DELETE)
    world.items.update(kept)
    found = world.verify()
    assert found.findings == (f"{world.key} is there: its deletion was acknowledged",)
    assert (found.verified, found.acknowledged) == (1, 2)
    assert world.do(CREATE) == Outcome(CREATE, "create: 409 record-exists", wrong=True)


def test_a_content_under_the_right_revision_is_compared_too(world: World) -> None:
    world.do(CREATE)
    revision, body = world.items[world.key]
    world.items[world.key] = (revision, {**body, "amount": body["amount"] + 1})
    assert world.do(READ) == Outcome(READ, "read: another content than was acknowledged", wrong=True)
    assert world.verify().findings == (f"{world.key} holds write 1: write 1 was acknowledged",)


def test_the_right_content_under_another_revision_is_found(world: World) -> None:
    world.do(CREATE)
    world.items[world.key] = ('"other"', world.items[world.key][1])
    assert world.verify().findings == (f"{world.key} has another revision than its write",)


def test_a_record_that_nobody_wrote_is_found_in_the_list(world: World) -> None:
    world.do(CREATE)
    world.items["one/r-unknown"] = ('"x"', {})
    assert world.verify().findings == ("the list of one has r-unknown, and it must not",)


def test_a_list_that_leaves_a_record_out_is_found(world: World) -> None:
    for _ in range(60):
        world.do(CREATE, pick=0.001)
    page = world.callers["one"]._page
    world.callers["one"]._page = lambda tenant, query: _without_cursor(page(tenant, query))  # type: ignore[method-assign]
    found = world.verify()
    assert len(found.findings) == 10
    assert all(finding.startswith("the list of one lacks r-") for finding in found.findings)


def _without_cursor(answer: Answer) -> Answer:
    return Answer(200, {}, json.dumps({**answer.content(), "cursor": None}).encode())


def test_a_page_with_another_records_content_is_found(world: World) -> None:
    world.do(CREATE)
    world.do(CREATE, pick=0.001)
    here, there = sorted(world.items)
    world.items[here] = world.items[there]
    outcomes = {world.do(PAGE, pick=digit / 16) for digit in range(16)}
    assert outcomes == {Outcome(PAGE), Outcome(PAGE, "page: a record with another's content", wrong=True)}


def test_an_answer_that_is_no_page_is_found(world: World) -> None:
    world.callers["one"]._page = lambda *_: Answer(200, {}, b"<html>")  # type: ignore[method-assign]
    assert world.do(PAGE) == Outcome(PAGE, "page: not a page of records that open", wrong=True)


def test_a_tenant_who_reads_anothers_records_is_found(world: World) -> None:
    world.do(CREATE)
    world.callers["two"].open_to_all = True
    found = world.verify()
    assert found.findings == (f"{world.key} as another tenant: 200 in place of 403",)
    assert (found.refused, found.tried) == (0, 1)
