"""Both key strategies over the deployed API: changed while it serves, each counted by its calls of KMS."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from local.stored_item import HEADER, read_header
from service.item_size import item_size

MANY, SOME = 1_000, 100
AT_ONCE = 4
TENANT, RECORD = "aws-kms-hierarchy", "aws-kms"
NAMES = ("name", "born", "street", "city", "phone", "email", "ward")
ADDED = {"revision": "r" * 32, "updated_at": "2026-01-31T12:34:56.789012Z"}


def small(tenant: str, record: str) -> dict[str, str]:
    """Eight attributes that make a record of 500 bytes in all: with its keys, revision and time."""
    data = {**dict.fromkeys(NAMES, "x"), "note": ""}
    whole = {**data, **ADDED, "tenant": tenant, "record": record}
    return {**data, "note": "x" * (500 - item_size({name: {"S": text} for name, text in whole.items()}))}


def wrapped_by(api: Any, record: str) -> tuple[str, str]:
    """Who wrapped a stored record's data key, and under which key."""
    header = read_header(api.item(record)[HEADER]["B"])
    return header.provider, header.key


@dataclass
class Switching:
    """A deployment whose strategy changes while somebody writes and reads without a pause."""

    aws: Any
    api: Any
    strategy: str = "record"
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    written: list[str] = field(default_factory=list)

    def change(self, strategy: str) -> None:
        """Change the strategy under load."""
        stop = Event()
        with ThreadPoolExecutor(1) as pool:
            going = pool.submit(self._go_on, stop)
            try:
                time.sleep(0.3)
                self.aws.change_settings({"key_strategy": strategy})
                self.strategy = strategy
                time.sleep(0.3)
            finally:
                stop.set()
                going.result()

    def _go_on(self, stop: Event) -> None:
        while not stop.is_set():
            name = f"s-{len(self.written):05}"
            self.answers["put", self.api.put(name, {"n": len(self.written)}).status] += 1
            self.answers["get", self.api.get(name).status] += 1
            self.written.append(name)
            time.sleep(0.02)


@pytest.fixture(scope="module")
def switched(aws: Any, branch_keys: Any) -> Iterator[Switching]:
    """The deployment, changed from `record` to `tenant`."""
    assert branch_keys.create("switching").status == 201
    switching = Switching(aws, branch_keys.records("switching"))
    assert switching.api.put("before", {"n": -1}).status == 201
    switching.change("tenant")
    yield switching
    if switching.strategy != "record":
        aws.change_settings({"key_strategy": "record"})


@contextmanager
def at_once() -> Iterator[Any]:
    """Run calls of several callers at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool.map


def write_and_read(api: Any, count: int) -> None:
    """Write so many records, and read them page by page."""
    with at_once() as run:
        statuses = run(lambda n: api.put(f"r-{n:04}", {"n": n}).status, range(count))
        assert set(statuses) == {201}
    read, cursor = {}, ""
    while cursor is not None:
        page = api.page(limit="100", **({"cursor": cursor} if cursor else {})).body
        read |= {entry["record"]: entry["data"] for entry in page["records"]}
        cursor = page["cursor"]
    assert read == {f"r-{n:04}": {"n": n} for n in range(count)}


def containers(aws: Any) -> int:
    """How many processes the writer and the reader have."""
    running = aws.function_processes()
    return sum(len(running.get(aws.outputs[f"{name}FunctionName"], [])) for name in ("Writer", "Reader"))


def test_in_strategy_record_each_write_and_each_read_is_a_call_of_kms(branch_keys: Any) -> None:
    api, calls = branch_keys.records("counted-by-record"), branch_keys.counting()

    write_and_read(api, SOME)

    assert calls.now == {"GenerateDataKey": SOME, "Decrypt": SOME}
    assert wrapped_by(api, "r-0000")[0] == RECORD


def test_while_the_strategy_changes_every_write_and_read_succeeds(switched: Switching) -> None:
    assert set(switched.answers) == {("put", 201), ("get", 200)}
    kinds = [wrapped_by(switched.api, name)[0] for name in switched.written]
    assert kinds == [RECORD] * kinds.count(RECORD) + [TENANT] * kinds.count(TENANT)
    assert set(kinds) == {RECORD, TENANT}
    assert switched.api.get("before").body == {"n": -1}


def test_in_strategy_tenant_a_thousand_records_cost_a_call_of_kms_for_each_container(
    aws: Any, branch_keys: Any, switched: Switching
) -> None:
    assert branch_keys.create("counted").status == 201
    branch_keys.forget()
    api, calls = branch_keys.records("counted"), branch_keys.counting()

    write_and_read(api, MANY)

    assert set(calls.now) == {"Decrypt"}
    assert 1 <= calls.now["Decrypt"] <= containers(aws)


def test_a_stored_record_names_its_tenants_branch_key_and_takes_one_write_unit(
    branch_keys: Any, switched: Switching
) -> None:
    assert branch_keys.create("acme-sized").status == 201
    api = branch_keys.records("acme-sized")
    data = small(api.tenant, "azwwfmwerfn5w7r3")

    assert api.put("azwwfmwerfn5w7r3", data).status == 201

    stored = api.item("azwwfmwerfn5w7r3")
    assert wrapped_by(api, "azwwfmwerfn5w7r3") == (TENANT, "acme-sized")
    assert sum(name in stored and "B" in stored[name] for name in data) == 8
    assert item_size(stored) <= 1024
    assert api.get("azwwfmwerfn5w7r3").body == data


def test_a_tenant_without_a_branch_key_can_read_its_older_records_and_write_none(
    branch_keys: Any, switched: Switching
) -> None:
    older = branch_keys.records("counted-by-record")

    refused = older.put("new", {"n": 1})

    assert (refused.status, refused.slug) == (404, "branch-key-not-found")
    assert older.get("r-0000").body == {"n": 0}
    assert len(older.page(limit="100").body["records"]) == SOME


def test_a_record_does_not_open_under_another_tenants_branch_key(
    branch_keys: Any, switched: Switching
) -> None:
    for tenant in ("mine", "theirs"):
        assert branch_keys.create(tenant).status == 201
    mine, theirs = (branch_keys.records(tenant) for tenant in ("mine", "theirs"))
    mine.put("r-1", {"n": 1})
    theirs.plant({**mine.item("r-1"), "tenant": {"S": "theirs"}})

    refused = theirs.get("r-1")

    assert (refused.status, refused.slug) == (500, "integrity-failure")


def test_changed_back_the_new_records_need_no_branch_key_and_all_are_read(switched: Switching) -> None:
    switched.change("record")

    assert set(switched.answers) == {("put", 201), ("get", 200)}
    assert wrapped_by(switched.api, switched.written[-1])[0] == RECORD
    with at_once() as run:
        bodies = list(run(lambda name: switched.api.get(name).body, switched.written))
    assert bodies == [{"n": n} for n in range(len(switched.written))]
