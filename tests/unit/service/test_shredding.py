"""Shredding a tenant: what is counted, what is deleted, what stands in the way, and what the answer tells."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

DELETING = {"delete-records": "true"}


def seconds_from_now(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()


def records(tenants: Any, tenant: str = "acme") -> list[str]:
    return [item["record"]["S"] for item in tenants.items() if item["tenant"]["S"] == tenant]


def test_a_tenant_whose_records_all_hang_on_its_branch_key_is_shredded(tenants: Any) -> None:
    tenants.create("acme", "globex")
    for number in range(3):
        tenants.put("acme", f"p-{number}", {"n": number})
    before = tenants.items()

    answer = tenants.shred("acme")

    assert answer.status == 200
    told = answer.body
    assert (told["tenant"], told["state"]) == ("acme", "shredded")
    assert (told["removed_items"], told["deleted_records"]) == (3, 0)
    assert abs(seconds_from_now(told["shredded_at"])) < 60
    assert 298 < seconds_from_now(told["caches_may_decrypt_until"]) <= 301
    week = timedelta(days=7).total_seconds()
    assert week - 5 < seconds_from_now(told["recoverable_until"]) <= week + 1
    assert told["backups_until"] is None
    assert any(", 3 of them, stay" in remark for remark in told["remarks"])
    assert any("35 days" in remark for remark in told["remarks"])
    assert any("cannot be read later" in remark for remark in told["remarks"])
    assert set(tenants.key_store("acme")) == {"shredded"}
    assert len(tenants.key_store("globex")) == 3
    assert tenants.items() == before


def test_the_answer_tells_of_backups_and_of_writers_in_strategy_record(
    tenants: Any, start_tenants: Any
) -> None:
    deployed = start_tenants(
        ENVELOPE_KEY_ARN=tenants.key_arn, KEY_STRATEGY="record", KEY_STORE_BACKUP_DAYS="14"
    )
    tenants.create("acme")

    told = deployed.shred("acme").body

    fortnight = timedelta(days=14).total_seconds()
    assert fortnight - 5 < seconds_from_now(told["backups_until"]) <= fortnight + 1
    assert "key strategy record" in told["remarks"][0]
    assert not any("ciphertext" in remark for remark in told["remarks"])


@pytest.mark.parametrize("delete", [False, True])
def test_what_was_taken_off_the_branch_key_while_it_was_counted_is_told_or_deleted(
    tenants: Any, start_tenants: Any, monkeypatch: pytest.MonkeyPatch, *, delete: bool
) -> None:
    deployed = start_tenants(ENVELOPE_KEY_ARN=tenants.key_arn, KEY_STRATEGY="record")
    tenants.create("acme")
    store = deployed.admin._container.own.branch_keys
    shred = type(store).shred

    def shred_late(self: Any, tenant: str) -> Any:
        assert deployed.put("acme", "late", {"n": 1}).status == 201
        return shred(self, tenant)

    monkeypatch.setattr(type(store), "shred", shred_late)
    told = deployed.shred("acme", query=DELETING if delete else {}).body
    assert told["deleted_records"] == int(delete)
    assert any("1 of this tenant's records can be read" in remark for remark in told["remarks"]) is not delete


def test_a_shredding_may_be_sent_again(tenants: Any) -> None:
    tenants.create("acme")
    first = tenants.shred("acme").body

    again = tenants.shred("acme")

    assert again.status == 200
    assert again.body["shredded_at"] == first["shredded_at"]
    assert again.body["removed_items"] == 0
    described = tenants.ask("GET", "/branch-keys/acme").body
    assert described == {
        "tenant": "acme",
        "state": "shredded",
        "shredded_at": first["shredded_at"],
        "remaining_versions": 0,
    }


def test_what_a_stopped_shredding_has_left_is_removed_by_the_next(tenants: Any) -> None:
    tenants.create("acme")
    left = next(item for name, item in tenants.key_store("acme").items() if "version" in name)
    tenants.shred("acme")
    tenants.plant_key(left)
    assert tenants.ask("GET", "/branch-keys/acme").body["remaining_versions"] == 1

    assert tenants.shred("acme").body["removed_items"] == 1
    assert set(tenants.key_store("acme")) == {"shredded"}


@pytest.mark.parametrize("query", [{}, {"delete-records": "false"}])
def test_records_outside_the_branch_key_stand_in_the_way(mixed: Any, query: Any) -> None:
    before = mixed.items(), mixed.key_store("acme")

    refused = mixed.shred("acme", query=query)

    assert (refused.status, refused.slug) == (409, "records-outside-branch-key")
    assert refused.body["count"] == 3
    assert refused.body["detail"].startswith("3 of the tenant's records")
    assert (mixed.items(), mixed.key_store("acme")) == before


def test_exactly_what_is_outside_is_deleted_before_shredding(mixed: Any) -> None:
    answer = mixed.shred("acme", query=DELETING)

    assert (answer.status, answer.body["deleted_records"]) == (200, 3)
    assert records(mixed) == ["b-1", "b-2"]
    assert records(mixed, "globex") == ["p-1"]
    assert set(mixed.key_store("acme")) == {"shredded"}


def test_nothing_is_deleted_of_a_tenant_without_branch_key(tenants: Any, record_strategy: Any) -> None:
    record_strategy.put("acme", "p-1", {})

    assert tenants.shred("acme", query=DELETING).slug == "branch-key-not-found"
    assert records(tenants) == ["p-1"]


def test_a_record_of_another_tenants_branch_key_is_outside(tenants: Any) -> None:
    tenants.create("acme", "globex")
    tenants.put("globex", "p-1", {})
    tenants.plant({**tenants.item("globex", "p-1"), "tenant": {"S": "acme"}})

    assert tenants.shred("acme").body["count"] == 1


def test_a_record_with_one_further_key_is_outside(tenants: Any) -> None:
    tenants.create("acme")
    tenants.put("acme", "p-1", {})
    item = tenants.item("acme", "p-1")
    header = item["aws_dbe_head"]["B"]
    start = header.index(b"\x00\x11aws-kms-hierarchy")
    entry = b"\x00\x07aws-kms" + b"\x00\x01k" + b"\x00\x01c"
    further = header[: start - 1] + b"\x02" + header[start:-32] + entry + header[-32:]
    tenants.plant({**item, "aws_dbe_head": {"B": further}})

    assert tenants.shred("acme").body["count"] == 1


def test_a_record_rewritten_while_it_is_deleted_stays_and_stops_the_shredding(
    mixed: Any, record_strategy: Any
) -> None:
    client = mixed.admin._container.own.store.client

    def rewrite(params: Any, **_: Any) -> None:
        if params["Key"]["record"]["S"] == "a-outside":
            record_strategy.put("acme", "a-outside", {"n": "new"})

    client.meta.events.register("provide-client-params.dynamodb.DeleteItem", rewrite)
    refused = mixed.shred("acme", query=DELETING)
    client.meta.events.unregister("provide-client-params.dynamodb.DeleteItem", rewrite)

    assert (refused.slug, refused.body["count"]) == ("records-outside-branch-key", 1)
    assert records(mixed) == ["a-outside", "b-1", "b-2"]
    assert "branch:ACTIVE" in mixed.key_store("acme")
    again = mixed.shred("acme", query=DELETING)
    assert (again.status, again.body["deleted_records"]) == (200, 1)


def test_a_record_deleted_by_somebody_else_meanwhile_is_no_obstacle(mixed: Any) -> None:
    client = mixed.admin._container.own.store.client

    def remove(params: Any, **_: Any) -> None:
        mixed.table.delete_item(TableName="unit-records", Key=params["Key"])

    client.meta.events.register("provide-client-params.dynamodb.DeleteItem", remove)
    answer = mixed.shred("acme", query=DELETING)
    client.meta.events.unregister("provide-client-params.dynamodb.DeleteItem", remove)

    assert answer.status == 200
    assert records(mixed) == ["b-1", "b-2"]
