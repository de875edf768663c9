"""Both key strategies: what each asks of KMS, and that every reader reads the records of both."""

import json
import threading
from typing import Any

import pytest
from snapshot_restore_py import get_after_restore

from envelope import ItemEncryptor
from envelope.item_header import parse_header


def entry(service: Any, tenant: str, record: str) -> Any:
    """The one entry of a stored record's header."""
    (found,) = parse_header(service.item(tenant, record)["aws_dbe_head"]["B"]).encrypted_data_keys
    return found


def kms_calls(capsys: pytest.CaptureFixture[str]) -> list[int]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["kms_calls"] for line in lines if line.get("message") == "request"]


def test_a_record_hangs_on_its_tenants_branch_key(tenants: Any) -> None:
    tenants.create("acme")

    written = tenants.put("acme", "p-1", {"name": "Ana"})

    assert written.status == 201
    assert tenants.get("acme", "p-1").body == {"name": "Ana"}
    stored = entry(tenants, "acme", "p-1")
    assert (stored.provider_id, stored.provider_info) == ("aws-kms-hierarchy", b"acme")


def test_a_warm_container_asks_kms_nothing(tenants: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tenants.create("acme")
    capsys.readouterr()

    for number in range(3):
        tenants.put("acme", f"p-{number}", {})
    for number in range(3):
        tenants.get("acme", f"p-{number}")

    assert kms_calls(capsys) == [1, 0, 0, 1, 0, 0]


def test_a_page_opens_its_branch_key_once_for_all_records(
    tenants: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tenants.create("acme")
    for number in range(20):
        tenants.put("acme", f"p-{number:02}", {"n": number})
    capsys.readouterr()

    page = tenants.call("GET", "acme")

    assert [found["data"] for found in page.body["records"]] == [{"n": number} for number in range(20)]
    assert kms_calls(capsys) == [1]


@pytest.fixture
def opened_in(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads in which the reader opened records."""
    names: set[str] = set()
    decrypt = ItemEncryptor.decrypt

    def told(self: ItemEncryptor, item: Any) -> Any:
        names.add(threading.current_thread().name)
        return decrypt(self, item)

    monkeypatch.setattr(ItemEncryptor, "decrypt", told)
    return names


def test_threads_are_begun_for_a_page_only_where_its_records_wait_for_kms(
    tenants: Any, record_strategy: Any, opened_in: set[str]
) -> None:
    own = threading.current_thread().name
    tenants.create("acme")
    for number in range(2):
        tenants.put("acme", f"p-{number}", {"n": number})
    assert len(tenants.call("GET", "acme").body["records"]) == 2
    assert opened_in == {own}

    opened_in.clear()
    record_strategy.put("acme", "p-2", {"n": 2})
    assert len(tenants.call("GET", "acme").body["records"]) == 3
    assert own not in opened_in

    opened_in.clear()
    record_strategy.call("DELETE", "acme", "p-2", headers={"If-Match": "*"})
    tenants.ask("POST", "/branch-keys/acme/versions")
    tenants.forget()
    tenants.put("acme", "p-2", {"n": 2})
    assert len(tenants.call("GET", "acme").body["records"]) == 3
    assert own not in opened_in


def test_every_reader_reads_both_strategies(tenants: Any, record_strategy: Any) -> None:
    tenants.create("acme")
    tenants.put("acme", "of-tenant", {"n": 1})
    record_strategy.put("acme", "of-record", {"n": 2})

    for reader in (tenants, record_strategy):
        page = reader.call("GET", "acme").body
        assert [found["data"] for found in page["records"]] == [{"n": 2}, {"n": 1}]
        assert page["failed"] == []
    assert entry(tenants, "acme", "of-record").provider_id == "aws-kms"


def test_a_writer_of_strategy_record_leaves_the_key_store_alone(tenants: Any, record_strategy: Any) -> None:
    asked = []
    client = record_strategy.writer._container.own.store.client
    client.meta.events.register("before-call", lambda model, **_: asked.append(model.name))

    assert record_strategy.put("no-branch-key", "p-1", {}).status == 201
    assert asked == ["PutItem"]


def test_a_tenant_without_branch_key_cannot_be_written(tenants: Any) -> None:
    refused = tenants.put("acme", "p-1", {"marker": "marker"})

    assert (refused.status, refused.slug) == (404, "branch-key-not-found")
    assert "marker" not in refused.text
    assert tenants.items() == []
    tenants.create("acme")
    assert tenants.put("acme", "p-1", {}).status == 201


def test_after_a_rotation_old_records_are_read_and_new_ones_hang_on_the_new_version(tenants: Any) -> None:
    tenants.create("acme")
    tenants.put("acme", "old", {"n": 1})
    rotated = tenants.ask("POST", "/branch-keys/acme/versions").body
    tenants.forget()

    tenants.put("acme", "new", {"n": 2})

    def version(record: str) -> str:
        # Behind the wrapped data key (48), salt (16) and nonce (12).
        return str(entry(tenants, "acme", record).ciphertext[76:92].hex())

    assert version("new") == rotated["version"].replace("-", "")
    assert version("old") == rotated["previous_version"].replace("-", "")
    assert [tenants.get("acme", record).body for record in ("old", "new")] == [{"n": 1}, {"n": 2}]


def test_a_shredded_tenant_is_410_for_reads_lists_and_writes(tenants: Any, findings: Any) -> None:
    tenants.create("acme", "globex")
    tenants.put("acme", "p-1", {"n": 1})
    tenants.put("globex", "p-1", {"n": 2})
    assert tenants.shred("acme").status == 200
    tenants.forget()

    answers = [tenants.get("acme", "p-1"), tenants.call("GET", "acme"), tenants.put("acme", "p-2", {})]

    assert [(answer.status, answer.slug) for answer in answers] == [(410, "tenant-shredded")] * 3
    assert findings() == []
    assert tenants.get("acme", "absent").slug == "record-not-found"
    assert tenants.get("globex", "p-1").body == {"n": 2}
    assert tenants.call("DELETE", "acme", "p-1").status == 204
    assert tenants.call("GET", "acme").body["records"] == []


def test_a_record_written_outside_the_branch_key_stays_readable_after_shredding(
    tenants: Any, record_strategy: Any
) -> None:
    tenants.create("acme")
    assert tenants.shred("acme").status == 200
    record_strategy.put("acme", "later", {"n": 1})
    assert [found["record"] for found in tenants.call("GET", "acme").body["records"]] == ["later"]


def test_what_was_cached_opens_until_its_time_is_over(tenants: Any) -> None:
    tenants.create("acme")
    tenants.put("acme", "p-1", {"n": 1})
    tenants.get("acme", "p-1")
    tenants.shred("acme")

    assert tenants.get("acme", "p-1").body == {"n": 1}
    cache = tenants.reader._container.own.store.encryptor._keyring._branch_keys
    wall = cache._wall
    cache._wall = lambda: wall() + 301
    try:
        assert tenants.get("acme", "p-1").slug == "tenant-shredded"
    finally:
        cache._wall = wall


def test_a_branch_key_shredded_during_a_write_leaves_ciphertext(tenants: Any) -> None:
    tenants.create("acme")
    client = tenants.writer._container.own.store.client

    def shred(**_: Any) -> None:
        client.meta.events.unregister("before-call.dynamodb.PutItem", shred)
        assert tenants.shred("acme").status == 200

    client.meta.events.register("before-call.dynamodb.PutItem", shred)

    assert tenants.put("acme", "p-1", {"n": 1}).status == 201
    assert tenants.get("acme", "p-1").slug == "tenant-shredded"


def test_a_restored_snapshot_forgets_the_branch_keys_of_its_past(tenants: Any, start_tenants: Any) -> None:
    registered = len(get_after_restore())
    fresh = start_tenants(ENVELOPE_KEY_ARN=tenants.key_arn)
    actions = get_after_restore()[registered:]
    tenants.create("acme")
    fresh.put("acme", "p-1", {"n": 1})
    caches = [
        function._container.own.store.encryptor._keyring._branch_keys
        for function in (fresh.writer, fresh.reader)
    ]
    assert [len(cache) for cache in caches] == [1, 0]

    for action, arguments, named in actions:
        action(*arguments, **named)

    assert [len(cache) for cache in caches] == [0, 0]
    assert len(actions) == 4
