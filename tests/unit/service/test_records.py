"""Records through the handlers: what goes in comes out, and what lies in the table is sealed."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def test_a_new_record_is_created_and_comes_back_as_it_was(service: Any) -> None:
    data = {
        "name": "Ana Žižek 😀",
        "visits": [{"on": "2026-01-31", "fee": 120.5}],
        "smoker": False,
        "note": None,
    }

    created = service.put("acme", "p-1", data)
    found = service.get("acme", "p-1")

    assert created.status == 201
    assert created.body["tenant"] == "acme"
    assert created.body["record"] == "p-1"
    assert created.headers["ETag"] == f'"{created.body["revision"]}"'
    assert found.status == 200
    assert found.body == data
    assert found.headers["ETag"] == created.headers["ETag"]
    assert found.headers["Content-Type"] == "application/json"
    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    stored_at = datetime.fromisoformat(created.body["updated_at"])
    assert parsedate_to_datetime(found.headers["Last-Modified"]) == stored_at.replace(microsecond=0)
    assert abs((datetime.now(UTC) - stored_at).total_seconds()) < 60


def test_no_answer_may_be_kept_or_taken_for_another_type(service: Any) -> None:
    created = service.put("acme", "p-1", {"n": 1})
    answers = {
        "created": created,
        "read": service.get("acme", "p-1"),
        "absent": service.get("acme", "p-2"),
        "refused": service.put("acme", "p-3", 1),
        "method": service.call("POST", "acme", "p-1"),
        "deleted": service.call("DELETE", "acme", "p-1", headers={"If-Match": created.headers["ETag"]}),
    }

    assert {name: answer.status for name, answer in answers.items()} == {
        "created": 201,
        "read": 200,
        "absent": 404,
        "refused": 400,
        "method": 405,
        "deleted": 204,
    }
    for answer in answers.values():
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_numbers_keep_their_exact_value(service: Any) -> None:
    body = (
        '{"a":0.10,"b":12345678901234567890123456789012345678,"c":1E-130,'
        '"d":-9.9999999999999999999999999999999999999E125}'
    )

    assert service.call("PUT", "acme", "n", body=body).status == 201

    assert service.get("acme", "n").text == (
        '{"a":0.1,"b":1.2345678901234567890123456789012345678E+37,"c":1E-130,'
        '"d":-9.9999999999999999999999999999999999999E+125}'
    )


def test_nothing_of_the_content_lies_in_the_table(service: Any) -> None:
    service.put("acme", "p-1", {"name": "Ana", "diagnosis": {"code": "J45"}})

    item = service.item("acme", "p-1")

    assert {name: next(iter(value)) for name, value in item.items()} == {
        "tenant": "S",
        "record": "S",
        "revision": "S",
        "updated_at": "S",
        "name": "B",
        "diagnosis": "B",
        "aws_dbe_head": "B",
        "aws_dbe_foot": "B",
    }
    assert b"Ana" not in item["name"]["B"]
    assert b"J45" not in item["diagnosis"]["B"]


def test_an_attribute_that_the_settings_name_stays_readable(start: Any) -> None:
    service = start(PLAINTEXT_ATTRIBUTES="country, status")

    service.put("acme", "p-1", {"country": "SI", "name": "Ana"})

    item = service.item("acme", "p-1")
    assert item["country"] == {"S": "SI"}
    assert "B" in item["name"]
    assert service.get("acme", "p-1").body == {"country": "SI", "name": "Ana"}


def test_kms_is_bound_to_tenant_and_record(service: Any) -> None:
    contexts = []
    service.writer._container.own.store.encryptor._keyring._kms._client.meta.events.register(
        "provide-client-params.kms.GenerateDataKey",
        lambda params, **_: contexts.append(params["EncryptionContext"]),
    )

    service.put("acme", "p-1", {"name": "Ana"})

    assert contexts == [
        {
            "aws-crypto-table-name": "records",
            "aws-crypto-partition-name": "tenant",
            "aws-crypto-sort-name": "record",
            "aws-crypto-legend": "SS",
            "aws-crypto-attr.tenant": "acme",
            "aws-crypto-attr.record": "p-1",
        }
    ]


def test_a_second_put_replaces_and_has_another_revision(service: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})
    second = service.put("acme", "p-1", {"m": 2})

    assert (first.status, second.status) == (201, 200)
    assert first.body["revision"] != second.body["revision"]
    assert service.get("acme", "p-1").body == {"m": 2}


def test_an_empty_object_is_a_record(service: Any) -> None:
    assert service.put("acme", "empty", {}).status == 201
    assert service.get("acme", "empty").text == "{}"


def test_a_write_with_the_current_revision_is_made(service: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})

    replaced = service.put("acme", "p-1", {"n": 2}, headers={"If-Match": first.headers["ETag"]})

    assert replaced.status == 200
    assert service.get("acme", "p-1").body == {"n": 2}


def test_a_write_with_an_old_revision_changes_nothing(service: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})
    service.put("acme", "p-1", {"n": 2})

    refused = service.put("acme", "p-1", {"n": 3}, headers={"If-Match": first.headers["ETag"]})

    assert (refused.status, refused.slug) == (412, "revision-mismatch")
    assert service.get("acme", "p-1").body == {"n": 2}


def test_a_revision_of_a_record_that_is_absent_does_not_match(service: Any) -> None:
    refused = service.put("acme", "p-1", {"n": 3}, headers={"If-Match": f'"{"0" * 32}"'})

    assert (refused.status, refused.slug) == (412, "revision-mismatch")
    assert "does not exist" in refused.body["detail"]
    assert service.items() == []


def test_creating_only_refuses_what_exists(service: Any) -> None:
    created = service.put("acme", "p-1", {"n": 1}, headers={"If-None-Match": "*"})
    refused = service.put("acme", "p-1", {"n": 2}, headers={"If-None-Match": "*"})

    assert created.status == 201
    assert (refused.status, refused.slug) == (409, "record-exists")
    assert service.get("acme", "p-1").body == {"n": 1}


def test_replacing_only_refuses_what_is_absent(service: Any) -> None:
    refused = service.put("acme", "p-1", {"n": 1}, headers={"If-Match": "*"})
    service.put("acme", "p-1", {"n": 1})
    replaced = service.put("acme", "p-1", {"n": 2}, headers={"If-Match": "*"})

    assert (refused.status, refused.slug) == (412, "revision-mismatch")
    assert replaced.status == 200


def test_a_deleted_record_is_gone(service: Any) -> None:
    service.put("acme", "p-1", {"n": 1})

    deleted = service.call("DELETE", "acme", "p-1")

    assert (deleted.status, deleted.text) == (204, "")
    assert service.items() == []
    assert (service.get("acme", "p-1").status, service.get("acme", "p-1").slug) == (404, "record-not-found")


def test_deleting_what_is_absent_is_not_found(service: Any) -> None:
    assert service.call("DELETE", "acme", "p-1").slug == "record-not-found"


def test_deleting_an_old_revision_deletes_nothing(service: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})
    second = service.put("acme", "p-1", {"n": 2})

    refused = service.call("DELETE", "acme", "p-1", headers={"If-Match": first.headers["ETag"]})
    assert (refused.status, refused.slug) == (412, "revision-mismatch")
    assert "changed" in refused.body["detail"]
    assert service.get("acme", "p-1").body == {"n": 2}

    assert service.call("DELETE", "acme", "p-1", headers={"If-Match": second.headers["ETag"]}).status == 204


def test_tenants_do_not_see_each_other(service: Any) -> None:
    service.put("acme", "p-1", {"n": 1})

    assert service.get("globex", "p-1").status == 404
    assert service.call("GET", "globex").body == {"records": [], "failed": [], "cursor": None}


def test_a_record_that_is_too_large_when_encrypted_is_refused(service: Any) -> None:
    refused = service.put("acme", "big", {"blob": "x" * 409_600})

    assert (refused.status, refused.slug, refused.body["limit"]) == (413, "record-too-large", 409_600)
    assert service.items() == []


def test_a_large_record_below_the_limit_is_kept(service: Any) -> None:
    data = {"blob": "x" * 290_000}

    assert service.put("acme", "big", data).status == 201
    assert service.get("acme", "big").body == data


def test_a_write_makes_one_call_to_kms_and_one_to_the_table(service: Any) -> None:
    calls = []
    store = service.writer._container.own.store
    for client in (store.client, store.encryptor._keyring._kms._client):
        client.meta.events.register("before-send.*.*", lambda event_name, **_: calls.append(event_name))

    service.put("acme", "p-1", {"n": 1})
    assert calls == ["before-send.kms.GenerateDataKey", "before-send.dynamodb.PutItem"]

    calls.clear()
    service.call("DELETE", "acme", "p-1")
    assert calls == ["before-send.dynamodb.DeleteItem"]


def test_a_body_in_base64_is_decoded(service: Any) -> None:
    body = b64encode(json.dumps({"n": "ž"}, ensure_ascii=False).encode()).decode()

    assert service.call("PUT", "acme", "p-1", body=body, isBase64Encoded=True).status == 201
    assert service.get("acme", "p-1").body == {"n": "ž"}
