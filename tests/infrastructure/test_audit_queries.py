"""The questions of an audit: what they find among recorded events, and that they read no more than that."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from stacks.audit_queries import QUERIES
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.athena import Row, columns, run
from tests.infrastructure.recorded_events import cases, names, record_of

NAMES = sorted(file.stem for file in QUERIES.glob("*.sql"))
MAY = ["2026/05/01", "2026/05/31"]
# Every moment of these months, for a query that wants to know.
ALL_OF_MAY = [*MAY, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"]
JUNE = ["2026/06/01", "2026/06/30"]


def tables(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        table["Properties"]["TableInput"]["Name"]: table["Properties"]
        for table in assembly.resources("AWS::Glue::Table").values()
    }


def queries(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        query["Properties"]["Name"]: query["Properties"]
        for query in assembly.resources("AWS::Athena::NamedQuery").values()
    }


def workgroup(assembly: Assembly) -> dict[str, Any]:
    (found,) = assembly.resources("AWS::Athena::WorkGroup").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def data_events(assembly: Assembly) -> list[dict[str, Any]]:
    """Reads of the table, in CloudTrail's shape."""
    (use,) = [case for case in cases() if case.says == "the reader decrypts"]
    (other,) = [case for case in cases() if case.says == "a role of an administrator decrypts"]
    (root,) = [case for case in cases() if case.says == "the root user decrypts"]
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}-records"
    return [
        {
            **record_of(case, assembly=assembly),
            "eventSource": "dynamodb.amazonaws.com",
            "eventName": "GetItem",
            "eventCategory": "Data",
            "requestParameters": {"tableName": table, "key": {"tenant": "acme", "record": "r-1"}},
            "resources": [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": table}],
        }
        for case, table in ((use, arn), (other, arn), (root, arn), (other, f"{arn}-2"))
    ]


@pytest.fixture
def ask(prod: Assembly, tmp_path: Path) -> Callable[..., list[Row]]:
    def asked(name: str, *parameters: str) -> list[Row]:
        sql = queries(prod)[name]["QueryString"]
        table = re.findall(r"^FROM (\w+)$", sql, re.MULTILINE)[0]
        records = (
            data_events(prod)
            if table == "data_events"
            else [record_of(case, assembly=prod) for case in cases()]
        )
        return run(sql, parameters=parameters, table=tables(prod)[table], records=records, work=tmp_path)

    return asked


def roles(rows: list[Row]) -> set[str]:
    return {str(row["principal"]).split(":")[-1].split("/")[-1] for row in rows}


def test_who_decrypted_for_a_tenant(ask: Callable[..., list[Row]], prod: Assembly) -> None:
    day = ("2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z")
    found = ask("who-decrypted-for-a-tenant", *MAY, *day, "acme")
    assert {row["tenant"] for row in found} == {"acme"}
    assert {(row["record"], row["object_id"]) for row in found} == {("r-1", None), (None, "o-1")}
    assert {f"{prod.prefix}-reader", "operator", "root", "alice"} <= roles(found)
    assert {str(row["role"]).rpartition("/")[2] for row in found if row["object_id"]} == {
        "admin",
        f"{prod.prefix}-object-client",
        f"{prod.prefix}-object-client-2",
    }
    assert found == sorted(found, key=lambda row: row["eventtime"])
    assert ask("who-decrypted-for-a-tenant", *MAY, *day, "globex") == []
    assert ask("who-decrypted-for-a-tenant", *MAY, day[1], "2026-05-06T00:00:00Z", "acme") == []


def test_which_principals_used_the_key(ask: Callable[..., list[Row]], prod: Assembly) -> None:
    found = ask("principals-of-the-envelope-key", *ALL_OF_MAY)
    succeeded = {row["principal"] for row in found if row["errorcode"] is None}
    workers = [*(prod.worker(duty) for duty in ("reader", "writer")), "object-client"]
    of_roles = {f"arn:aws:iam::{ACCOUNT}:role/{prod.prefix}-{name}" for name in workers}
    others = {
        f"arn:aws:iam::{ACCOUNT}:role/{prod.prefix}-reader-2",
        f"arn:aws:iam::{ACCOUNT}:role/{prod.prefix}-object-client-2",
        f"arn:aws:iam::{ACCOUNT}:role/admin",
        f"arn:aws:iam::{ACCOUNT}:user/operator",
        f"arn:aws:iam::{ACCOUNT}:root",
    }
    assert succeeded == of_roles | others
    assert "DescribeKey" not in {row["eventname"] for row in found}


def test_failed_and_denied_decrypts(ask: Callable[..., list[Row]], prod: Assembly) -> None:
    found = {row["eventid"] for row in ask("failed-and-denied-decrypts", *ALL_OF_MAY)}
    denied = [case for case in cases() if case.about == "decrypt-denied" and case.alarms]
    assert {record_of(case, assembly=prod)["eventID"] for case in denied} <= found
    (other,) = [case for case in cases() if case.says == "another key is refused"]
    (used,) = [case for case in cases() if case.says == "the reader decrypts"]
    assert not {record_of(case, assembly=prod)["eventID"] for case in (other, used)} & found


def test_changes_to_keys_policies_and_grants(ask: Callable[..., list[Row]]) -> None:
    found = {row["eventname"] for row in ask("changes-to-keys-policies-and-grants", *ALL_OF_MAY)}
    assert {"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant", "RevokeGrant"} <= found
    assert not {"GetKeyPolicy", "ListGrants", "Decrypt"} & found


def test_changes_to_the_trail(ask: Callable[..., list[Row]], prod: Assembly) -> None:
    found = ask("changes-to-the-trail", *MAY)
    watched = [case for case in cases() if case.about in ("trail-changed", "archive-changed") and case.alarms]
    assert {row["eventid"] for row in found} == {
        record_of(case, assembly=prod)["eventID"] for case in watched
    }


def test_changes_to_roles_and_functions(ask: Callable[..., list[Row]], prod: Assembly) -> None:
    found = {row["eventid"] for row in ask("changes-to-roles-and-functions", *MAY)}
    changes = [case for case in cases() if case.about == "iam-changed"]
    assert {record_of(case, assembly=prod)["eventID"] for case in changes if case.alarms} <= found
    (alike,) = [case for case in cases() if case.says == "a role is changed whose name begins alike"]
    (code,) = [case for case in cases() if case.says == "new code, by name"]
    (other,) = [
        case for case in cases() if case.says == "new code for a function whose name begins like ours"
    ]
    assert record_of(code, assembly=prod)["eventID"] in found
    assert not {record_of(case, assembly=prod)["eventID"] for case in (alike, other)} & found


def test_table_access_by_others(ask: Callable[..., list[Row]]) -> None:
    found = ask("table-access-by-others", *MAY)
    assert [row["eventname"] for row in found] == ["GetItem", "GetItem"]
    assert roles(found) == {"operator", "root"}


@pytest.mark.parametrize("name", NAMES)
def test_a_query_reads_the_days_that_it_is_asked_for_alone(
    ask: Callable[..., list[Row]], assembly: Assembly, name: str
) -> None:
    sql = queries(assembly)[name]["QueryString"]
    tree = sqlglot.parse_one(sql, read="athena")
    where = tree.args["where"].this
    conditions = [one.sql(dialect="athena") for one in where.flatten()]
    assert "day BETWEEN ? AND ?" in conditions
    assert any(one.startswith((f"region = '{REGION}'", f"region IN ('{REGION}'")) for one in conditions)
    further = ["2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z", "acme"]
    assert ask(name, *JUNE, *further[: len(list(tree.find_all(exp.Placeholder))) - 2]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_its_parameters_and_has_no_placeholder_left(assembly: Assembly, name: str) -> None:
    query = queries(assembly)[name]
    sql = query["QueryString"]
    tree = sqlglot.parse_one(sql, read="athena")
    assert isinstance(tree, exp.Select)
    (parameters,) = re.findall(r"^-- Parameters: (.*)\.$", sql, re.MULTILINE)
    assert len(parameters.split(", ")) == len(list(tree.find_all(exp.Placeholder))) == sql.count("?")
    assert "${" not in sql
    assert "<" not in sql.replace("<>", "").replace(names(assembly)["archive"], "").replace(
        names(assembly)["access_logs"], ""
    )
    assert query["WorkGroup"] == f"{assembly.prefix}-audit"
    assert query["Database"] == next(iter(assembly.resources("AWS::Glue::Database").values()))["Properties"][
        "DatabaseInput"
    ]["Name"] or query["Database"].startswith("<")
    assert len(query["Description"]) <= 1024


def test_partitions_are_computed_for_every_region_and_day_of_the_archive(assembly: Assembly) -> None:
    assert set(tables(assembly)) == {"management_events", "data_events"}
    days = assembly.settings["archive_retention_days"] + 1
    for table in tables(assembly).values():
        parameters = table["TableInput"]["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.day.type"] == "date"
        assert parameters["projection.day.format"] == "yyyy/MM/dd"
        assert parameters["projection.day.range"] == f"NOW-{days}DAYS,NOW+1DAYS"
        assert parameters["projection.region.type"] == "enum"
        regions = parameters["projection.region.values"].split(",")
        assert {"us-east-1", REGION} <= set(regions)
        assert len(regions) == len(set(regions))
        place = f"s3://{names(assembly)['archive']}/AWSLogs/{ACCOUNT}/CloudTrail/"
        assert parameters["storage.location.template"] == place + "${region}/${day}"
        assert table["TableInput"]["StorageDescriptor"]["Location"] == place
        assert [key["Name"] for key in table["TableInput"]["PartitionKeys"]] == ["region", "day"]
        assert columns(table)["useridentity"].startswith("struct<type:string,principalid:string,arn:string")


def test_results_are_encrypted_and_queries_limited(assembly: Assembly) -> None:
    group = workgroup(assembly)
    configuration = group["WorkGroupConfiguration"]
    assert group["State"] == "ENABLED"
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["PublishCloudWatchMetricsEnabled"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 100 * 1024**3
    assert configuration["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
    results = configuration["ResultConfiguration"]
    assert results["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_KMS",
        "KmsKey": assembly.key("audit")["Arn"],
    }
    assert results["ExpectedBucketOwner"] == ACCOUNT
    (bucket,) = [name for name in assembly.resources("AWS::S3::Bucket") if "Results" in name]
    assert results["OutputLocation"] == f"s3://<{bucket}>/"


def test_without_the_other_trails_files_there_are_no_questions_about_them(
    changed: Callable[..., Assembly],
) -> None:
    organization = changed("prod", trail="organization")
    assert set(tables(organization)) == {"data_events"}
    assert set(queries(organization)) == {"table-access-by-others"}


def test_with_the_other_trails_files_there_are_all_questions(changed: Callable[..., Assembly]) -> None:
    archive = f"s3://the-organizations-trail/AWSLogs/o-example/{ACCOUNT}"
    organization = changed("prod", trail="organization", organization_trail_archive=archive)
    assert set(queries(organization)) == set(NAMES)
    management = tables(organization)["management_events"]["TableInput"]
    assert management["StorageDescriptor"]["Location"] == f"{archive}/CloudTrail/"
    assert management["Parameters"]["storage.location.template"] == (
        f"{archive}/CloudTrail/${{region}}/${{day}}"
    )
    assert management["Parameters"]["projection.day.range"] == "NOW-3653DAYS,NOW+1DAYS"
    own = tables(organization)["data_events"]["TableInput"]
    assert own["StorageDescriptor"]["Location"].startswith(f"s3://{names(organization)['archive']}/")
