"""`sealed audit` over the files that the embedded trail has delivered, as an auditor who may do no more."""

import json
from typing import Any

import pytest

from local.callers import AUDITOR
from local.embedded import EmbeddedAws
from local.sealed import sealed
from tests.local.actors import Actors, allow
from tests.local.names import PREFIX


@pytest.fixture
def ask(aws: EmbeddedAws) -> Any:
    """Let the trail deliver, and ask a question."""

    def asked(*arguments: str) -> list[dict[str, Any]]:
        aws.deliver_trail()
        said = sealed(aws, "audit", *arguments, "--output", "json", caller=AUDITOR)
        assert said.code == 0, said.errors
        return [json.loads(line) for line in said.output.splitlines()]

    return asked


def test_who_decrypted_for_a_tenant(ask: Any, api: Any, globex: Any) -> None:
    for record in ("asked-1", "asked-2"):
        api.put(record, {"n": 1})
        api.get(record)
    globex.put("asked-3", {"n": 1})
    globex.get("asked-3")
    rows = ask("who-decrypted", "--tenant", "acme", "--since", "1h")
    assert {row["tenant"] for row in rows} == {"acme"}
    assert {"asked-1", "asked-2"} <= {row["record"] for row in rows}
    assert "asked-3" not in {row["record"] for row in rows}
    asked = [row for row in rows if row["record"] == "asked-1"]
    assert {row["role"].rpartition("/")[2] for row in asked} == {f"{PREFIX}-reader"}
    globex.delete("asked-3")


def test_who_decrypted_objects_of_a_tenant(ask: Any, aws: EmbeddedAws) -> None:
    kms = Actors(aws).role("object-client", Tags=[{"Key": "tenant", "Value": "acme"}]).client("kms")
    for name in ("asked-1", "asked-2"):
        context = {"object-tenant": "acme", "object-id": name, "object-content-type": "text/plain"}
        made = kms.generate_data_key(
            KeyId=aws.outputs["EnvelopeKeyArn"], NumberOfBytes=32, EncryptionContext=context
        )
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
    rows = ask("who-decrypted", "--tenant", "acme", "--since", "1h")
    of_objects = [row for row in rows if row["object_id"]]
    assert {row["object_id"] for row in of_objects} == {"asked-1", "asked-2"}
    assert {row["tenant"] for row in of_objects} == {"acme"}
    assert {row["role"].rpartition("/")[2] for row in of_objects} == {f"{PREFIX}-object-client"}
    assert {row["record"] for row in of_objects} == {None}
    (principal,) = {
        row["principal"]
        for row in ask("principals", "--since", "1h")
        if row["principal"].endswith("-object-client")
    }
    assert principal == aws.outputs["ObjectClientRoleArn"]


def test_who_opened_and_moved_a_tenants_branch_key(ask: Any, branch_keys: Any, aws: EmbeddedAws) -> None:
    tenant = "asked-tenant"
    branch_keys.create(tenant)
    branch_keys.rotate(tenant)
    opened = Actors(aws).role("reader").client("kms")
    item = branch_keys.items(tenant)["branch:ACTIVE"]
    context = {name: next(iter(value.values())) for name, value in item.items() if name != "enc"}
    with pytest.raises(opened.exceptions.ClientError):  # a context that is not the item's
        opened.decrypt(CiphertextBlob=item["enc"]["B"], EncryptionContext={**context, "tablename": "x"})
    rows = ask("who-decrypted", "--tenant", tenant, "--since", "1h")
    assert {row["tenant"] for row in rows} == {tenant}
    assert {row["eventname"] for row in rows} == {"ReEncrypt"}
    assert {row["role"].rpartition("/")[2] for row in rows} == {f"{PREFIX}-tenant-admin"}
    assert {row["branch_key"].partition(":")[0] for row in rows} == {"branch"}
    branch_keys.remove(tenant)


def test_principals_denied_and_key_changes(ask: Any, api: Any, aws: EmbeddedAws) -> None:
    api.put("asked", {"n": 1})
    curious = Actors(aws).user("curious-auditor", allow("kms:*")).client("kms")
    key = aws.outputs["EnvelopeKeyArn"]
    with pytest.raises(curious.exceptions.ClientError):
        curious.decrypt(KeyId=key, CiphertextBlob=b"x" * 64)
    curious.update_key_description(KeyId=key, Description="Envelope")
    principals = ask("principals", "--since", "1h")
    writers = [row for row in principals if row["principal"].endswith(f"role/{PREFIX}-writer")]
    assert {"GenerateDataKey"} <= {row["eventname"] for row in writers}
    assert all(row["calls"] >= 1 for row in writers)
    assert "curious-auditor" in {
        row["principal"].rpartition("/")[2] for row in ask("denied", "--since", "1h")
    }
    changes = ask("key-changes", "--since", "1h")
    assert ("UpdateKeyDescription", "curious-auditor") in {
        (row["eventname"], row["principal"].rpartition("/")[2]) for row in changes
    }


def test_a_time_before_everything_has_nothing(aws: EmbeddedAws) -> None:
    said = sealed(
        aws,
        "audit",
        "principals",
        "--since",
        "2020-01-01",
        "--until",
        "2020-01-02",
        "--output",
        "json",
        caller=AUDITOR,
    )
    assert (said.code, said.output) == (0, "")
    assert "nothing between 2020-01-01" in said.errors


def test_a_table_is_for_people(aws: EmbeddedAws, api: Any) -> None:
    api.put("asked", {"n": 1})
    aws.deliver_trail()
    said = sealed(aws, "audit", "principals", "--since", "1h", "--output", "table", caller=AUDITOR)
    assert said.code == 0
    assert "principal" in said.output.splitlines()[0]
    assert f"{PREFIX}-writer" in said.output


def test_who_may_not_ask_is_told_so(aws: EmbeddedAws) -> None:
    said = sealed(aws, "audit", "principals", caller="acme")
    assert said.code == 6
    assert "athena:ListNamedQueries" in said.errors


def test_a_workgroup_that_is_not_there_is_named(aws: EmbeddedAws) -> None:
    said = sealed(aws, "audit", "principals", "--workgroup", "nothing", caller=AUDITOR)
    assert said.code == 6
    assert "workgroup/nothing" in said.errors
