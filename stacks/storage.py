"""What is stored: tables of records and of branch keys, the copies of each, and the bucket of objects.

What must stay true: the tables are encrypted with the storage key, can be restored to any second of their
recovery window, and in production survive the deletion of their stack and any single DeleteTable. Of the two
the key store has the shorter memory: a shredded branch key must not come back for long. Nobody but the role
tenant-admin writes to it.
"""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.backups import TableBackups
from stacks.keys import KeysStack
from stacks.objects_bucket import add_objects_bucket
from stacks.record_contexts import PARTITION_KEY, SORT_KEY
from stacks.settings import Settings

KEY_STORE_PARTITION_KEY, KEY_STORE_SORT_KEY = "branch-key-id", "type"
# Every call that writes items. Restoring makes another table; imports are for tables that do not exist yet.
WRITES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
RECORDS_RECOVERY_DAYS = 35


class StorageStack(cdk.Stack):
    """Tables `records` and `key-store`, on demand, copied daily if wanted; the bucket of objects."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings
        self._keys = keys
        self.records = self._table(
            "Records",
            name=names.records(settings),
            partition_key=PARTITION_KEY,
            sort_key=SORT_KEY,
            recovery_days=RECORDS_RECOVERY_DAYS,
        )
        self.key_store = self._table(
            "KeyStore",
            name=names.key_store(settings),
            partition_key=KEY_STORE_PARTITION_KEY,
            sort_key=KEY_STORE_SORT_KEY,
            recovery_days=settings.key_store_recovery_days,
            policy=_only_tenant_admin_writes(keys.workers("tenant-admin")),
        )
        self._back_up(
            self.records,
            "Backups",
            days=settings.backup_retention_days,
            setting="backup_retention_days",
            vault=names.vault(settings),
        )
        # A vault of its own: what a longer lock kept, nothing could shred.
        self._back_up(
            self.key_store,
            "KeyStoreBackups",
            days=settings.key_store_backup_days,
            setting="key_store_backup_days",
            vault=names.key_store_vault(settings),
        )
        self.objects = add_objects_bucket(self, settings, storage_key=keys.storage_key)
        cdk.CfnOutput(
            self,
            "ObjectsBucketName",
            value=self.objects.bucket_name,
            description="The bucket of objects: for `sealed object`, SEALED_OBJECTS_BUCKET",
        )
        cdk.CfnOutput(
            self, "RecordsTableName", value=self.records.table_name, description="The table of records"
        )
        cdk.CfnOutput(
            self, "KeyStoreTableName", value=self.key_store.table_name, description="The table of branch keys"
        )

    def _table(
        self,
        construct_id: str,
        *,
        name: str,
        partition_key: str,
        sort_key: str,
        recovery_days: int,
        policy: iam.PolicyDocument | None = None,
    ) -> dynamodb.Table:
        # Table, not TableV2: scanners of templates know only AWS::DynamoDB::Table.
        return dynamodb.Table(
            self,
            construct_id,
            table_name=name,
            partition_key=dynamodb.Attribute(name=partition_key, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._keys.storage_key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recovery_days
            ),
            deletion_protection=self._settings.retains_data,
            removal_policy=self._settings.removal_policy,
            resource_policy=policy,
        )

    def _back_up(
        self, table: dynamodb.Table, construct_id: str, *, days: int | None, setting: str, vault: str
    ) -> None:
        if days is not None:
            TableBackups(
                self,
                construct_id,
                settings=self._settings,
                days=days,
                table=table,
                vault=vault,
                storage_key=self._keys.storage_key,
            )
            return
        acknowledge(
            table,
            reason=f"The setting {setting} is null here; point-in-time recovery restores any second of the "
            "days that it covers.",
            nag=[f"{pack}-DynamoDBInBackupPlan" for pack in ("NIST.800.53.R5", "HIPAA.Security")],
        )


def _only_tenant_admin_writes(roles: Sequence[str]) -> iam.PolicyDocument:
    """Deny every write to everyone else, whatever their IAM policies say.

    It allows nothing: the role's own policy does. Who may change this policy can lift it, and that is
    recorded.
    """
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="NobodyButTenantAdminWrites",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(WRITES),
                resources=["*"],  # in a table's policy: this table
                # Of several ARNs it holds for a principal that is none of them.
                conditions={"ArnNotEquals": {"aws:PrincipalArn": roles[0] if len(roles) == 1 else roles}},
            )
        ]
    )
