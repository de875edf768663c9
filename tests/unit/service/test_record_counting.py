"""Counting before a tenant is shredded: over many requests, by headers alone, whatever is in the table."""

from typing import Any

import pytest

from service import record_counting

DELETING = {"delete-records": "true"}


def records(tenants: Any, tenant: str = "acme") -> list[str]:
    return [item["record"]["S"] for item in tenants.items() if item["tenant"]["S"] == tenant]


def test_a_count_that_runs_out_of_time_goes_on_with_its_cursor(
    tenants: Any, record_strategy: Any, make_context: Any
) -> None:
    tenants.create("acme")
    for number in range(20):
        record_strategy.put("acme", f"p-{number:02}", {})
    tenants.put("acme", "q", {})

    first = tenants.shred("acme", query=DELETING, context=make_context(7_000))
    cursor = {**DELETING, "cursor": first.body["cursor"]}
    second = tenants.shred("acme", query=cursor, context=make_context(7_000))
    cursor = {**DELETING, "cursor": second.body["cursor"]}
    last = tenants.shred("acme", query=cursor)

    assert (first.status, second.status) == (202, 202)
    assert first.body == {
        "tenant": "acme",
        "state": "counting",
        "counted": record_counting.AT_A_TIME,
        "outside": 0,
        "deleted_records": record_counting.AT_A_TIME,
        "cursor": first.body["cursor"],
    }
    assert (second.body["counted"], second.body["deleted_records"]) == (16, 16)
    assert (last.status, last.body["deleted_records"]) == (200, 20)
    assert records(tenants) == ["q"]


def test_what_is_outside_is_counted_over_all_requests(
    tenants: Any, record_strategy: Any, make_context: Any
) -> None:
    tenants.create("acme")
    record_strategy.put("acme", "a", {})
    for number in range(4):
        tenants.put("acme", f"p-{number}", {"n": "x" * 350_000})

    first = tenants.shred("acme", context=make_context(7_000))
    refused = tenants.shred("acme", query={"cursor": first.body["cursor"]})

    assert first.status == 202
    assert (first.body["outside"], first.body["deleted_records"]) == (1, 0)
    assert first.body["counted"] < 5
    assert (refused.slug, refused.body["count"]) == ("records-outside-branch-key", 1)


def test_nothing_is_shredded_that_time_does_not_cover(tenants: Any, make_context: Any) -> None:
    tenants.create("acme")
    tenants.put("acme", "p-1", {})

    first = tenants.shred("acme", context=make_context(6_000))

    assert (first.status, first.body["counted"]) == (202, 1)
    assert "branch:ACTIVE" in tenants.key_store("acme")
    last = tenants.shred("acme", query={"cursor": first.body["cursor"]})
    assert last.status == 200
    assert any(", 1 of them, stay" in remark for remark in last.body["remarks"])


@pytest.mark.parametrize(
    ("tenant", "query"), [("globex", DELETING), ("acme", {}), ("acme", {"delete-records": "false"})]
)
def test_a_count_belongs_to_its_tenant_and_its_request(
    mixed: Any, make_context: Any, tenant: str, query: Any
) -> None:
    cursor = mixed.shred("acme", query=DELETING, context=make_context(5_000)).body["cursor"]

    refused = mixed.shred(tenant, query={**query, "cursor": cursor})

    assert (refused.status, refused.slug) == (400, "invalid-cursor")
    assert "branch:ACTIVE" in mixed.key_store(tenant)


@pytest.mark.parametrize("planted", ["\x00" * 200, "é" * 512, ",,,", "p-1\n"])
def test_a_planted_id_is_counted_and_passed(
    tenants: Any, record_strategy: Any, make_context: Any, planted: str
) -> None:
    tenants.create("acme")
    for number in range(record_counting.AT_A_TIME - 1):
        record_strategy.put("acme", f"0-{number}", {})
    tenants.plant({"tenant": {"S": "acme"}, "record": {"S": planted}})
    record_strategy.put("acme", "zz", {})

    answer = tenants.shred("acme", query=DELETING, context=make_context(7_000))
    while answer.status == 202:
        answer = tenants.shred("acme", query={**DELETING, "cursor": answer.body["cursor"]})

    assert answer.body["deleted_records"] == record_counting.AT_A_TIME + 1
    assert records(tenants) == []


def test_counting_reads_ids_and_headers_only(mixed: Any) -> None:
    asked = []
    client = mixed.admin._container.own.store.client
    client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params)
    )
    mixed.shred("acme")

    of_records = [params for params in asked if params["TableName"] == "unit-records"]
    assert of_records
    for params in of_records:
        names = params["ExpressionAttributeNames"]
        read = {names[name.strip()] for name in params["ProjectionExpression"].split(",")}
        assert read == set(names.values()) == {"tenant", "record", "aws_dbe_head"}
        assert params["Select"] == "SPECIFIC_ATTRIBUTES"
