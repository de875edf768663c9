"""Whatever is changed in the key store, or in what points to it, is found and reported, and opens nothing."""

from typing import Any

import pytest

HIERARCHY = b"\x00\x11aws-kms-hierarchy"
NOT_VERIFIED = (500, "branch-key-not-verified")


@pytest.fixture
def stored(tenants: Any) -> Any:
    tenants.create("acme", "globex")
    tenants.put("acme", "p-1", {"name": "Ana"})
    tenants.put("globex", "p-1", {"name": "Ben"})
    tenants.forget()
    return tenants


def with_header(item: Any, old: bytes, new: bytes) -> Any:
    header = item["aws_dbe_head"]["B"]
    assert header.count(old) == 1
    return {**item, "aws_dbe_head": {"B": header.replace(old, new)}}


def edited(items: Any, kind: str) -> Any:
    """Items of a key store, changed as somebody with access to its table could."""
    active, version = items["branch:ACTIVE"], next(items[name] for name in items if "version" in name)
    swapped = bytearray(version["enc"]["B"])
    swapped[-1] ^= 1
    earlier = {"create-time": {"S": "2020-01-01T00:00:00.000000Z"}}
    return {
        "time": [{**active, **earlier}, {**version, **earlier}],
        "bytes": [{**active, "enc": {"B": bytes(swapped)}}, {**version, "enc": {"B": bytes(swapped)}}],
        "attribute": [{**active, "note": {"S": "x"}}, {**version, "note": {"S": "x"}}],
        "key": [
            {**found, "kms-arn": {"S": found["kms-arn"]["S"].rpartition("/")[0] + "/other"}}
            for found in (active, version)
        ],
        "context": [{**found, "aws-crypto-ec:tenant": {"S": "globex"}} for found in (active, version)],
    }[kind]


@pytest.mark.parametrize("kind", ["time", "bytes", "attribute", "key", "context"])
def test_an_edited_branch_key_opens_nothing_and_is_reported(stored: Any, findings: Any, kind: str) -> None:
    for item in edited(stored.key_store("acme"), kind):
        stored.plant_key(item)

    read, written = stored.get("acme", "p-1"), stored.put("acme", "p-2", {"name": "Cid"})

    assert (read.status, read.slug) == (written.status, written.slug) == NOT_VERIFIED
    assert findings() == [("acme", "p-1", "BranchKeyItemError"), ("acme", "p-2", "BranchKeyItemError")]
    assert stored.get("globex", "p-1").body == {"name": "Ben"}


def test_an_edited_branch_key_does_not_hide_records_of_another_version(stored: Any, findings: Any) -> None:
    stored.ask("POST", "/branch-keys/acme/versions")
    stored.put("acme", "p-2", {"name": "Cid"})
    first = min(
        (item for name, item in stored.key_store("acme").items() if "version" in name),
        key=lambda item: item["create-time"]["S"],
    )
    stored.plant_key({**first, "note": {"S": "x"}})

    page = stored.call("GET", "acme").body

    assert [found["record"] for found in page["records"]] == ["p-2"]
    assert [(found["record"], found["problem"]["type"]) for found in page["failed"]] == [
        ("p-1", "urn:sealed-records:problem:branch-key-not-verified")
    ]
    assert findings() == [("acme", "p-1", "BranchKeyItemError")]


def test_a_branch_key_moved_to_another_tenant_does_not_open(stored: Any, findings: Any) -> None:
    for item in stored.key_store("globex").values():
        stored.plant_key({**item, "branch-key-id": {"S": "initech"}})
    stored.plant({**stored.item("globex", "p-1"), "tenant": {"S": "initech"}})
    taken = with_header(stored.item("globex", "p-1"), b"globex", b"initec")
    stored.plant({**taken, "tenant": {"S": "initec"}})

    assert stored.put("initech", "p-2", {}).slug == "branch-key-not-verified"
    assert stored.get("initech", "p-1").slug == "integrity-failure"
    assert [tenant for tenant, _, _ in findings()] == ["initech", "initech"]


def test_a_record_copied_to_another_tenant_is_refused(stored: Any, findings: Any) -> None:
    stored.plant({**stored.item("acme", "p-1"), "tenant": {"S": "globex"}, "record": {"S": "copy"}})

    assert stored.get("globex", "copy").slug == "integrity-failure"
    assert findings() == [("globex", "copy", "DataKeyError")]


def test_the_entry_does_not_say_whose_branch_key_is_used(stored: Any, findings: Any) -> None:
    """A copied record that names the other tenant's branch key is still asked of the requested tenant's."""
    asked: list[str] = []
    client = stored.reader._container.own.store.client
    client.meta.events.register(
        "provide-client-params.dynamodb.GetItem",
        lambda params, **_: asked.append(params["Key"].get("branch-key-id", {}).get("S")),
    )
    copy = with_header(stored.item("acme", "p-1"), b"\x00\x04acme", b"\x00\x06globex")
    stored.plant({**copy, "tenant": {"S": "globex"}})
    stored.plant({**stored.item("acme", "p-1"), "tenant": {"S": "globex"}, "record": {"S": "p-2"}})

    assert [stored.get("globex", record).slug for record in ("p-1", "p-2")] == ["integrity-failure"] * 2
    assert set(asked) <= {None, "globex"}
    # Its version is none of globex': neither that nor what is read of the entry leads to acme's.
    assert [reason for _, _, reason in findings()] == ["BranchKeyNotFoundError", "DataKeyError"]


@pytest.mark.parametrize(
    "provider",
    [b"\x00\x07aws-kms", b"\x00\x11aws-kms-hierarchX", b"\x00\x00"],
)
def test_an_entry_of_another_provider_is_refused(stored: Any, findings: Any, provider: bytes) -> None:
    stored.plant(with_header(stored.item("acme", "p-1"), HIERARCHY, provider))

    assert stored.get("acme", "p-1").slug == "integrity-failure"
    assert [(tenant, record) for tenant, record, _ in findings()] == [("acme", "p-1")]


def test_a_version_that_never_was_is_an_integrity_failure(stored: Any, findings: Any) -> None:
    version = next(name for name in stored.key_store("acme") if "version" in name)
    raw = bytes.fromhex(version.removeprefix("branch:version:").replace("-", ""))
    stored.plant(with_header(stored.item("acme", "p-1"), raw, bytes(16)))

    assert stored.get("acme", "p-1").slug == "integrity-failure"
    assert findings() == [("acme", "p-1", "BranchKeyNotFoundError")]


@pytest.mark.parametrize("path", ["", "/versions"])
def test_the_operator_is_told_of_an_edited_branch_key(stored: Any, findings: Any, path: str) -> None:
    for item in edited(stored.key_store("acme"), "attribute"):
        stored.plant_key(item)

    answer = stored.ask("POST" if path else "GET", f"/branch-keys/acme{path}")

    assert (answer.status, answer.slug) == NOT_VERIFIED
    assert findings() == [("acme", None, "BranchKeyItemError")]


def test_an_edited_branch_key_is_neither_rotated_nor_moved(stored: Any, findings: Any) -> None:
    for item in edited(stored.key_store("acme"), "bytes"):
        stored.plant_key(item)
    before = stored.key_store("acme")

    assert stored.ask("POST", "/branch-keys/acme/versions").slug == "branch-key-not-verified"
    moved = stored.ask("POST", "/branch-keys/acme/moves", body=f'{{"to":"{stored.key_arn}"}}')

    assert moved.slug == "branch-key-not-verified"
    assert stored.key_store("acme") == before
    assert len(findings()) == 2


def test_a_branch_key_without_active_version_is_reported(stored: Any, findings: Any) -> None:
    key = {"branch-key-id": {"S": "acme"}, "type": {"S": "branch:ACTIVE"}}
    stored.table.delete_item(TableName="unit-key-store", Key=key)

    assert stored.ask("GET", "/branch-keys/acme").slug == "branch-key-not-verified"
    assert findings() == [("acme", None, "NoActiveVersion")]


def test_an_edited_branch_key_can_still_be_shredded(stored: Any) -> None:
    for item in edited(stored.key_store("acme"), "attribute"):
        stored.plant_key(item)

    assert stored.shred("acme").status == 200
    assert set(stored.key_store("acme")) == {"shredded"}
