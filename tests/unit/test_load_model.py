"""The load's model of acknowledged writes finds what a service loses, keeps too long, or mixes up."""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from benchmarks.load.callers import Answer, Caller, NoAnswerError
from benchmarks.load.operations import Operations, Outcome
from benchmarks.load.plan import CREATE, DELETE, PAGE, READ, REPLACE, Arrival, planned
from benchmarks.load.records import Record, Records
from benchmarks.load.verification import Verification, verify

TENANTS = ("one", "two")


class Service(Caller):
    """One tenant's caller of an API in memory, whose answers and items tests can spoil."""

    def __init__(self, tenant: str, items: dict[str, tuple[str, Any]]) -> None:
        self.tenant, self.items, self.writes = tenant, items, 0
        self.after: Callable[[str], None] = lambda _: None
        self.open_to_all = False

    def call(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        # As JSON: nothing that is kept here is the load's own object.
        answer = self._answer(method, path, json.dumps(body), dict(headers or {}))
        self.after(method)
        return answer

    def _answer(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        place, _, query = path.partition("?")
        _, _, tenant, _, *record = place.split("/")
        if tenant != self.tenant and not self.open_to_all:
            return _problem(403, "access-denied")
        if not record:
            return self._page(tenant, dict(each.split("=") for each in query.split("&")))
        key = f"{tenant}/{record[0]}"
        there = self.items.get(key)
        if method == "GET":
            return _problem(404, "record-not-found") if there is None else _of(200, *there)
        if headers.get("If-None-Match") and there is not None:
            return _problem(409, "record-exists")
        if headers.get("If-Match", there and there[0]) != (there and there[0]):
            return _problem(412, "revision-mismatch")
        if method == "DELETE":
            del self.items[key]
            return Answer(204, {}, b"")
        self.writes += 1
        self.items[key] = (f'"{self.tenant}-{self.writes}"', json.loads(body))
        return _of(200 if there else 201, *self.items[key])

    def _page(self, tenant: str, query: dict[str, str]) -> Answer:
        names = sorted(key.split("/")[1] for key in self.items if key.startswith(f"{tenant}/"))
        found = [
            {"record": name, "data": self.items[f"{tenant}/{name}"][1]}
            for name in names
            if name.startswith(query.get("prefix", "")) and name > query.get("cursor", "")
        ]
        limit = int(query["limit"])
        cursor = found[limit - 1]["record"] if len(found) > limit else None
        page = {"records": found[:limit], "failed": [], "cursor": cursor}
        return Answer(200, {}, json.dumps(page).encode())


def _of(status: int, revision: str, body: object) -> Answer:
    return Answer(status, {"etag": revision}, json.dumps(body).encode())


def _problem(status: int, slug: str) -> Answer:
    return Answer(status, {}, json.dumps({"type": f"urn:sealed-records:problem:{slug}"}).encode())


class World:
    """Two tenants, their records, and the service in memory."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[str, Any]] = {}
        self.callers = {tenant: Service(tenant, self.items) for tenant in TENANTS}
        self.records = Records(TENANTS)
        self.operations = Operations(TENANTS, self.callers, self.records)

    def do(self, kind: str, *, pick: float = 0.0) -> Outcome:
        """Carry out a request of tenant one."""
        return self.operations.carry_out(Arrival(0.0, kind, tenant=0, size=100, pick=pick))

    def lose_answers(self, *, carried_out: bool = True) -> None:
        """Let every write of tenant one go without an answer."""

        def lost(method: str) -> None:
            if method != "GET":
                if not carried_out:
                    self.items.clear()
                    self.items.update(self.before)
                raise NoAnswerError("ReadTimeoutError")

        self.before = dict(self.items)
        self.callers["one"].after = lost

    def answer_again(self) -> None:
        self.callers["one"].after = lambda _: None

    @property
    def record(self) -> Record:
        [record] = self.records.all()
        return record

    @property
    def key(self) -> str:
        return f"{self.record.tenant}/{self.record.name}"

    def verify(self) -> Verification:
        return verify(self.records, self.callers, tenants=TENANTS, sample=5)


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
