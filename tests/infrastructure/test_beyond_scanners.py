"""What no scanner of templates looks at: who is bound to what, and which key is meant for which store."""

import re
from typing import Any

import pytest

from stacks.key_policies import CRYPTOGRAPHY, DELEGATION
from tests.infrastructure.assembly import ACCOUNT, Assembly

USES = {*CRYPTOGRAPHY, *DELEGATION}
# Where each kind of store says by which key it is encrypted.
ENCRYPTED_BY = {
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration",
        "ResultConfiguration",
        "EncryptionConfiguration",
        "KmsKey",
    ),
    "AWS::Backup::BackupVault": ("EncryptionKeyArn",),
    "AWS::CloudTrail::Trail": ("KMSKeyId",),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
}
# What the audit is made of lies under the audit key, all else under the storage key.
AUDIT = re.compile(r"/aws/(cloudtrail|events)/|-audit$|-trail$|-alarms-of-keys$")
# Looked at by a test of their own, or no store.
OTHERS = {"AWS::KMS::Alias", "AWS::S3::Bucket"}
NAMES = ("LogGroupName", "TrailName", "TopicName", "Name")
# A role that has one of the first may have none of the second.
READING = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem", "kms:Decrypt"}
WRITING = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "kms:GenerateDataKey"}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(assembly: Assembly) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{place}.{statement.get('Sid')}", statement)
        for place, document in assembly.policy_documents()
        for statement in document["Statement"]
    ]


def condition_keys(statement: dict[str, Any]) -> set[str]:
    return {key for operator in statement.get("Condition", {}).values() for key in operator}


# What binds a service that uses a key to this account, beside aws:SourceArn and aws:SourceAccount: an
# encryption context that holds the ARN of what is ours.
OURS_BY_CONTEXT = {
    "kms:EncryptionContext:aws:logs:arn": f":{ACCOUNT}:log-group:",
    "kms:EncryptionContext:aws:sns:topicArn": f":{ACCOUNT}:",
    "kms:EncryptionContext:SourceArn": f":{ACCOUNT}:",
}
SOURCES = {"aws:SourceArn", "aws:SourceAccount"}


def is_bound_to_this_account(statement: dict[str, Any]) -> bool:
    conditions = {
        key: value for operator in statement.get("Condition", {}).values() for key, value in operator.items()
    }
    return bool(SOURCES & conditions.keys()) or any(
        key in conditions and all(ours in arn for arn in listed(conditions[key]))
        for key, ours in OURS_BY_CONTEXT.items()
    )


def test_a_service_that_uses_a_key_is_bound_to_this_account(assembly: Assembly) -> None:
    bound = [
        place
        for place, statement in statements(assembly)
        if ".KeyPolicy." in place
        and "Service" in statement["Principal"]
        and is_bound_to_this_account(statement)
    ]
    unbound = [
        place
        for place, statement in statements(assembly)
        if ".KeyPolicy." in place and "Service" in statement["Principal"] and place not in bound
    ]
    assert unbound == []
    assert len(bound) == 8


def test_a_service_that_another_policy_lets_in_is_bound_to_this_account(assembly: Assembly) -> None:
    """By its statement, or by one beside it that denies other sources to the same service."""
    for place, statement in statements(assembly):
        # Lambda, and API Gateway for its logs, carry no source when they assume a role.
        if ".KeyPolicy." in place or "AssumeRolePolicyDocument" in place or statement["Effect"] == "Deny":
            continue
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "Service" in principal:
            denials = [
                other
                for other_place, other in statements(assembly)
                if other_place.rpartition(".")[0] == place.rpartition(".")[0]
                and other["Effect"] == "Deny"
                and other.get("Principal") == principal
            ]
            assert any(is_bound_to_this_account(one) for one in (statement, *denials)), place


def test_no_use_of_a_key_is_allowed_on_every_key(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        if statement["Effect"] == "Allow" and ".KeyPolicy." not in place:
            for action in listed(statement["Action"]):
                assert not action.startswith("kms:*"), place
                if action in USES:
                    assert "*" not in listed(statement["Resource"]), place
                    assert not any(resource.endswith("/*") for resource in listed(statement["Resource"])), (
                        place
                    )


def test_every_use_of_a_key_by_a_role_has_conditions(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        if statement["Effect"] == "Allow" and {*listed(statement["Action"])} & USES:
            assert statement.get("Condition"), place


def is_apart(statement: dict[str, Any]) -> bool:
    """Whether a statement is about something else than what is in records."""
    conditions = condition_keys(statement)
    seen = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("dynamodb:Attributes")
    return (
        "kms:ViaService" in conditions
        or "kms:EncryptionContext:branch-key-id" in conditions
        or "kms:EncryptionContext:object-tenant" in conditions
        or "kms:EncryptionContext:aws:states:stateMachineArn" in conditions
        or all(resource.endswith("-key-store") for resource in listed(statement["Resource"]))
        # What a record hangs on, and nothing that is in it.
        or (seen == ["tenant", "record", "aws_dbe_head"] and "dynamodb:Select" in conditions)
    )


def roles(assembly: Assembly) -> dict[str, set[str]]:
    """Each role's actions, by the ARN that policies know it by."""
    found: dict[str, set[str]] = {}
    for logical_id, role in assembly.resources("AWS::IAM::Role").items():
        name = role["Properties"].get("RoleName", f"<{logical_id}>")
        found[name] = set()
        for policy in assembly.resources("AWS::IAM::ManagedPolicy").values():
            if name in policy["Properties"].get("Roles", ()):
                for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                    if statement["Effect"] == "Allow" and not is_apart(statement):
                        found[name] |= set(listed(statement["Action"]))
    return found


def test_no_role_both_writes_and_reads_records(assembly: Assembly) -> None:
    found = roles(assembly)
    assert {f"{assembly.prefix}-{duty}" for duty in ("writer", "reader", "tenant-admin")} <= found.keys()
    both = {name for name, actions in found.items() if actions & READING and actions & WRITING}
    # Who rewrites must: the state machine alone calls it.
    assert both == {f"{assembly.prefix}-{assembly.worker('reencryptor')}"}


def test_only_tenant_admin_writes_branch_keys_and_it_opens_none(assembly: Assembly) -> None:
    key_store = assembly.table("key-store")["Properties"]["TableName"]
    writing = set()
    for logical_id, policy in assembly.resources("AWS::IAM::ManagedPolicy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            of_key_store = any(
                resource.endswith(f"/{key_store}") for resource in listed(statement["Resource"])
            )
            if of_key_store and {*listed(statement["Action"])} & WRITING:
                writing |= {logical_id, *policy["Properties"].get("Roles", ())}
    of_role = {name for name in writing if name.startswith(assembly.prefix)}
    worker = assembly.worker("tenant-admin")
    assert of_role == {f"{assembly.prefix}-{worker}"}
    for statement in assembly.identity_statements(worker):
        if "kms:ViaService" not in condition_keys(statement):
            assert not {*listed(statement["Action"])} & {"kms:Decrypt", "kms:Encrypt"}


def test_no_policy_names_a_role_that_does_not_exist(assembly: Assembly) -> None:
    existing = {
        f"arn:aws:iam::{ACCOUNT}:role/{role['Properties'].get('RoleName', f'<{logical_id}>')}"
        for logical_id, role in assembly.resources("AWS::IAM::Role").items()
    }
    named = set()
    for _, document in assembly.policy_documents():
        named |= set(re.findall(r"arn:aws:iam::\d{12}:role/[^\"' ]+", str(document)))
    assert named
    assert named <= existing
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for policy in assembly.resources(kind).values():
            for role in policy["Properties"].get("Roles", ()):
                assert f"arn:aws:iam::{ACCOUNT}:role/{role}" in existing


def encrypting_key(properties: dict[str, Any], path: tuple[str, ...]) -> object:
    value: Any = properties
    for name in path:
        value = value.get(name, {})
    return value


@pytest.mark.parametrize("kind", sorted(ENCRYPTED_BY))
def test_every_store_is_encrypted_with_the_key_meant_for_it(assembly: Assembly, kind: str) -> None:
    for logical_id, resource in assembly.resources(kind).items():
        properties = resource["Properties"]
        name = str(next((properties[one] for one in NAMES if one in properties), ""))
        meant = assembly.key("audit" if AUDIT.search(name) else "storage")["Arn"]
        assert encrypting_key(properties, ENCRYPTED_BY[kind]) == meant, f"{logical_id} {name}"


def test_every_bucket_is_encrypted_with_the_key_meant_for_it(assembly: Assembly) -> None:
    """Access logs with S3's own, objects with the storage key, the audit with its own."""
    buckets = assembly.resources("AWS::S3::Bucket")
    targets = {
        bucket["Properties"]["LoggingConfiguration"]["DestinationBucketName"]
        for bucket in buckets.values()
        if "DestinationBucketName" in bucket["Properties"].get("LoggingConfiguration", {})
    }
    for logical_id, bucket in buckets.items():
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        default = rule["ServerSideEncryptionByDefault"]
        if f"<{logical_id}>" in targets:
            assert default == {"SSEAlgorithm": "AES256"}, logical_id
        else:
            of_storage = logical_id.startswith(("Objects", "Runs"))
            meant = assembly.key("storage" if of_storage else "audit")["Arn"]
            assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": meant}


def test_every_kind_of_store_is_known_here(assembly: Assembly) -> None:
    keyed = {
        resource["Type"]
        for template in assembly.templates.values()
        for resource in template["Resources"].values()
        if re.search(r"Kms|KMS|EncryptionKey", str(resource.get("Properties", {}).keys()))
    }
    assert keyed <= {*ENCRYPTED_BY, *OTHERS}


def test_a_functions_environment_holds_no_secret(assembly: Assembly) -> None:
    suspicious = re.compile(r"secret|password|token|private|credential", re.IGNORECASE)
    key_material = re.compile(r"AKIA|ASIA|-----BEGIN|[A-Za-z0-9+/]{40,}={0,2}$")
    for function in assembly.resources("AWS::Lambda::Function").values():
        for name, value in function["Properties"]["Environment"]["Variables"].items():
            assert not suspicious.search(name), name
            assert not key_material.search(value.rpartition(":")[2]), name
