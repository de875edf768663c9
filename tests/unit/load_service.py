"""An API in memory that a load's operations can be tried on, and spoilt."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.load.callers import Answer, Caller, NoAnswerError
from benchmarks.load.operations import Operations, Outcome
from benchmarks.load.plan import Arrival
from benchmarks.load.records import Record, Records
from benchmarks.load.verification import Verification, verify

TENANTS = ("one", "two")


class Service(Caller):
    """One tenant's caller of an API in memory, whose answers and items tests can spoil."""

    def __init__(self, tenant: str, items: dict[str, tuple[str, Any]]) -> None:
        self.tenant, self.items, self.writes = tenant, items, 0
        self.after: Callable[[str], None] = lambda _: None
        self.open_to_all = False
        self.honours_preconditions = True

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
        if not self.honours_preconditions:
            headers = {}
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

    def verify(self, *, seconds: float = 60.0) -> Verification:
        return verify(self.records, self.callers, tenants=TENANTS, sample=5, seconds=seconds)
