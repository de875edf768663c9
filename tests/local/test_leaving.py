"""The way out: what the deployed API stored, a program reads by AWS's libraries for Java alone."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from tests.interop.official_command import JAVA_LIBRARIES, environment, java_command
from tests.local.actors import Actors
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


def _run(aws: EmbeddedAws, actors: Actors, tenant: str, record: str) -> "subprocess.CompletedProcess[str]":
    """Run the program with the rights of the deployed reader."""
    java = shutil.which("java")
    assert java is not None
    tables = aws.outputs["RecordsTableName"], aws.outputs["KeyStoreTableName"]
    return subprocess.run(
        [java, "-cp", JAVA_LIBRARIES, _PROGRAM, aws.outputs["EnvelopeKeyArn"], *tables, tenant, record],
        env=environment(endpoint=aws.aws_endpoint, region=aws.region, key=actors.role("reader").key),
        capture_output=True,
        encoding="utf-8",
        timeout=_LONGEST_SECONDS,
        check=False,
    )


def _read(aws: EmbeddedAws, actors: Actors, tenant: str, record: str) -> dict[str, Any]:
    ended = _run(aws, actors, tenant, record)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert {found.pop(name) for name in ("tenant", "record")} == {tenant, record}
    assert found.keys() >= _WRITTEN_BY_THE_SERVICE - {"tenant", "record"}
    return {name: value for name, value in found.items() if name not in _WRITTEN_BY_THE_SERVICE}


def test_a_record_whose_key_kms_wrapped_is_read_without_this_project(
    aws: EmbeddedAws, api: RecordsApi, actors: Actors
) -> None:
    assert api.put("leaving", _BODY).status == 201
    assert _read(aws, actors, api.tenant, "leaving") == _BODY


def test_a_record_that_was_moved_to_another_tenant_is_refused_there(
    aws: EmbeddedAws, api: RecordsApi, actors: Actors
) -> None:
    assert api.put("leaving", _BODY).status == 201
    api.plant({**api.item("leaving"), "tenant": {"S": "globex"}})
    ended = _run(aws, actors, "globex", "leaving")
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
    assert _read(aws, actors, "leaving", "before") == _BODY
    assert _read(aws, actors, "leaving", "after") == {"n": 1}
