"""Daily copies of a table, in a vault of their own.

What must stay true: copies are encrypted with the storage key; the vault's policy and its lock keep each
until its time is over; each table has its own vault: of a branch key that a locked copy still has, nothing is
shredded by deleting it, so the key store's copies live for a shorter time than the records'.

Beside it the table has point-in-time recovery: that restores a second of its window, and goes when the table
is deleted for good; a copy in the vault stays.
"""

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import service_keys
from stacks.acknowledgements import acknowledge, wildcard
from stacks.settings import Settings

# In mode COMPLIANCE not even the root user takes the lock off, once these days are over.
_DAYS_TO_CHANGE_ONES_MIND = 3


class TableBackups(Construct):
    """Vault, plan and role for the daily copies of one table."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        days: int,
        table: dynamodb.Table,
        vault: str,
        storage_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=vault,
            encryption_key=storage_key,
            access_policy=_vault_policy(),
            lock_configuration=_lock(settings, days=days),
            removal_policy=settings.removal_policy,
        )
        role = self._role(table=table, storage_key=storage_key)
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=vault,
            backup_vault=self.vault,
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name="daily",
                    schedule_expression=events.Schedule.cron(hour="3", minute="0"),
                    start_window=cdk.Duration.hours(1),
                    completion_window=cdk.Duration.hours(8),
                    delete_after=cdk.Duration.days(days),
                )
            ],
        )
        backup.CfnBackupSelection(
            self,
            table.node.id,
            backup_plan_id=plan.backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name=vault.removeprefix(f"{settings.prefix}-"),
                iam_role_arn=role.role_arn,
                # By its name, and by no tag: what is kept in a locked vault is said here.
                resources=[table.table_arn],
            ),
        )

    def _role(self, *, table: dynamodb.Table, storage_key: kms.IKey) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Makes the copies of one table; cannot restore them.",
            # Without a condition on the source: AWS Backup documents none for the roles it assumes, and a
            # copy that is not made is missed too late. No other account can pass this role to the service.
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
        )
        copies = cdk.Stack.of(self).format_arn(
            service="backup",
            resource="recovery-point",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        through = {"kms:ViaService": [service_keys.through("backup"), service_keys.through("dynamodb")]}
        # What AWSBackupServiceRolePolicyForBackup holds for DynamoDB, for this one table.
        policy = iam.ManagedPolicy(
            self,
            f"MayCopy{table.node.id}",
            description="What AWS Backup needs to copy one table.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="CopyTheTable",
                    actions=[
                        "dynamodb:CreateBackup",
                        "dynamodb:DescribeTable",
                        "dynamodb:ListTagsOfResource",
                        "dynamodb:StartAwsBackupJob",
                    ],
                    resources=[table.table_arn],
                ),
                iam.PolicyStatement(
                    sid="KeepTheCopies",
                    actions=["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"],
                    resources=[f"{table.table_arn}/backup/*"],
                ),
                iam.PolicyStatement(
                    sid="UseTheVault",
                    actions=["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
                    resources=[self.vault.backup_vault_arn],
                ),
                iam.PolicyStatement(
                    sid="TagTheCopies",
                    actions=["backup:TagResource"],
                    resources=[copies],
                ),
                iam.PolicyStatement(
                    sid="StorageKeyForCopies",
                    actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
                    resources=[storage_key.key_arn],
                    conditions={"StringEquals": through},
                ),
                iam.PolicyStatement(
                    sid="StorageKeyGrantsForCopies",
                    actions=["kms:CreateGrant"],
                    resources=[storage_key.key_arn],
                    conditions={
                        "Bool": {"kms:GrantIsForAWSResource": "true"},
                        "StringEquals": through,
                    },
                ),
            ],
        )
        acknowledge(
            policy,
            reason="AWS Backup gives copies their ids when it makes them; the patterns name copies of this "
            "one table, and recovery points of this account and Region.",
            nag=[wildcard(policy, f"{table.table_arn}/backup/*"), wildcard(policy, copies)],
        )
        return role


def _vault_policy() -> iam.PolicyDocument:
    """Let nobody delete a copy or change how long it is kept.

    Who may change this policy can lift it, and that is recorded by the trail; the lock cannot be lifted so.
    """
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="NobodyDeletesCopies",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
                resources=["*"],
            ),
        ]
    )


def _lock(settings: Settings, *, days: int) -> backup.LockConfiguration | None:
    if settings.backup_vault_lock == "none":
        return None
    compliance = settings.backup_vault_lock == "COMPLIANCE"
    return backup.LockConfiguration(
        min_retention=cdk.Duration.days(days),
        changeable_for=cdk.Duration.days(_DAYS_TO_CHANGE_ONES_MIND) if compliance else None,
    )
