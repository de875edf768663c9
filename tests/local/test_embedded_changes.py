"""Settings change while the embedded AWS serves: what they change changes, and all else stays as it is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cdk_command import DeploymentError
from local.embedded import EmbeddedAws

CHANGES: dict[str, object] = {"writer_keeps_branch_keys": True, "key_store_recovery_days": 3}


def policy_of(aws: EmbeddedAws, role: str) -> list[Any]:
    """All statements of the policies that are attached to a role."""
    iam = aws.client("iam")
    statements = []
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        statements += version["PolicyVersion"]["Document"]["Statement"]
    return statements


def state(aws: EmbeddedAws) -> dict[str, Any]:
    """What these settings change, as it can be read back."""
    kms, table = aws.client("kms"), aws.outputs["KeyStoreTableName"]
    policy = kms.get_key_policy(KeyId=aws.outputs["EnvelopeKeyArn"], PolicyName="default")["Policy"]
    backups = aws.client("dynamodb").describe_continuous_backups(TableName=table)
    days = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"]
    configuration = aws.client("lambda").get_function_configuration
    return {
        "key policy": json.loads(policy)["Statement"],
        "writer": policy_of(aws, "sealed-dev-writer"),
        "reader": policy_of(aws, "sealed-dev-reader"),
        "recovery": days,
        "variables": {
            name: configuration(FunctionName=aws.outputs[f"{name}FunctionName"])["Environment"]["Variables"]
            for name in ("Writer", "Reader", "TenantAdmin")
        },
    }


def identities(aws: EmbeddedAws) -> dict[str, Any]:
    """What would be another one if it had been replaced."""
    iam, table = aws.client("iam"), aws.client("dynamodb").describe_table
    roles = ("writer", "reader", "tenant-admin")
    return {
        "outputs": dict(aws.outputs),
        "api": aws.api_url,
        "roles": [iam.get_role(RoleName=f"sealed-dev-{role}")["Role"]["RoleId"] for role in roles],
        "tables": [
            table(TableName=aws.outputs[name])["Table"]["CreationDateTime"]
            for name in ("RecordsTableName", "KeyStoreTableName")
        ],
        "resources": sorted(
            (stack, each["LogicalResourceId"], each.get("PhysicalResourceId", ""))
            for stack in aws.stacks
            for each in aws.client("cloudformation").describe_stack_resources(StackName=stack)[
                "StackResources"
            ]
        ),
    }


@pytest.fixture(scope="module")
def before(aws: EmbeddedAws) -> Iterator[dict[str, Any]]:
    """The state before the change; everything is as it was when the tests are over."""
    seen = state(aws)
    yield seen
    aws.change_settings(dict.fromkeys(CHANGES, False) | {"key_store_recovery_days": 7})
    assert state(aws) == seen


@pytest.fixture(scope="module")
def served(aws: EmbeddedAws, before: Any, sign: Any, send: Any, acme: Any) -> dict[str, Any]:
    """The state after the change, what stayed, and how the API answered before and after."""

    def ask() -> Any:
        signed = sign(aws.api_url, "GET", "/tenants/acme/records?limit=1", key=acme, region=aws.region)
        answer = send(aws.api_url, signed)
        return answer.status, aws.function_processes()["sealed-dev-reader"]

    stayed, asked = identities(aws), ask()
    aws.change_settings(CHANGES)
    assert identities(aws) == stayed
    return {"before": before, "after": state(aws), "asked": (asked, ask())}


def test_key_policy_role_policies_variables_and_tables_are_as_the_new_settings_say(
    served: dict[str, Any],
) -> None:
    before, after = served["before"], served["after"]
    assert (before["recovery"], after["recovery"]) == (7, 3)
    days = [state["variables"]["TenantAdmin"]["KEY_STORE_RECOVERY_DAYS"] for state in (before, after)]
    assert days == ["7", "3"]
    assert before["key policy"] != after["key policy"]
    assert before["writer"] != after["writer"]
    assert before["reader"] == after["reader"]


def test_a_function_whose_configuration_did_not_change_goes_on(served: dict[str, Any]) -> None:
    before, after = served["asked"]
    assert before == after
    assert before[0] == 200


def test_a_change_to_the_settings_there_are_changes_nothing(aws: EmbeddedAws, served: Any) -> None:
    templates = {name: template(aws, name) for name in aws.stacks}
    aws.change_settings({})
    assert {name: template(aws, name) for name in aws.stacks} == templates


def template(aws: EmbeddedAws, stack: str) -> Any:
    return aws.client("cloudformation").get_template(StackName=stack)["TemplateBody"]


def test_a_wrong_setting_is_named_and_changes_nothing(aws: EmbeddedAws, served: dict[str, Any]) -> None:
    with pytest.raises(DeploymentError, match=r"environments\.dev\.key_strategy is 'both'"):
        aws.change_settings({"key_strategy": "both"})
    assert state(aws) == served["after"]


def topic(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name, **properties}}


def test_an_update_adds_and_deletes_and_names_what_it_cannot_change(aws: EmbeddedAws) -> None:
    cloudformation, sns = aws.client("cloudformation"), aws.client("sns")

    def put(call: Any, **resources: Any) -> None:
        call(StackName="updated", TemplateBody=json.dumps({"Resources": resources}))

    def names() -> set[str]:
        arns = [found["TopicArn"].rpartition(":")[2] for found in sns.list_topics()["Topics"]]
        return {name for name in arns if name.startswith("updated")}

    first = topic("updated-1")
    put(cloudformation.create_stack, First=first, Second=topic("updated-2"))
    put(cloudformation.update_stack, First=first, Third={**topic("updated-3"), "DeletionPolicy": "Retain"})
    assert names() == {"updated-1", "updated-3"}
    put(cloudformation.update_stack, First=first)
    assert names() == {"updated-1", "updated-3"}
    with pytest.raises(ClientError, match=r"cannot change DisplayName of First, an AWS::SNS::Topic"):
        put(cloudformation.update_stack, First=topic("updated-1", DisplayName="other"))
    assert names() == {"updated-1", "updated-3"}
    alarm = {"Type": "AWS::CDK::Metadata", "Properties": {}}
    put(cloudformation.update_stack, First=first, Alarm=alarm)
    with pytest.raises(ClientError, match=r"cannot delete Alarm"):
        put(cloudformation.update_stack, First=first)
