"""What holds for all three keys, and who may use the storage key and the audit key."""

from dataclasses import replace

import pytest

from stacks.keys import ADMINISTRATION, CRYPTOGRAPHY, SERVER_SIDE_ENCRYPTION
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, key_allows, with_encryption_context

KEYS = ("envelope", "storage", "audit")
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
ALL_OF_KMS = [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]
DYNAMODB = {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
LOGS = f"logs.{REGION}.amazonaws.com"


def allowed(assembly: Assembly, name: str, asked: Request, **policies: object) -> bool:
    statements = assembly.key(name)["Properties"]["KeyPolicy"]["Statement"]
    identity = policies.get("identity_policies", ALL_OF_KMS)
    return key_allows(asked, key_policy=statements, identity_policies=identity)  # type: ignore[arg-type]


def ask(assembly: Assembly, name: str, action: str, **about: object) -> Request:
    principal = str(about.pop("principal", ADMINISTRATOR))
    context = {key: str(value) for key, value in about.pop("context", {}).items()}  # type: ignore[attr-defined]
    return Request(principal=principal, action=action, resource=assembly.key(name)["Arn"], context=context)


@pytest.mark.parametrize("name", KEYS)
def test_it_rotates_by_itself(assembly: Assembly, name: str) -> None:
    properties = assembly.key(name)["Properties"]
    assert properties["EnableKeyRotation"] is True
    assert properties["RotationPeriodInDays"] == 365


@pytest.mark.parametrize("name", KEYS)
def test_in_production_it_outlives_its_stack_and_waits_thirty_days(prod: Assembly, name: str) -> None:
    key = prod.key(name)
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["PendingWindowInDays"] == 30


@pytest.mark.parametrize("name", KEYS)
def test_in_production_nobody_shortens_the_deletion_window(prod: Assembly, name: str) -> None:
    def delete(days: int) -> Request:
        window = {"kms:ScheduleKeyDeletionPendingWindowInDays": days}
        return ask(prod, name, "kms:ScheduleKeyDeletion", context=window)

    assert not allowed(prod, name, delete(7))
    assert not allowed(prod, name, delete(29))
    assert allowed(prod, name, delete(30))
    assert allowed(prod, name, ask(prod, name, "kms:ScheduleKeyDeletion"))  # KMS then waits 30 days


@pytest.mark.parametrize("name", KEYS)
def test_nobody_skips_the_lockout_check(assembly: Assembly, name: str) -> None:
    change = ask(assembly, name, "kms:PutKeyPolicy")
    assert allowed(assembly, name, replace(change, context={"kms:BypassPolicyLockoutSafetyCheck": "false"}))
    assert not allowed(
        assembly, name, replace(change, context={"kms:BypassPolicyLockoutSafetyCheck": "true"})
    )


@pytest.mark.parametrize("name", KEYS)
def test_the_account_can_still_change_its_policy(assembly: Assembly, name: str) -> None:
    root = ask(assembly, name, "kms:PutKeyPolicy", principal=f"arn:aws:iam::{ACCOUNT}:root")
    assert allowed(assembly, name, root, identity_policies=[])


@pytest.mark.parametrize("name", KEYS)
def test_its_copies_in_other_regions_are_refused(assembly: Assembly, name: str) -> None:
    assert not allowed(assembly, name, ask(assembly, name, "kms:ReplicateKey"))


def test_administration_holds_no_use_of_a_key() -> None:
    assert not {*ADMINISTRATION} & {*CRYPTOGRAPHY, "kms:CreateGrant", "kms:ReplicateKey"}
    assert not any("*" in action for action in (*ADMINISTRATION, *CRYPTOGRAPHY, *SERVER_SIDE_ENCRYPTION))


@pytest.mark.parametrize("action", SERVER_SIDE_ENCRYPTION)
def test_the_storage_key_serves_dynamodb_for_whom_iam_allows(assembly: Assembly, action: str) -> None:
    asked = ask(assembly, "storage", action, context=DYNAMODB)
    assert allowed(assembly, "storage", asked)
    assert not allowed(assembly, "storage", asked, identity_policies=[])


@pytest.mark.parametrize("action", [action for action in CRYPTOGRAPHY if "KeyPair" not in action])
def test_the_storage_key_serves_nobody_directly(assembly: Assembly, action: str) -> None:
    for context in ({}, {**DYNAMODB, "kms:ViaService": f"s3.{REGION}.amazonaws.com"}):
        assert not allowed(assembly, "storage", ask(assembly, "storage", action, context=context))


def test_only_aws_services_take_grants_of_the_storage_key(assembly: Assembly) -> None:
    for_itself = ask(assembly, "storage", "kms:CreateGrant", context=DYNAMODB)
    for_dynamodb = replace(for_itself, context={**DYNAMODB, "kms:GrantIsForAWSResource": "true"})
    assert allowed(assembly, "storage", for_dynamodb)
    assert not allowed(assembly, "storage", for_itself)


def test_the_storage_key_serves_our_log_groups_and_no_others(assembly: Assembly) -> None:
    def log(group_arn: str) -> Request:
        asked = ask(assembly, "storage", "kms:GenerateDataKey", principal=LOGS)
        return with_encryption_context(asked, {"aws:logs:arn": group_arn})

    groups = [
        properties["Properties"]["LogGroupName"]
        for properties in assembly.resources("AWS::Logs::LogGroup").values()
    ]
    assert len(groups) == 3
    for group in groups:
        assert allowed(assembly, "storage", log(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"))
        assert not allowed(assembly, "storage", log(f"arn:aws:logs:{REGION}:999988887777:log-group:{group}"))
    assert not allowed(
        assembly, "storage", log(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/other")
    )
    assert not allowed(assembly, "storage", ask(assembly, "storage", "kms:GenerateDataKey", principal=LOGS))


@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_the_audit_key_serves_nobody_yet(assembly: Assembly, action: str) -> None:
    for principal in (ADMINISTRATOR, LOGS, "cloudtrail.amazonaws.com"):
        assert not allowed(assembly, "audit", ask(assembly, "audit", action, principal=principal))
