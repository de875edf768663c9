"""What each duty may do with the two tables.

What must stay true: only tenant-admin changes the key store; of a record it sees the keys and the header,
which tells what the data key is wrapped under, and none of what is in it.
"""

from aws_cdk import aws_iam as iam

from stacks.keys import PARTITION_KEY, SORT_KEY
from stacks.settings import Settings
from stacks.storage import StorageStack

HEADER = "aws_dbe_head"  # of the item format: lambda_src/envelope/item_schema.py


def tables_of_writer(settings: Settings, *, storage: StorageStack) -> list[iam.PolicyStatement]:
    """Store and delete records; read the key store where the strategy needs it."""
    statements = [_on_records(storage, "dynamodb:PutItem", "dynamodb:DeleteItem")]
    if settings.writer_uses_branch_keys:
        statements.append(_on_key_store(storage, "dynamodb:GetItem"))
    return statements


def tables_of_reader(storage: StorageStack) -> list[iam.PolicyStatement]:
    """Read both."""
    return [
        _on_records(storage, "dynamodb:GetItem", "dynamodb:Query"),
        _on_key_store(storage, "dynamodb:GetItem"),
    ]


def tables_of_tenant_admin(storage: StorageStack) -> list[iam.PolicyStatement]:
    """Change the key store; find, and delete when told to, the records that do not hang on a branch key."""
    return [
        _on_key_store(
            storage,
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ),
        iam.PolicyStatement(
            sid="WhatRecordsHangOn",
            actions=["dynamodb:Query"],
            resources=[storage.records.table_arn],
            conditions={
                # ForAllValues alone would let a query pass that names no attributes and so gets all.
                "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
                "ForAllValues:StringEquals": {"dynamodb:Attributes": [PARTITION_KEY, SORT_KEY, HEADER]},
            },
        ),
        iam.PolicyStatement(
            sid="DeleteUnseen",
            actions=["dynamodb:DeleteItem"],
            resources=[storage.records.table_arn],
            # DynamoDB would hand out the item that it deletes.
            conditions={"StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"}},
        ),
    ]


def tables_of_rotation(storage: StorageStack) -> list[iam.PolicyStatement]:
    """Find and rotate branch keys; a part of what the role tenant-admin may do already."""
    return [
        _on_key_store(
            storage,
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        )
    ]


def key_store_times(settings: Settings) -> dict[str, object]:
    """What tenant-admin tells of how long something that was shredded can be brought back."""
    return {
        "KEY_STORE_RECOVERY_DAYS": settings.key_store_recovery_days,
        "KEY_STORE_BACKUP_DAYS": settings.key_store_backup_days,
    }


def _on_records(storage: StorageStack, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid="Records", actions=list(actions), resources=[storage.records.table_arn])


def _on_key_store(storage: StorageStack, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid="KeyStore", actions=list(actions), resources=[storage.key_store.table_arn])
