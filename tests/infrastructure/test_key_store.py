"""The table of branch keys: who writes to it, and for how long it remembers."""

from collections.abc import Callable
from typing import Any

import pytest

from stacks.storage import WRITES
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly, Resource
from tests.infrastructure.policy_evaluation import Request, Statement, resource_allows

ALL: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
# Every data-plane action of DynamoDB's list that changes items of a table that exists.
CHANGES = {
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
}
READS = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:ConditionCheckItem")
OTHERS = (
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:role/administrator",
    f"arn:aws:iam::{ACCOUNT}:user/tenant-admin",
    f"arn:aws:iam::{ACCOUNT}:role/tenant-admin",
    "arn:aws:iam::999988887777:role/sealed-prod-tenant-admin",
    "backup.amazonaws.com",
    "dynamodb.amazonaws.com",
)


def table(assembly: Assembly, name: str = "key-store") -> Resource:
    (found,) = [
        table
        for table in assembly.resources("AWS::DynamoDB::Table").values()
        if table["Properties"]["TableName"] == f"{assembly.prefix}-{name}"
    ]
    return found


def role(assembly: Assembly, duty: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{assembly.worker(duty)}"


def may(assembly: Assembly, principal: str, action: str, *, allowing: Statement = ALL) -> bool:
    """Whether DynamoDB lets a principal through whom something else allows it."""
    policy = table(assembly)["Properties"]["ResourcePolicy"]["PolicyDocument"]["Statement"]
    asked = Request(
        principal=principal,
        action=action,
        resource=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}-key-store",
    )
    if "Principal" in allowing or asked.account is None:
        careless = {**allowing, "Principal": "*"}
        return resource_allows(asked, resource_policy=[*policy, careless], identity_policies=[])
    return resource_allows(asked, resource_policy=policy, identity_policies=[allowing])


def test_its_keys_are_those_of_the_format(assembly: Assembly) -> None:
    properties = table(assembly)["Properties"]
    assert properties["KeySchema"] == [
        {"AttributeName": "branch-key-id", "KeyType": "HASH"},
        {"AttributeName": "type", "KeyType": "RANGE"},
    ]
    assert {attribute["AttributeType"] for attribute in properties["AttributeDefinitions"]} == {"S"}


def test_it_lies_under_the_storage_key(assembly: Assembly) -> None:
    assert table(assembly)["Properties"]["SSESpecification"] == {
        "KMSMasterKeyId": assembly.key("storage")["Arn"],
        "SSEEnabled": True,
        "SSEType": "KMS",
    }


def test_in_production_it_survives_its_stack_and_any_single_call(prod: Assembly) -> None:
    found = table(prod)
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"
    assert found["Properties"]["DeletionProtectionEnabled"] is True


def test_what_was_shredded_comes_back_for_as_long_as_the_setting_says(
    assembly: Assembly, changed: Callable[..., Assembly]
) -> None:
    def recovery(deployed: Assembly, name: str) -> Any:
        return table(deployed, name)["Properties"]["PointInTimeRecoverySpecification"]

    kept = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    assert recovery(assembly, "key-store") == kept
    shorter = changed("prod", key_store_recovery_days=1)
    assert recovery(shorter, "key-store") == kept | {"RecoveryPeriodInDays": 1}
    assert recovery(shorter, "records") == kept | {"RecoveryPeriodInDays": 35}


def test_no_copy_of_it_leaves_by_another_way(assembly: Assembly) -> None:
    # A stream, an index or a replica would remember what was shredded, or need a policy of its own.
    properties = table(assembly)["Properties"]
    assert not {
        "GlobalSecondaryIndexes",
        "KinesisStreamSpecification",
        "LocalSecondaryIndexes",
        "StreamSpecification",
        "TimeToLiveSpecification",
    } & set(properties)


def test_the_denial_names_every_write() -> None:
    assert {*WRITES} == CHANGES


@pytest.mark.parametrize("action", sorted(CHANGES))
def test_nobody_but_tenant_admin_writes_whatever_iam_allows(assembly: Assembly, action: str) -> None:
    others = [*OTHERS, role(assembly, "writer"), role(assembly, "reader")]
    for principal in others:
        assert not may(assembly, principal, action), principal
    assert may(assembly, role(assembly, "tenant-admin"), action)


@pytest.mark.parametrize("action", sorted(CHANGES))
def test_the_denial_outweighs_a_careless_statement_of_its_own_policy(assembly: Assembly, action: str) -> None:
    for principal in OTHERS:
        careless: Statement = {**ALL, "Principal": "*"}
        assert not may(assembly, principal, action, allowing=careless)


@pytest.mark.parametrize("action", [*sorted(CHANGES), *READS])
def test_its_policy_allows_nobody_anything(assembly: Assembly, action: str) -> None:
    statements = table(assembly)["Properties"]["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert [statement["Effect"] for statement in statements] == ["Deny"]
    unrelated: Statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert not may(assembly, role(assembly, "tenant-admin"), action, allowing=unrelated)


@pytest.mark.parametrize("action", READS)
@pytest.mark.parametrize("duty", ["reader", "tenant-admin"])
def test_reading_is_for_iam_to_allow(assembly: Assembly, duty: str, action: str) -> None:
    assert may(assembly, role(assembly, duty), action)


def test_only_the_key_store_has_such_a_policy(assembly: Assembly) -> None:
    assert "ResourcePolicy" not in table(assembly, "records")["Properties"]


def test_its_name_is_told(assembly: Assembly) -> None:
    output = assembly.templates["Storage"]["Outputs"]["KeyStoreTableName"]
    resolved = assembly.resolve(output["Value"], template=assembly.templates["Storage"])
    assert resolved == f"{assembly.prefix}-key-store"
