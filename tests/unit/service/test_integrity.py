"""Whatever is changed in the table is found, and never answered with."""

import json
from typing import Any

import pytest

from service.record_reads import StoredRecord
from service.requests import PutRequest, RecordPath


@pytest.fixture
def stored(service: Any) -> Any:
    service.put("acme", "p-1", {"name": "Ana", "note": "private"})
    service.put("acme", "p-2", {"name": "Ben", "note": "private"})
    return service


def refused(service: Any, tenant: str, record: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """The answer to a read that must fail, and the line that is logged of it."""
    capsys.readouterr()
    answer = service.get(tenant, record)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (answer.status, answer.slug) == (500, "integrity-failure")
    assert "Ana" not in answer.text
    (finding,) = [line for line in lines if line.get("message") == "integrity failure"]
    assert (finding["level"], finding["tenant"], finding["record"]) == ("ERROR", tenant, record)
    assert [line["IntegrityFailures"] for line in lines if "IntegrityFailures" in line] == [[1.0]]
    return finding["reason"]


def test_a_record_copied_to_another_tenant_is_refused(
    stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.plant({**stored.item("acme", "p-1"), "tenant": {"S": "globex"}})

    assert refused(stored, "globex", "p-1", capsys) == "DataKeyError"


def test_a_record_copied_to_another_id_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stored.plant({**stored.item("acme", "p-1"), "record": {"S": "p-2"}})

    assert refused(stored, "acme", "p-2", capsys) == "DataKeyError"


@pytest.mark.parametrize("name", ["name", "aws_dbe_foot"])
def test_a_flipped_bit_is_refused(stored: Any, capsys: pytest.CaptureFixture[str], name: str) -> None:
    item = stored.item("acme", "p-1")
    changed = bytearray(item[name]["B"])
    changed[-1] ^= 1

    stored.plant({**item, name: {"B": bytes(changed)}})

    assert refused(stored, "acme", "p-1", capsys) == "SignatureError"


def test_the_header_of_another_record_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    other = stored.item("acme", "p-2")

    stored.plant({**stored.item("acme", "p-1"), "aws_dbe_head": other["aws_dbe_head"]})

    assert refused(stored, "acme", "p-1", capsys) == "DataKeyError"


def test_the_value_of_another_record_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stored.plant({**stored.item("acme", "p-1"), "name": stored.item("acme", "p-2")["name"]})

    assert refused(stored, "acme", "p-1", capsys) == "SignatureError"


def test_a_dropped_attribute_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    item = stored.item("acme", "p-1")
    del item["note"]
    stored.plant(item)

    refused(stored, "acme", "p-1", capsys)


def test_an_added_attribute_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stored.plant({**stored.item("acme", "p-1"), "admin": {"BOOL": True}})

    refused(stored, "acme", "p-1", capsys)


def test_a_changed_revision_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stored.plant({**stored.item("acme", "p-1"), "revision": {"S": "0" * 32}})

    assert refused(stored, "acme", "p-1", capsys) == "SignatureError"


def test_a_planted_item_that_is_not_encrypted_is_refused(
    stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.plant(
        {
            "tenant": {"S": "acme"},
            "record": {"S": "planted"},
            "revision": {"S": "0" * 32},
            "updated_at": {"S": "2026-01-01T00:00:00.000000Z"},
            "name": {"S": "Mallory"},
        }
    )

    assert refused(stored, "acme", "planted", capsys) == "ItemNotEncryptedError"


def test_an_item_without_its_header_is_refused(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    item = stored.item("acme", "p-1")
    del item["aws_dbe_head"]
    stored.plant(item)

    refused(stored, "acme", "p-1", capsys)


def test_a_record_without_revision_is_none_of_ours(stored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    encryptor = stored.writer._container.own.store.encryptor
    stored.plant(encryptor.encrypt({"tenant": {"S": "acme"}, "record": {"S": "odd"}, "name": {"S": "Ana"}}))

    assert refused(stored, "acme", "odd", capsys) == "NoRevision"


def test_an_old_version_put_back_is_not_noticed(stored: Any) -> None:
    # A documented limit: the format knows no newest version.
    old = stored.item("acme", "p-1")
    stored.put("acme", "p-1", {"name": "Anna"})
    stored.plant(old)

    assert stored.get("acme", "p-1").body["name"] == "Ana"


def test_a_list_names_what_it_cannot_open_and_shows_the_rest(
    stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.put("acme", "p-3", {"name": "Cid"})
    stored.plant({**stored.item("acme", "p-1"), "record": {"S": "p-2"}})
    capsys.readouterr()

    page = stored.call("GET", "acme")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert page.status == 200
    assert [entry["record"] for entry in page.body["records"]] == ["p-1", "p-3"]
    (failed,) = page.body["failed"]
    assert failed["record"] == "p-2"
    assert failed["problem"]["type"] == "urn:sealed-records:problem:integrity-failure"
    assert [line["IntegrityFailures"] for line in lines if "IntegrityFailures" in line] == [[1.0]]


@pytest.mark.parametrize("letter", range(6))
def test_a_changed_letter_of_the_legend_is_a_finding_and_no_outage(
    stored: Any, capsys: pytest.CaptureFixture[str], letter: int
) -> None:
    """AWS's key policy refuses a context of another form; that must not look like a key out of order."""
    item = stored.item("acme", "p-1")
    header = item["aws_dbe_head"]["B"]
    legend = 2 + 32 + 2 + letter
    changed = {b"s": b"c", b"c": b"s", b"e": b"c"}[header[legend : legend + 1]]
    asked = []
    stored.reader._container.own.store.encryptor._keyring._kms._client.meta.events.register(
        "before-call.kms.Decrypt", lambda **_: asked.append(1)
    )

    stored.plant({**item, "aws_dbe_head": {"B": header[:legend] + changed + header[legend + 1 :]}})

    refused(stored, "acme", "p-1", capsys)
    assert asked == []


def test_a_header_that_no_context_can_hold_does_not_hide_the_other_records(stored: Any) -> None:
    item = stored.item("acme", "p-1")
    header = bytearray(item["aws_dbe_head"]["B"])
    header[1] = 1  # flavor 01, with a public key of its own
    pair = b"\x00\x15aws-crypto-public-key" + (60_000).to_bytes(2, "big") + b"A" * 60_000
    legend_end = 36 + int.from_bytes(header[34:36], "big")
    forged = bytes(header[:legend_end]) + b"\x00\x01" + pair + bytes(header[legend_end + 2 :])
    stored.plant({**item, "aws_dbe_head": {"B": forged}})

    page = stored.call("GET", "acme")

    assert page.status == 200
    assert [entry["record"] for entry in page.body["records"]] == ["p-2"]
    assert [entry["problem"]["type"] for entry in page.body["failed"]] == [
        "urn:sealed-records:problem:integrity-failure"
    ]


@pytest.mark.parametrize("planted", ["!", "p-1/../x", "x" * 1024, "é" * 512])
def test_a_planted_id_does_not_end_the_list(stored: Any, planted: str) -> None:
    stored.plant({**stored.item("acme", "p-1"), "record": {"S": planted}})
    found, failed, cursor = [], [], {}

    for _ in range(4):
        page = stored.call("GET", "acme", query={"limit": "1", **cursor})
        assert page.status == 200
        found += [entry["record"] for entry in page.body["records"]]
        failed += [entry["record"] for entry in page.body["failed"]]
        if page.body["cursor"] is None:
            break
        cursor = {"cursor": page.body["cursor"]}

    assert (found, failed) == (["p-1", "p-2"], [planted])


def test_what_holds_a_record_in_clear_does_not_show_it() -> None:
    request = PutRequest(path=RecordPath("acme", "p-1"), data={"name": {"S": "Ana"}}, precondition=None)
    opened = StoredRecord(record="p-1", revision="0" * 32, updated_at="now", data='{"name": "Ana"}')

    assert "Ana" not in repr(request) + repr(opened)
