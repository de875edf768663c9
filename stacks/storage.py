"""What is stored: the table of records, and its copies.

What must stay true: the table is encrypted with the storage key, can be restored to any second of the last
35 days, and in production survives the deletion of its stack and any single DeleteTable.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.backups import RecordsBackups
from stacks.keys import PARTITION_KEY, SORT_KEY
from stacks.settings import Settings


class StorageStack(cdk.Stack):
    """Table `records`, on demand; its daily copies where the settings want them."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        storage_key: kms.IKey,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        # Table, not TableV2: scanners of templates know only AWS::DynamoDB::Table.
        self.records = dynamodb.Table(
            self,
            "Records",
            table_name=f"{settings.prefix}-records",
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=SORT_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=storage_key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=35
            ),
            deletion_protection=settings.retains_data,
            removal_policy=settings.removal_policy,
        )
        if settings.backup_retention_days is None:
            acknowledge(
                self.records,
                reason="The setting backup_retention_days is null here; point-in-time recovery restores any "
                "second of the last 35 days.",
                nag=[f"{pack}-DynamoDBInBackupPlan" for pack in ("NIST.800.53.R5", "HIPAA.Security")],
            )
        else:
            RecordsBackups(
                self,
                "Backups",
                settings=settings,
                days=settings.backup_retention_days,
                table=self.records,
                storage_key=storage_key,
            )
        cdk.CfnOutput(
            self, "RecordsTableName", value=self.records.table_name, description="The table of records"
        )
