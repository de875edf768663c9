"""The load's verification does not trust the service: neither its preconditions, nor that it ever answers."""

import json
import time

import pytest

from benchmarks.load.callers import Answer, NoAnswerError
from benchmarks.load.plan import CREATE, DELETE, READ, REPLACE
from benchmarks.load.preconditions import SAMPLE
from tests.unit.load_service import World


@pytest.fixture
def world() -> World:
    return World()


def create(world: World, count: int) -> None:
    for _ in range(count):
        world.do(CREATE, pick=0.001)


def test_a_service_that_drops_replacements_and_ignores_preconditions_is_found(world: World) -> None:
    world.callers["one"].honours_preconditions = False
    world.do(CREATE)
    kept = world.items[world.key]
    world.do(REPLACE)
    world.items[world.key] = kept
    # Acknowledged although it names a revision that was dropped: reading finds nothing.
    assert world.do(REPLACE).error == ""
    assert world.do(READ).error == ""

    found = world.verify()

    assert (found.acknowledged, found.verified, found.read) == (3, 1, 1)
    assert [(each.refused, each.tried) for each in found.outdated] == [(0, 1), (0, 1), (0, 1)]
    assert found.findings == (
        f"{world.key}, of the creations of a record that is there: 200 in place of 409 record-exists",
        f"{world.key}, of the replacements of a superseded revision: 200 in place of 412 revision-mismatch",
        f"{world.key}, of the deletions of a superseded revision: 204 in place of 412 revision-mismatch",
    )


def test_one_accepted_of_many_is_enough_to_doubt_every_earlier_write(world: World) -> None:
    create(world, 10)
    for _ in range(10):
        world.do(REPLACE)
    service = world.callers["one"]
    replacements = []

    def every_ninth(method: str) -> None:
        replacements.append(method)
        service.honours_preconditions = len(replacements) % 9 != 0

    service.after = every_ninth
    found = world.verify()
    assert found.acknowledged == 20
    assert found.verified == found.read == 10
    assert any(each.refused < each.tried for each in found.outdated)


def test_a_deletion_is_tried_with_the_revision_that_it_removed(world: World) -> None:
    world.do(CREATE)
    world.do(DELETE)
    found = world.verify()
    assert [(each.refused, each.tried) for each in found.outdated] == [(0, 0), (1, 1), (0, 0)]
    world.callers["one"].honours_preconditions = False
    assert world.verify().findings == (
        f"{world.key}, of the replacements of a superseded revision: 201 in place of 412 revision-mismatch",
    )


def test_a_refusal_by_another_name_is_found(world: World) -> None:
    world.do(CREATE)
    service = world.callers["one"]
    answer = service._answer
    refusal = Answer(412, {}, json.dumps({"type": "urn:sealed-records:problem:revision-mismatch"}).encode())
    service._answer = lambda method, *rest: refusal if method == "PUT" else answer(method, *rest)  # type: ignore[method-assign]
    [finding] = world.verify().findings
    assert finding.endswith("a record that is there: 412 revision-mismatch in place of 409 record-exists")


def test_of_each_kind_a_bounded_sample_is_tried(world: World) -> None:
    create(world, 3 * SAMPLE)
    found = world.verify()
    assert found.outdated[0].refused == found.outdated[0].tried == SAMPLE
    assert found.present == 3 * SAMPLE


def test_a_record_in_doubt_is_not_tried(world: World) -> None:
    world.do(CREATE)
    world.lose_answers()
    world.do(REPLACE)
    world.answer_again()
    assert [each.tried for each in world.verify().outdated] == [0, 0, 0]


def test_a_list_whose_cursor_comes_again_is_found(world: World) -> None:
    world.do(CREATE)
    page = world.callers["one"]._page

    def for_ever(tenant: str, query: dict[str, str]) -> Answer:
        content = page(tenant, {"limit": query["limit"]}).content()
        cursor = "b" if query.get("cursor") == "a" else "a"
        return Answer(200, {}, json.dumps({**content, "cursor": cursor}).encode())

    world.callers["one"]._page = for_ever  # type: ignore[method-assign]
    found = world.verify()
    assert found.findings == ("the list of one has no end: a cursor comes again after 3 pages",)


def test_a_list_with_ever_new_cursors_is_given_up_in_time(world: World) -> None:
    world.do(CREATE)
    pages = 0

    def for_ever(tenant: str, query: dict[str, str]) -> Answer:
        nonlocal pages
        pages += 1
        return Answer(200, {}, json.dumps({"records": [], "failed": [], "cursor": str(pages)}).encode())

    world.callers["one"]._page = for_ever  # type: ignore[method-assign]
    found = world.verify(seconds=0.5)
    assert "1 of 2 lists were not gone through in time" in found.findings
    assert found.read == 1


def test_a_list_that_cannot_be_had_is_found(world: World) -> None:
    world.do(CREATE)
    world.callers["one"]._page = lambda *_: Answer(200, {}, b"<html>")  # type: ignore[method-assign]
    assert world.verify().findings == ("the list of one cannot be read: 200 is not a page",)


def test_what_a_service_that_hangs_does_not_answer_in_time_is_not_verified(world: World) -> None:
    create(world, 60)

    def hang(_: str) -> None:
        time.sleep(0.2)
        raise NoAnswerError("ReadTimeoutError")

    world.callers["one"].after = hang
    began = time.monotonic()
    found = world.verify(seconds=0.7)
    # Four at once, each 0.6 s for its three tries: without a deadline it would take 9 s.
    assert time.monotonic() - began < 4
    assert (found.acknowledged, found.verified, found.read) == (60, 0, 0)
    unread = 60 - sum("cannot be read: no answer" in finding for finding in found.findings)
    assert unread > 50
    assert f"{unread} of 60 records were not read in time" in found.findings
    assert "2 of 2 lists were not gone through in time" in found.findings


def test_preconditions_that_are_not_tried_in_time_leave_earlier_writes_unverified(world: World) -> None:
    world.do(CREATE)
    world.do(REPLACE)
    world.callers["one"].after = lambda method: time.sleep(0.6) if method == "PUT" else None
    found = world.verify(seconds=0.5)
    assert (found.acknowledged, found.verified, found.read) == (2, 1, 1)
    assert found.findings == (
        "1 of 1 replacements of a superseded revision were not tried in time",
        "1 of 1 deletions of a superseded revision were not tried in time",
    )
