"""A rewrite takes effect only on what was read: who writes, deletes or shreds at the same time wins."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.service.faults import Faults
from tests.unit.service.functions import Service, Tenants
from tests.unit.service.reencrypting import Reencrypting, provider

Start = Callable[..., Reencrypting]


def test_who_writes_at_the_same_time_wins(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put, raced = work.store.client.put_item, []

    def put_item(**request: Any) -> Any:
        if not raced:
            raced.append(old.put("globex", "r-1", {"n": "newer"}).body["revision"])
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1, "rewritten": 1}
    answer = tenants.get("globex", "r-1")
    assert (answer.body["n"], answer.headers["ETag"]) == ("newer", f'"{raced[0]}"')
    assert provider(tenants.item("globex", "r-1")) == "aws-kms-hierarchy"


def test_a_record_that_is_deleted_meanwhile_does_not_come_back(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        old.call("DELETE", "globex", "r-1")
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1}
    assert tenants.get("globex", "r-1").status == 404


def test_a_record_that_changes_all_the_time_is_left_to_who_changes_it(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        old.put("globex", "r-1", {"n": 2})
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1, "conflicts": 1}
    assert tenants.get("globex", "r-1").body == {"n": 2}


@pytest.mark.parametrize("name", ["name", "deep", "revision", "aws_dbe_foot", "aws_dbe_b_x"])
def test_any_attribute_that_changes_after_the_read_keeps_the_write_out(
    reencrypting: Start,
    tenants: Tenants,
    old: Service,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    tenants.plant({**tenants.item("globex", "r-1"), "aws_dbe_b_x": {"S": "1"}})
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        changed = {name: {"S": "a" * 32} if name == "revision" else {"B": b"changed"}}
        tenants.plant({**tenants.item("globex", "r-1"), **changed})
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    work.counts(tenant="globex")
    left = tenants.item("globex", "r-1")
    assert left[name] in ({"S": "a" * 32}, {"B": b"changed"})
    # A beacon is not signed: the record is looked at again, and rewritten with the beacon as it is now.
    assert provider(left) == ("aws-kms-hierarchy" if name == "aws_dbe_b_x" else "aws-kms")


def test_a_record_of_more_attributes_than_can_be_compared_is_rewritten(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.put("acme", "wide", {f"a{number}": number for number in range(400)})
    work = reencrypting()
    assert work.counts(tenant="acme") == {"seen": 3, "rewritten": 3}
    assert tenants.get("acme", "wide").body == {f"a{number}": number for number in range(400)}
    old.put("acme", "wide", {f"a{number}": number for number in range(400)})
    put = work.store.client.put_item
    monkeypatch.setattr(
        work.store.client,
        "put_item",
        lambda **request: [old.put("acme", "wide", {"n": "newer"}), put(**request)][1],
    )
    work.counts(tenant="acme")
    assert tenants.get("acme", "wide").body == {"n": "newer"}


def test_a_lost_answer_is_no_conflict(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    faults = Faults(work.store.client, "PutItem")
    faults.lose_answer()
    assert work.counts(tenant="globex") == {"seen": 1, "rewritten": 1}
    assert faults.attempts == 2
    faults.undo()


def test_what_was_shredded_is_not_brought_back_by_a_branch_key_in_memory(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    for number in range(3):
        tenants.put("acme", f"r-{number}", {"n": number})
    work = reencrypting(KEY_STRATEGY="record")
    write, lock, shredded = work.store.client.transact_write_items, Lock(), []

    def transact(**request: Any) -> Any:
        with lock:
            if not shredded:
                shredded.append(tenants.shred("acme").status)
        return write(**request)

    monkeypatch.setattr(work.store.client, "transact_write_items", transact)
    answer = work.call()
    assert shredded == [200]
    assert [found["reason"] for found in answer["refused"]] == ["shredded"] * 3
    assert {provider(item) for item in tenants.items()} == {"aws-kms-hierarchy"}
    tenants.forget()
    assert tenants.get("acme", "r-1").status == 410


def test_taken_off_its_branch_key_a_record_is_written_as_carefully_as_any(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    for number in range(3):
        tenants.put("acme", f"r-{number}", {"n": number})
    work = reencrypting(KEY_STRATEGY="record")
    write, lock, changed = work.store.client.transact_write_items, Lock(), []

    def transact(**request: Any) -> Any:
        record = request["TransactItems"][0]["Put"]["Item"]["record"]["S"]
        with lock:
            if not changed:
                changed.append(tenants.put("acme", record, {}))
        return write(**request)

    monkeypatch.setattr(work.store.client, "transact_write_items", transact)
    assert work.counts() == {"seen": 3, "rewritten": 3}
    assert sum(tenants.get("acme", f"r-{number}").body == {} for number in range(3)) == 1
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setattr(work.store.client, "transact_write_items", write)
    assert work.counts() == {"seen": 3, "right": 3}


def test_a_record_in_another_form_than_the_one_read_is_left_to_who_wrote_it(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = reencrypting(KEY_STRATEGY="tenant")
    put = stopped.store.client.put_item

    def put_item(**request: Any) -> Any:
        monkeypatch.setattr(stopped.store.client, "put_item", put)
        # A newer version of the branch key, which this call does not know yet.
        assert tenants.put("globex", "r-1", {"n": "newer"}).status == 200
        assert tenants.ask("POST", "/branch-keys/globex/versions").status == 201
        tenants.forget()
        assert tenants.put("globex", "r-1", {"n": "newest"}).status == 200
        return put(**request)

    monkeypatch.setattr(stopped.store.client, "put_item", put_item)
    answer = stopped.call(tenant="globex")
    assert [found["reason"] for found in answer["refused"]] == ["written-meanwhile"]
    assert answer["counts"]["conflicts"] == 1
    assert tenants.get("globex", "r-1").body == {"n": "newest"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Item size has exceeded the maximum allowed size", "too-large"),
        ("One or more parameter values were invalid", "not-accepted"),
    ],
)
def test_a_record_that_the_table_does_not_take_keeps_nobody_else(
    reencrypting: Start,
    tenants: Tenants,
    old: Service,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    reason: str,
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        if request["Item"]["record"]["S"] == "r-2":
            error = {"Error": {"Code": "ValidationException", "Message": message}}
            raise ClientError(error, "PutItem")
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    answer = work.call()
    assert [(found["record"], found["reason"]) for found in answer["refused"]] == [("r-2", reason)]
    assert (answer["done"], answer["counts"]["rewritten"]) == (True, 2)
