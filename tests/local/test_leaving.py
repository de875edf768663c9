"""The way out: what the deployed API stored, a program reads by AWS's libraries for Java alone."""

import copy
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.interop.official_command import JAVA_LIBRARIES, environment, java_command
from tests.local.actors import Actor, Actors, document
from tests.local.names import PREFIX
from tests.local.records_api import RecordsApi

_PROGRAM = ROOT / "docs/leaving/ReadRecord.java"
_BODY = {
    "name": "Jörg 😀",
    "balance": -12.25,
    "digits": 12345678901234567890123456789012345678,
    "tags": ["a", {"b": None}],
    "active": True,
    "nothing": {},
}
_WRITTEN_BY_THE_SERVICE = {"tenant", "record", "revision", "updated_at"}
_LONGEST_SECONDS = 60


@pytest.fixture(scope="module", autouse=True)
def _java() -> None:
    if reason := java_command().reason:
        pytest.skip(reason)


def _run(aws: EmbeddedAws, actor: Actor, tenant: str, record: str) -> "subprocess.CompletedProcess[str]":
    """Run the program as somebody."""
    java = shutil.which("java")
    assert java is not None
    tables = aws.outputs["RecordsTableName"], aws.outputs["KeyStoreTableName"]
    return subprocess.run(
        [java, "-cp", JAVA_LIBRARIES, _PROGRAM, aws.outputs["EnvelopeKeyArn"], *tables, tenant, record],
        env=environment(endpoint=aws.aws_endpoint, region=aws.region, key=actor.key),
        capture_output=True,
        encoding="utf-8",
        timeout=_LONGEST_SECONDS,
        check=False,
    )


def _read(aws: EmbeddedAws, actor: Actor, tenant: str, record: str) -> dict[str, Any]:
    ended = _run(aws, actor, tenant, record)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert {found.pop(name) for name in ("tenant", "record")} == {tenant, record}
    assert found.keys() >= _WRITTEN_BY_THE_SERVICE - {"tenant", "record"}
    return {name: value for name, value in found.items() if name not in _WRITTEN_BY_THE_SERVICE}


@pytest.fixture
def key_policy(aws: EmbeddedAws) -> Iterator[Callable[[str], None]]:
    """Lets a role in as docs/leaving/README.md says, until the test ends."""
    kms, key = aws.client("kms"), aws.outputs["EnvelopeKeyArn"]
    deployed = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

    def admit(role_arn: str) -> None:
        policy = json.loads(deployed)
        wanted = ("ReaderMayDecrypt", "ReaderMayOpenBranchKeys")
        readers = [statement for statement in policy["Statement"] if statement["Sid"] in wanted]
        assert len(readers) == 2
        for statement in copy.deepcopy(readers):
            statement["Sid"] = f"Also{statement['Sid']}"
            statement["Condition"]["ArnEquals"]["aws:PrincipalArn"] = role_arn
            policy["Statement"].append(statement)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))

    yield admit
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=deployed)


def _iam_policy(aws: EmbeddedAws) -> str:
    """The policy of docs/leaving, for this deployment."""
    table = f"arn:aws:dynamodb:{aws.region}:{ACCOUNT}:table/{{}}"
    storage_key = aws.client("kms").describe_key(KeyId=f"alias/{PREFIX}/storage")["KeyMetadata"]["Arn"]
    policy = (ROOT / "docs/leaving/reader-policy.json").read_text(encoding="utf-8")
    for blank, value in {
        "<ARN of the records table>": table.format(aws.outputs["RecordsTableName"]),
        "<ARN of the key store>": table.format(aws.outputs["KeyStoreTableName"]),
        "<ARN of the storage key>": storage_key,
        "<ARN of the envelope key>": aws.outputs["EnvelopeKeyArn"],
        "<Region>": aws.region,
    }.items():
        assert blank in policy
        policy = policy.replace(blank, value)
    assert "<" not in policy
    return policy


def test_a_role_that_is_made_as_the_page_says_reads_by_both_consents_and_not_by_one(
    aws: EmbeddedAws, api: RecordsApi, actors: Actors, key_policy: Callable[[str], None]
) -> None:
    assert api.put("leaving", _BODY).status == 201
    iam = aws.client("iam")
    trusted = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="leaver", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    whole = json.loads(_iam_policy(aws))["Statement"]
    of_tables = [statement for statement in whole if statement["Sid"] != "RecordsAreEncrypted"]
    assert len(of_tables) == len(whole) - 1

    def asked(*statements: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        iam.put_role_policy(RoleName="leaver", PolicyName="reader", PolicyDocument=document(*statements))
        return _run(aws, actors.session(role), api.tenant, "leaving")

    try:
        assert "no resource-based policy allows the kms:Decrypt action" in asked(*whole).stderr
        key_policy(role)
        assert "no identity-based policy allows the kms:Decrypt action" in asked(*of_tables).stderr
        assert asked(*whole).returncode == 0
        assert _read(aws, actors.session(role), api.tenant, "leaving") == _BODY
    finally:
        iam.delete_role_policy(RoleName="leaver", PolicyName="reader")
        iam.delete_role(RoleName="leaver")


def test_a_record_whose_key_kms_wrapped_is_read_without_this_project(
    aws: EmbeddedAws, api: RecordsApi, actors: Actors
) -> None:
    assert api.put("leaving", _BODY).status == 201
    assert _read(aws, actors.role("reader"), api.tenant, "leaving") == _BODY


def test_a_record_that_was_moved_to_another_tenant_is_refused_there(
    aws: EmbeddedAws, api: RecordsApi, actors: Actors
) -> None:
    assert api.put("leaving", _BODY).status == 201
    api.plant({**api.item("leaving"), "tenant": {"S": "globex"}})
    ended = _run(aws, actors.role("reader"), "globex", "leaving")
    assert ended.returncode == 1
    assert "Jörg" not in ended.stdout
    assert "No Configured Keyring was able to decrypt the Data Key" in ended.stderr


def test_records_of_every_version_of_a_branch_key_are_read_without_this_project(
    aws: EmbeddedAws, branch_keys: Any, strategy_tenant: EmbeddedAws, actors: Actors
) -> None:
    assert branch_keys.create("leaving").status == 201
    api = branch_keys.records("leaving")
    assert api.put("before", _BODY).status == 201
    assert branch_keys.rotate("leaving").status == 201
    assert api.put("after", {"n": 1}).status == 201
    assert _read(aws, actors.role("reader"), "leaving", "before") == _BODY
    assert _read(aws, actors.role("reader"), "leaving", "after") == {"n": 1}
