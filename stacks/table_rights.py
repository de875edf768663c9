"""What each duty may do with the two tables.

What must stay true: only tenant-admin changes the key store; of a record it sees the keys and the header,
which tells what the data key is wrapped under, and none of what is in it. A session of one tenant has the
rights of its duty for that tenant's items alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks import names
from stacks.record_contexts import PARTITION_KEY, SORT_KEY
from stacks.settings import Settings

HEADER = "aws_dbe_head"  # of the item format: lambda_src/envelope/item_schema.py
# What tells of a branch key without being one: lambda_src/envelope/key_store_table.py.
HEADS_OF_BRANCH_KEYS = ("branch-key-id", "create-time", "kms-arn", "shredded-at", "type", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The ARNs of the two tables, and whose items are meant.

    Attributes
    ----------
    tenant
        Whose: a tenant's, or what IAM puts in its place; None: everybody's.
    """

    records: str
    key_store: str
    tenant: str | None = None

    def may_on_records(self, *actions: str) -> iam.PolicyStatement:
        """Allow actions on records."""
        return self._may("Records", actions, self.records, {})

    def may_on_key_store(self, *actions: str) -> iam.PolicyStatement:
        """Allow actions on items of the key store."""
        return self._may("KeyStore", actions, self.key_store, {})

    def may_see_what_records_hang_on(self) -> iam.PolicyStatement:
        """Allow to query records for their keys and headers."""
        return self._may(
            "WhatRecordsHangOn",
            ("dynamodb:Query",),
            self.records,
            _attributes_of(PARTITION_KEY, SORT_KEY, HEADER),
        )

    def may_delete_unseen(self) -> iam.PolicyStatement:
        """Allow to delete records, but neither to be handed what is deleted nor to try out what is in it.

        Of a deletion whose condition fails DynamoDB hands out the item to who asks for it, and no key of
        IAM's forbids that: what is readable in it can be seen so.
        """
        unseen: dict[str, Mapping[str, Any]] = {
            "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
            "ForAllValues:StringEquals": {"dynamodb:Attributes": [PARTITION_KEY, SORT_KEY, HEADER]},
        }
        return self._may("DeleteUnseen", ("dynamodb:DeleteItem",), self.records, unseen)

    def _may(
        self, sid: str, actions: tuple[str, ...], table: str, conditions: Mapping[str, Mapping[str, Any]]
    ) -> iam.PolicyStatement:
        conditions = {operator: dict(keys) for operator, keys in conditions.items()}
        if self.tenant is not None:
            # ForAllValues is true of a request without leading keys: Null refuses those.
            own = {"dynamodb:LeadingKeys": [self.tenant]}
            listed = {**conditions.get("ForAllValues:StringEquals", {}), **own}
            conditions |= {"ForAllValues:StringEquals": listed, "Null": {"dynamodb:LeadingKeys": "false"}}
        return iam.PolicyStatement(
            sid=sid, actions=list(actions), resources=[table], conditions=conditions or None
        )


def tables_by_name(stack: cdk.Stack, settings: Settings, *, tenant: str) -> Tables:
    """Give the tables as a stack knows them that is made before them."""

    def arn(name: str) -> str:
        return stack.format_arn(service="dynamodb", resource="table", resource_name=name)

    return Tables(
        records=arn(names.records(settings)), key_store=arn(names.key_store(settings)), tenant=tenant
    )


def tables_of_writer(settings: Settings, tables: Tables) -> list[iam.PolicyStatement]:
    """Store and delete records; read the key store where the strategy needs it."""
    statements = [tables.may_on_records("dynamodb:PutItem", "dynamodb:DeleteItem")]
    if settings.writer_uses_branch_keys:
        statements.append(tables.may_on_key_store("dynamodb:GetItem"))
    return statements


def tables_of_reader(_settings: Settings, tables: Tables) -> list[iam.PolicyStatement]:
    """Read both."""
    return [
        tables.may_on_records("dynamodb:GetItem", "dynamodb:Query"),
        tables.may_on_key_store("dynamodb:GetItem"),
    ]


def tables_of_reencryptor(_settings: Settings, tables: Tables) -> list[iam.PolicyStatement]:
    """Write records back, and read the key store; which records there are, the function finds out itself."""
    return [
        tables.may_on_records("dynamodb:PutItem"),
        tables.may_on_key_store("dynamodb:ConditionCheckItem", "dynamodb:GetItem"),
    ]


def records_of_all_tenants(tables: Tables) -> iam.PolicyStatement:
    """Let the function that encrypts records anew read the table, a segment or a tenant at a time."""
    return iam.PolicyStatement(
        sid="AllRecords", actions=["dynamodb:Query", "dynamodb:Scan"], resources=[tables.records]
    )


def size_of_records(tables: Tables) -> iam.PolicyStatement:
    """Let the planner ask how large the table is."""
    return iam.PolicyStatement(
        sid="SizeOfRecords", actions=["dynamodb:DescribeTable"], resources=[tables.records]
    )


def tables_of_tenant_admin(_settings: Settings, tables: Tables) -> list[iam.PolicyStatement]:
    """Change the key store; find, and delete when told to, the records that do not hang on a branch key."""
    return [
        tables.may_on_key_store(
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        ),
        tables.may_see_what_records_hang_on(),
        tables.may_delete_unseen(),
    ]


def tables_of_rotation(tables: Tables) -> list[iam.PolicyStatement]:
    """Rotate branch keys; a part of what the role tenant-admin may do already."""
    return [
        tables.may_on_key_store(
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        )
    ]


def heads_of_branch_keys(tables: Tables) -> iam.PolicyStatement:
    """List which tenants have branch keys: across all tenants, and none of the keys themselves."""
    return iam.PolicyStatement(
        sid="HeadsOfBranchKeys",
        actions=["dynamodb:Scan"],
        resources=[tables.key_store],
        conditions=_attributes_of(*HEADS_OF_BRANCH_KEYS),
    )


def key_store_times(settings: Settings) -> dict[str, object]:
    """What tenant-admin tells of how long something that was shredded can be brought back."""
    return {
        "KEY_STORE_RECOVERY_DAYS": settings.key_store_recovery_days,
        "KEY_STORE_BACKUP_DAYS": settings.key_store_backup_days,
    }


def _attributes_of(*attributes: str) -> dict[str, dict[str, Any]]:
    """Conditions of a request that names attributes, and only these.

    ForAllValues alone would let a request pass that names none and so gets all.
    """
    return {
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": list(attributes)},
    }
