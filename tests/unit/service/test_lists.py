"""Pages: in order, bounded, and complete when all are read."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from service import record_reads


def ids(page: Any) -> Any:
    return [entry["record"] for entry in page.body["records"]]


def pages(service: Any, tenant: str = "acme", **query: Any) -> Any:
    """All pages, as a caller reads them."""
    read = [service.call("GET", tenant, query=query or None)]
    while read[-1].body["cursor"] is not None:
        read.append(service.call("GET", tenant, query={**query, "cursor": read[-1].body["cursor"]}))
    return read


@pytest.fixture
def filled(service: Any) -> Any:
    for number in range(12):
        service.put("acme", f"p-{number:02}", {"n": number})
    service.put("acme", "x-1", {"n": 100})
    service.put("globex", "p-00", {"n": 200})
    return service


def test_a_page_holds_records_in_ascending_order(filled: Any) -> None:
    page = filled.call("GET", "acme")

    assert page.status == 200
    assert ids(page) == [f"p-{number:02}" for number in range(12)] + ["x-1"]
    assert page.body["failed"] == []
    assert page.body["cursor"] is None
    first = page.body["records"][0]
    single = filled.get("acme", "p-00")
    assert first["data"] == {"n": 0}
    assert f'"{first["revision"]}"' == single.headers["ETag"]
    assert first["updated_at"].endswith("Z")


@pytest.mark.parametrize("limit", [1, 4, 9, 13, 100])
def test_pages_together_hold_every_record_once(filled: Any, limit: int) -> None:
    read = pages(filled, limit=str(limit))

    assert [record for page in read for record in ids(page)] == [f"p-{n:02}" for n in range(12)] + ["x-1"]
    assert all(len(ids(page)) <= limit for page in read)


def test_a_prefix_chooses(filled: Any) -> None:
    assert ids(filled.call("GET", "acme", query={"prefix": "x"})) == ["x-1"]
    read = pages(filled, prefix="p-0", limit="3")
    assert [record for page in read for record in ids(page)] == [f"p-0{number}" for number in range(10)]


def test_without_a_limit_a_page_holds_twenty_five(service: Any) -> None:
    for number in range(26):
        service.put("acme", f"p-{number:02}", {})

    assert [len(ids(page)) for page in pages(service)] == [25, 1]


def test_a_cursor_of_another_tenant_or_prefix_is_refused(filled: Any) -> None:
    cursor = filled.call("GET", "acme", query={"limit": "1"}).body["cursor"]

    for tenant, query in [("globex", {}), ("acme", {"prefix": "p"})]:
        refused = filled.call("GET", tenant, query={"cursor": cursor, **query})
        assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-cursor", "cursor")


def test_a_page_is_cut_where_the_answer_would_grow_too_large(
    filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_reads, "MAX_PAGE_BYTES", 700)

    read = pages(filled)

    assert [record for page in read for record in ids(page)] == [f"p-{n:02}" for n in range(12)] + ["x-1"]
    assert {len(ids(page)) for page in read[:-1]} == {3}


def test_a_record_larger_than_a_page_is_still_answered(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_reads, "MAX_PAGE_BYTES", 10)
    service.put("acme", "a", {"n": "x" * 1000})
    service.put("acme", "b", {"n": "x" * 1000})

    assert [ids(page) for page in pages(service)] == [["a"], ["b"]]


def test_the_largest_page_fits_into_what_a_function_may_answer(service: Any) -> None:
    for number in range(6):
        service.put("acme", f"p-{number}", {"n": "\x01" * 150_000})

    read = pages(service)

    assert [record for page in read for record in ids(page)] == [f"p-{number}" for number in range(6)]
    assert all(len(json.dumps(page.text)) < 6 * 1024 * 1024 for page in read)


def test_a_page_is_cut_when_too_little_time_is_left(filled: Any, make_context: Any) -> None:
    page = filled.call("GET", "acme", context=make_context(10_000))

    assert ids(page) == [f"p-{number:02}" for number in range(record_reads.AT_A_TIME)]
    assert page.body["cursor"] is not None


def test_throttling_fails_the_page_instead_of_hiding_records(filled: Any, faults: Any) -> None:
    faults("Decrypt").answer(400, "ThrottlingException")

    assert filled.call("GET", "acme").slug == "throttled"


def test_a_record_whose_key_kms_refuses_does_not_hide_the_rest(service: Any, start: Any) -> None:
    service.put("acme", "p-1", {"n": 1})
    lost = service.kms.create_key()["KeyMetadata"]["Arn"]
    other = start(ENVELOPE_KEY_ARN=lost)
    other.put("acme", "p-2", {"n": 2})
    reader = start(ENVELOPE_KEY_ARN=service.key_arn, DECRYPT_KEY_ARNS=lost)
    assert ids(reader.call("GET", "acme")) == ["p-1", "p-2"]

    client = reader.reader._container.own.store.encryptor._keyring._kms._client

    def disabled(params: Any, **_: Any) -> None:
        if params["KeyId"] == lost:
            raise ClientError(
                {"Error": {"Code": "DisabledException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, ""
            )

    client.meta.events.register("provide-client-params.kms.Decrypt", disabled)
    page = reader.call("GET", "acme")

    assert ids(page) == ["p-1"]
    assert page.body["failed"][0]["problem"]["type"] == "urn:sealed-records:problem:key-unavailable"
    assert reader.call("GET", "acme", query={"prefix": "p-2"}).slug == "key-unavailable"
