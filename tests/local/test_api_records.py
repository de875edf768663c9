"""Records through the deployed API: over HTTP, signed, into a table that holds no content."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

PATIENT = {
    "name": "Ana Žižek 🩺",
    "born": "1984-02-29",
    "visits": [{"on": "2026-01-31", "fee": 120.5, "paid": True, "note": None}],
}
POINTER = {"key": "tenants/acme/scan-17", "length": 1048576, "header_sha256": "0123456789abcdef" * 4}


def test_a_record_goes_in_encrypted_and_comes_out(api: Any) -> None:
    created = api.put("p-1", PATIENT)
    found = api.get("p-1")

    assert created.status == 201
    assert created.body == {
        "tenant": "acme",
        "record": "p-1",
        "revision": created.headers["etag"].strip('"'),
        "updated_at": created.body["updated_at"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", created.body["updated_at"])
    assert (found.status, found.body, found.headers["etag"]) == (200, PATIENT, created.headers["etag"])
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["x-content-type-options"] == "nosniff"
    item = api.item("p-1")
    assert {name for name, value in item.items() if "B" in value} == {
        "name",
        "born",
        "visits",
        "aws_dbe_head",
        "aws_dbe_foot",
    }
    assert "Žižek".encode() not in item["name"]["B"]


def test_numbers_keep_their_exact_value(api: Any) -> None:
    api.put("n", b'{"fee":72.50,"big":12345678901234567890123456789012345678,"small":1e-130}')

    assert (
        api.get("n").text == '{"big":1.2345678901234567890123456789012345678E+37,"fee":72.5,"small":1E-130}'
    )


def test_a_record_with_pointers_to_objects_comes_back(api: Any) -> None:
    data = {"scan": {"$object": POINTER}, "pages": [{"$object": {**POINTER, "length": 5497558138880}}]}

    assert api.put("scanned", data).status == 201
    assert api.get("scanned").body == data
    assert b"scan-17" not in api.item("scanned")["scan"]["B"]


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"key": "tenants/globex/scan-17"}, "/key"),
        ({"key": "tenants/acme/../globex/scan-17"}, "/key"),
        ({"length": True}, "/length"),
        ({"bucket": "elsewhere"}, ""),
    ],
)
def test_a_pointer_to_anything_else_than_an_object_of_the_tenant_changes_nothing(
    api: Any, changes: dict[str, Any], member: str
) -> None:
    api.put("scanned", {"n": 1})
    before = api.items()

    refused = api.put("scanned", {"scans": [{"$object": {**POINTER, **changes}}]})

    assert (refused.status, refused.slug) == (400, "invalid-object-pointer")
    assert refused.body["field"] == f"/scans/0/$object{member}"
    assert api.items() == before


def test_large_records_come_back(api: Any) -> None:
    data = {"scan": "x" * 380_000}

    assert api.put("large", data).status == 201
    assert api.get("large").body == data


def test_only_one_of_several_creators_wins(api: Any) -> None:
    def create(number: int) -> Any:
        return api.put("p-1", {"by": number}, headers={"If-None-Match": "*"})

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(create, range(6)))

    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409, 409]
    (winner,) = [number for number, reply in enumerate(replies) if reply.status == 201]
    assert api.get("p-1").body == {"by": winner}


def test_of_several_who_replace_one_revision_one_wins(api: Any) -> None:
    etag = api.put("p-1", {"by": None}).headers["etag"]

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda n: api.put("p-1", {"by": n}, headers={"If-Match": etag}), range(6)))

    assert sorted(reply.status for reply in replies) == [200, 412, 412, 412, 412, 412]


def test_a_deleted_record_is_gone(api: Any) -> None:
    etag = api.put("p-1", {}).headers["etag"]

    assert api.delete("p-1", headers={"If-Match": f'"{"0" * 32}"'}).slug == "revision-mismatch"
    deleted = api.delete("p-1", headers={"If-Match": etag})

    assert (deleted.status, deleted.text) == (204, "")
    assert api.items() == []
    assert (api.get("p-1").slug, api.delete("p-1").slug) == ("record-not-found", "record-not-found")


def test_a_list_is_read_page_by_page(api: Any, globex: Any) -> None:
    for number in range(7):
        api.put(f"p-{number}", {"n": number})
    globex.put("p-9", {"n": 9})

    first = api.page(limit="4")
    second = api.page(limit="4", cursor=first.body["cursor"])

    assert [entry["record"] for entry in first.body["records"]] == ["p-0", "p-1", "p-2", "p-3"]
    assert [entry["data"] for entry in second.body["records"]] == [{"n": 4}, {"n": 5}, {"n": 6}]
    assert second.body["cursor"] is None
    assert [entry["record"] for entry in api.page(prefix="p-6").body["records"]] == ["p-6"]


def test_tenants_do_not_see_each_other(api: Any, globex: Any) -> None:
    api.put("p-1", {"n": 1})

    assert globex.get("p-1").slug == "record-not-found"
    assert globex.delete("p-1").slug == "record-not-found"
    assert globex.page().body["records"] == []
    assert api.get("p-1").status == 200


def test_each_call_asks_kms_once(api: Any) -> None:
    def added(call: Any) -> dict[str, int]:
        before = api.aws.kms_calls()
        call()
        return {
            name: n - before.get(name, 0)
            for name, n in api.aws.kms_calls().items()
            if n != before.get(name, 0)
        }

    assert added(lambda: api.put("p-1", {"n": 1})) == {"GenerateDataKey": 1}
    assert added(lambda: api.get("p-1")) == {"Decrypt": 1}
    assert added(lambda: api.delete("p-1")) == {}


def test_a_request_leaves_one_log_line_and_its_metrics(api: Any) -> None:
    api.put("p-1", {"name": "Ana"})

    reply = api.get("absent")

    logged = api.reader_log(reply.body["request_id"])
    (line,) = [line for line in logged if line.get("request_id") == reply.body["request_id"]]
    assert (line["operation"], line["status"], line["problem"]) == ("get_record", 404, "record-not-found")
    metrics = [line for line in logged if "_aws" in line][-1]
    assert (metrics["service"], metrics["operation"]) == ("records-reader", "get_record")
    assert metrics["Errors4xx"] == [1.0]
