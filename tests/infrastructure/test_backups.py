"""Copies of the records table: in production, of that table alone, and not deleted before their time."""

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly, Resource, settings_of
from tests.infrastructure.policy_evaluation import Request, identity_allows

PREFIX = settings_of("prod")["prefix"]
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}-records"
COPYING = [
    ("dynamodb:StartAwsBackupJob", TABLE),
    ("dynamodb:DescribeBackup", f"{TABLE}/backup/01"),
    ("backup:CopyIntoBackupVault", "<BackupsVault1F11AFCC.BackupVaultArn>"),
]


def only(resources: dict[str, Resource]) -> Resource:
    (resource,) = resources.values()
    return resource


def vault(assembly: Assembly) -> Resource:
    return only(assembly.resources("AWS::Backup::BackupVault"))


def test_development_makes_none(dev: Assembly) -> None:
    assert not dev.resources("AWS::Backup::BackupVault")
    assert not dev.resources("AWS::Backup::BackupPlan")


def test_the_vault_is_encrypted_with_the_storage_key_and_outlives_its_stack(prod: Assembly) -> None:
    assert vault(prod)["Properties"]["EncryptionKeyArn"] == prod.key("storage")["Arn"]
    assert vault(prod)["DeletionPolicy"] == vault(prod)["UpdateReplacePolicy"] == "Retain"


def test_the_vault_is_locked_for_as_long_as_copies_are_kept(prod: Assembly) -> None:
    days = prod.settings["backup_retention_days"]
    assert vault(prod)["Properties"]["LockConfiguration"] == {"MinRetentionDays": days}
    plan = only(prod.resources("AWS::Backup::BackupPlan"))["Properties"]["BackupPlan"]
    (rule,) = plan["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": days}
    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert rule["TargetBackupVault"].endswith(".BackupVaultName>")
    assert vault(prod)["Properties"]["BackupVaultName"] == f"{PREFIX}-records"


def test_the_plan_copies_the_records_table_and_nothing_else(prod: Assembly) -> None:
    selection = only(prod.resources("AWS::Backup::BackupSelection"))["Properties"]["BackupSelection"]
    assert selection["Resources"] == [TABLE]
    assert set(selection) == {"IamRoleArn", "Resources", "SelectionName"}


@pytest.mark.parametrize("action", ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"])
def test_nobody_deletes_a_copy_nor_shortens_its_life(prod: Assembly, action: str) -> None:
    root = Request(principal=f"arn:aws:iam::{ACCOUNT}:root", action=action, resource="copy")
    allowing = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = vault(prod)["Properties"]["AccessPolicy"]["Statement"]
    assert identity_allows(root, policies=[allowing])
    assert not identity_allows(root, policies=[allowing, *policy])


def copying(assembly: Assembly) -> list[dict[str, object]]:
    (policy,) = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, policy in assembly.resources("AWS::IAM::ManagedPolicy").items()
        if logical_id.startswith("BackupsMayCopyRecords")
    ]
    return list(policy)


def may(assembly: Assembly, action: str, resource: str) -> bool:
    asked = Request(principal=f"arn:aws:iam::{ACCOUNT}:role/copies", action=action, resource=resource)
    return identity_allows(asked, policies=copying(assembly))


@pytest.mark.parametrize(("action", "resource"), COPYING)
def test_its_role_copies_this_table_into_this_vault(prod: Assembly, action: str, resource: str) -> None:
    assert may(prod, action, resource)
    assert not may(prod, action, resource.replace(f"{PREFIX}-records", "other").replace("Vault1", "Vault2"))


@pytest.mark.parametrize(
    "action", ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:PutItem"]
)
def test_its_role_neither_reads_nor_restores(prod: Assembly, action: str) -> None:
    assert not may(prod, action, TABLE)
    assert not may(prod, action, f"{TABLE}/backup/01")


@pytest.mark.parametrize("service", ["backup", "dynamodb"])
def test_its_role_reaches_the_storage_key_through_services_only(prod: Assembly, service: str) -> None:
    def allowed(context: dict[str, str]) -> bool:
        asked = Request(
            principal=f"arn:aws:iam::{ACCOUNT}:role/copies",
            action="kms:Decrypt",
            resource=prod.key("storage")["Arn"],
            context=context,
        )
        return identity_allows(asked, policies=copying(prod))

    assert allowed({"kms:ViaService": f"{service}.{REGION}.amazonaws.com"})
    assert not allowed({"kms:ViaService": f"s3.{REGION}.amazonaws.com"})
    assert not allowed({})
