"""The operator's calls: create, describe, list and rotate branch keys, and what each refuses."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest


def move_to(key_arn: str) -> str:
    return json.dumps({"to": key_arn})


def seconds_from_now(text: str) -> float:
    assert text.endswith("Z")
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()


def test_a_branch_key_is_created_once(tenants: Any) -> None:
    created = tenants.ask("PUT", "/branch-keys/acme")
    before = tenants.key_store("acme")
    again = tenants.ask("PUT", "/branch-keys/acme")

    assert created.status == 201
    assert created.body.keys() == {"tenant", "state", "version", "created_at", "kms_arn"}
    assert (created.body["tenant"], created.body["state"]) == ("acme", "active")
    assert created.body["kms_arn"] == tenants.key_arn
    assert str(uuid.UUID(created.body["version"])) == created.body["version"]
    assert abs(seconds_from_now(created.body["created_at"])) < 60
    assert (again.status, again.slug) == (409, "branch-key-exists")
    assert tenants.key_store("acme") == before
    assert set(before) == {
        "branch:ACTIVE",
        "beacon:ACTIVE",
        f"branch:version:{created.body['version']}",
    }


def test_a_branch_key_is_bound_to_its_tenant_in_clear(tenants: Any) -> None:
    contexts = []
    kms = tenants.admin._container.own.branch_keys._wrapping._kms
    kms.meta.events.register(
        "provide-client-params.kms.GenerateDataKeyWithoutPlaintext",
        lambda params, **_: contexts.append(params["EncryptionContext"]),
    )
    tenants.create("acme")

    assert len(contexts) == 2
    for context in contexts:
        assert context["aws-crypto-ec:tenant"] == context["branch-key-id"] == "acme"
        assert (context["tablename"], context["hierarchy-version"]) == ("branch-keys", "1")


def test_a_description_lists_the_versions_oldest_first(tenants: Any) -> None:
    created = tenants.ask("PUT", "/branch-keys/acme").body
    rotated = tenants.ask("POST", "/branch-keys/acme/versions").body

    described = tenants.ask("GET", "/branch-keys/acme")

    assert described.status == 200
    assert described.body["state"] == "active"
    assert described.body["version"] == rotated["version"]
    assert [version["version"] for version in described.body["versions"]] == [
        created["version"],
        rotated["version"],
    ]
    assert all(v.keys() == {"version", "created_at", "kms_arn"} for v in described.body["versions"])


def test_a_rotation_names_both_versions_and_when_caches_are_clear(tenants: Any) -> None:
    created = tenants.ask("PUT", "/branch-keys/acme").body

    rotated = tenants.ask("POST", "/branch-keys/acme/versions")

    assert rotated.status == 201
    assert rotated.body["previous_version"] == created["version"] != rotated.body["version"]
    assert 298 < seconds_from_now(rotated.body["caches_clear_at"]) <= 301
    assert rotated.body.keys() == {
        "tenant",
        "version",
        "created_at",
        "kms_arn",
        "previous_version",
        "caches_clear_at",
    }


@pytest.mark.parametrize(
    ("method", "below"), [("GET", ""), ("POST", "/versions"), ("POST", "/moves"), ("DELETE", "")]
)
def test_a_tenant_without_branch_key_is_not_found(tenants: Any, method: str, below: str) -> None:
    answer = tenants.ask(
        method,
        f"/branch-keys/acme{below}",
        body=move_to(tenants.key_arn) if below == "/moves" else None,
        query={"confirm": "acme"} if method == "DELETE" else None,
    )

    assert (answer.status, answer.slug) == (404, "branch-key-not-found")
    assert tenants.key_store("acme") == {}


@pytest.mark.parametrize(("method", "below"), [("PUT", ""), ("POST", "/versions"), ("POST", "/moves")])
def test_a_shredded_tenant_is_gone(tenants: Any, method: str, below: str) -> None:
    tenants.create("acme")
    tenants.shred("acme")

    body = move_to(tenants.key_arn) if below == "/moves" else None
    answer = tenants.ask(method, f"/branch-keys/acme{below}", body=body)

    assert (answer.status, answer.slug) == (410, "tenant-shredded")
    assert set(tenants.key_store("acme")) == {"shredded"}


def test_a_list_holds_every_tenant_once(tenants: Any) -> None:
    names = [f"tenant-{number}" for number in range(7)]
    tenants.create(*names)
    tenants.shred("tenant-3")
    tenants.ask("POST", "/branch-keys/tenant-1/versions")

    pages = [tenants.ask("GET", "/branch-keys", query={"limit": "3"})]
    while pages[-1].body["cursor"] is not None:
        cursor = pages[-1].body["cursor"]
        pages.append(tenants.ask("GET", "/branch-keys", query={"limit": "3", "cursor": cursor}))

    found = [entry for page in pages for entry in page.body["tenants"]]
    assert [len(page.body["tenants"]) for page in pages] == [3, 3, 1]
    assert sorted(entry["tenant"] for entry in found) == names
    (shredded,) = [entry for entry in found if entry["state"] == "shredded"]
    assert shredded.keys() == {"tenant", "state", "shredded_at"}
    active = [entry for entry in found if entry["state"] == "active"]
    assert all(entry.keys() == {"tenant", "state", "version", "created_at", "kms_arn"} for entry in active)


def test_an_empty_key_store_is_an_empty_list(tenants: Any) -> None:
    assert tenants.ask("GET", "/branch-keys").body == {"tenants": [], "cursor": None}


def test_of_two_rotations_at_once_one_is_told_to_look_again(tenants: Any) -> None:
    tenants.create("acme")
    client = tenants.admin._container.own.store.client

    def rotate_too(**_: Any) -> None:
        client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", rotate_too)
        tenants.rotation._container.own.branch_keys.rotate("acme")

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", rotate_too)
    lost = tenants.ask("POST", "/branch-keys/acme/versions")

    assert (lost.status, lost.slug) == (409, "branch-key-changed")
    described = tenants.ask("GET", "/branch-keys/acme").body
    assert len(described["versions"]) == 2
    assert described["version"] == described["versions"][-1]["version"]


def test_a_change_is_logged_with_its_tenant_and_no_key(
    tenants: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = []
    kms = tenants.writer._container.own.branch_keys._wrapping._kms
    kms.meta.events.register(
        "after-call.kms.Decrypt", lambda parsed, **_: secrets.append(parsed["Plaintext"])
    )
    tenants.create("acme")
    tenants.ask("POST", "/branch-keys/acme/versions")
    tenants.put("acme", "p-1", {})
    tenants.shred("acme")

    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [
        (line["operation"], line["tenant"]) for line in lines if line.get("message") == "branch key changed"
    ] == [(name, "acme") for name in ("create_branch_key", "rotate_branch_key", "shred_branch_key")]
    (secret,) = secrets
    shown = captured.out + captured.err
    assert secret.hex() not in shown
    assert repr(secret) not in shown


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/branch-keys", "list_branch_keys"),
        ("PUT", "/branch-keys/acme", "create_branch_key"),
        ("GET", "/branch-keys/acme", "describe_branch_key"),
        ("DELETE", "/branch-keys/acme", "shred_branch_key"),
        ("POST", "/branch-keys/acme/versions", "rotate_branch_key"),
        ("POST", "/branch-keys/acme/moves", "move_branch_key"),
        ("POST", "/branch-keys/acme", "unknown"),
    ],
)
def test_each_operation_has_its_name_in_the_log(
    tenants: Any, capsys: pytest.CaptureFixture[str], method: str, path: str, operation: str
) -> None:
    tenants.ask(method, path)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["operation"] for line in lines if line.get("message") == "request"] == [operation]
