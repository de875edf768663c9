"""What the trail records, where it goes and who may write there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly


@pytest.fixture
def organization(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", trail="organization")


def trail(assembly: Assembly) -> dict[str, Any]:
    (found,) = assembly.resources("AWS::CloudTrail::Trail").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def selected(assembly: Assembly) -> list[dict[str, dict[str, list[str]]]]:
    """Of each selector: its fields with their conditions."""
    return [
        {
            field["Field"]: {name: values for name, values in field.items() if name != "Field"}
            for field in selector["FieldSelectors"]
        }
        for selector in trail(assembly)["AdvancedEventSelectors"]
    ]


def table_arns(assembly: Assembly) -> list[str]:
    here = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}"
    return [f"{here}-records", f"{here}-key-store"]


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}


def test_all_management_events_are_recorded_reading_ones_too(assembly: Assembly) -> None:
    """Decrypt is a reading event. Any further field would leave something out: KMS, or what reads."""
    assert MANAGEMENT in selected(assembly)
    assert "EventSelectors" not in trail(assembly)


def test_every_access_to_the_tables_is_recorded(assembly: Assembly, organization: Assembly) -> None:
    for one in (assembly, organization):
        items = {
            "eventCategory": {"Equals": ["Data"]},
            "resources.type": {"Equals": ["AWS::DynamoDB::Table"]},
            "resources.ARN": {"Equals": table_arns(one)},
        }
        assert items in selected(one)


def test_every_access_to_objects_is_recorded_reading_ones_too(
    assembly: Assembly, organization: Assembly
) -> None:
    for one in (assembly, organization):
        objects = {
            "eventCategory": {"Equals": ["Data"]},
            "resources.type": {"Equals": ["AWS::S3::Object"]},
            "resources.ARN": {"StartsWith": [f"arn:aws:s3:::{one.prefix}-objects-{ACCOUNT}/"]},
        }
        assert objects in selected(one)


def test_every_call_of_a_function_is_recorded(assembly: Assembly, organization: Assembly) -> None:
    for one in (assembly, organization):
        here = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{one.prefix}"
        calls = {
            "eventCategory": {"Equals": ["Data"]},
            "resources.type": {"Equals": ["AWS::Lambda::Function"]},
            "resources.ARN": {"StartsWith": [f"{here}-{name}" for name in one.functions]},
        }
        assert calls in selected(one)


def test_what_another_trail_records_is_not_recorded_twice(organization: Assembly) -> None:
    assert MANAGEMENT not in selected(organization)
    assert all(one["eventCategory"] == {"Equals": ["Data"]} for one in selected(organization))


def test_the_trail_sees_every_region_and_signs_its_files(assembly: Assembly, organization: Assembly) -> None:
    for one in (assembly, organization):
        found = trail(one)
        assert found["TrailName"] == f"{one.prefix}-trail"
        assert found["IsLogging"] is True
        assert found["IsMultiRegionTrail"] is True
        assert found["IncludeGlobalServiceEvents"] is True
        assert found["EnableLogFileValidation"] is True
        assert found["KMSKeyId"] == one.key("audit")["Arn"]


def test_the_trail_writes_to_a_log_group_under_the_audit_key(assembly: Assembly) -> None:
    name = f"/aws/cloudtrail/{assembly.prefix}-trail"
    assert trail(assembly)["CloudWatchLogsLogGroupArn"] == (
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"
    )
    (group,) = [
        one["Properties"]
        for one in assembly.resources("AWS::Logs::LogGroup").values()
        if one["Properties"]["LogGroupName"] == name
    ]
    assert group["KmsKeyId"] == assembly.key("audit")["Arn"]
    assert group["RetentionInDays"] == assembly.settings["log_retention_days"]


def test_the_trails_role_writes_its_own_streams_and_no_more(assembly: Assembly) -> None:
    (name, role) = next(
        (name, role)
        for name, role in assembly.resources("AWS::IAM::Role").items()
        if name.startswith("TrailLogsRole")
    )
    assert trail(assembly)["CloudWatchLogsRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/<{name}>"
    assert not {"Policies", "ManagedPolicyArns"} & set(role["Properties"])
    (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    (policy,) = [
        one["Properties"]
        for one in assembly.resources("AWS::IAM::ManagedPolicy").values()
        if f"<{name}>" in one["Properties"].get("Roles", ())
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Sid": "TrailsOwnStreams",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": (
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/cloudtrail/{assembly.prefix}-trail"
            f":log-stream:{ACCOUNT}_CloudTrail_{REGION}*"
        ),
    }


def test_the_trail_is_made_after_what_lets_it_write(assembly: Assembly) -> None:
    (found,) = assembly.resources("AWS::CloudTrail::Trail").values()
    needed = " ".join(found["DependsOn"])
    assert "ArchivePolicy" in needed
    assert "MayWriteLogs" in needed


def test_only_the_rule_fills_the_log_group_of_management_events(organization: Assembly) -> None:
    group = f"/aws/events/{organization.prefix}-management-events"
    (document,) = [
        json.loads(policy["Properties"]["PolicyDocument"])
        for policy in organization.resources("AWS::Logs::ResourcePolicy").values()
        if policy["Properties"]["PolicyName"] == f"{organization.prefix}-management-events"
    ]
    make, write = document["Statement"]
    for statement in (make, write):
        assert statement["Principal"]["Service"] == ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
        assert statement["Resource"] == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"]
    assert make["Action"] == "logs:CreateLogStream"
    assert write["Action"] == "logs:PutLogEvents"
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{organization.prefix}-management-events"
    assert write["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}


def test_the_rule_that_fills_it_sees_reading_events(organization: Assembly) -> None:
    group = f"/aws/events/{organization.prefix}-management-events"
    (rule,) = [
        one["Properties"]
        for one in organization.resources("AWS::Events::Rule").values()
        if one["Properties"]["Name"] == f"{organization.prefix}-management-events"
    ]
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert [target["Arn"] for target in rule["Targets"]] == [
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    ]
    (logs,) = [
        one["Properties"]
        for one in organization.resources("AWS::Logs::LogGroup").values()
        if one["Properties"]["LogGroupName"] == group
    ]
    assert logs["KmsKeyId"] == organization.key("audit")["Arn"]
