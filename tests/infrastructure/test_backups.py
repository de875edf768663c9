"""Copies of each table: in a vault of the table's own, of that table alone, not deleted before their time."""

from collections.abc import Callable

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly, Resource, settings_of
from tests.infrastructure.policy_evaluation import Request, identity_allows, resource_allows

PREFIX = settings_of("prod")["prefix"]
TABLES = {"records": "backup_retention_days", "key-store": "key_store_backup_days"}
# Of each table: the logical ids of its role's policy and of its vault.
POLICIES = {"records": "BackupsMayCopyRecords", "key-store": "KeyStoreBackupsMayCopyKeyStore"}
VAULTS = {"records": "BackupsVault1F11AFCC", "key-store": "KeyStoreBackupsVaultF36AB02F"}
COPYING = [
    ("dynamodb:StartAwsBackupJob", "{table}"),
    ("dynamodb:DescribeBackup", "{table}/backup/01"),
    ("backup:CopyIntoBackupVault", "<{vault}.BackupVaultArn>"),
]


def table_arn(table: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}-{table}"


def vault(assembly: Assembly, table: str) -> Resource:
    (found,) = [
        vault
        for vault in assembly.resources("AWS::Backup::BackupVault").values()
        if vault["Properties"]["BackupVaultName"] == f"{PREFIX}-{table}"
    ]
    return found


def plan(assembly: Assembly, table: str) -> tuple[str, Resource]:
    (found,) = [
        (logical_id, plan["Properties"]["BackupPlan"])
        for logical_id, plan in assembly.resources("AWS::Backup::BackupPlan").items()
        if plan["Properties"]["BackupPlan"]["BackupPlanName"] == f"{PREFIX}-{table}"
    ]
    return found


def test_development_makes_none(dev: Assembly) -> None:
    assert not dev.resources("AWS::Backup::BackupVault")
    assert not dev.resources("AWS::Backup::BackupPlan")


@pytest.mark.parametrize("table", TABLES)
def test_copies_are_made_of_the_tables_whose_setting_says_so(
    changed: Callable[..., Assembly], table: str
) -> None:
    (only,) = changed("dev", **{TABLES[table]: 3}).resources("AWS::Backup::BackupVault").values()
    assert only["Properties"]["BackupVaultName"].endswith(f"-{table}")


@pytest.mark.parametrize("table", TABLES)
def test_the_vault_is_encrypted_with_the_storage_key_and_outlives_its_stack(
    prod: Assembly, table: str
) -> None:
    found = vault(prod, table)
    assert found["Properties"]["EncryptionKeyArn"] == prod.key("storage")["Arn"]
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"


def test_the_vault_is_locked_for_as_long_as_copies_are_kept(prod: Assembly) -> None:
    for table, setting in TABLES.items():
        days = prod.settings[setting]
        assert vault(prod, table)["Properties"]["LockConfiguration"] == {"MinRetentionDays": days}
        _, of_table = plan(prod, table)
        (rule,) = of_table["BackupPlanRule"]
        assert rule["Lifecycle"] == {"DeleteAfterDays": days}
        assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
        assert rule["TargetBackupVault"] == f"<{VAULTS[table]}.BackupVaultName>"


def test_the_key_stores_copies_are_forgotten_before_the_records(prod: Assembly) -> None:
    # What is shredded can be brought back for as long as its copies are locked.
    assert vault(prod, "key-store")["Properties"]["LockConfiguration"] == {"MinRetentionDays": 7}
    assert vault(prod, "records")["Properties"]["LockConfiguration"] == {"MinRetentionDays": 35}
    assert len(prod.resources("AWS::Backup::BackupVault")) == len(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_the_lock_has_the_mode_of_the_setting(changed: Callable[..., Assembly], table: str) -> None:
    compliance = changed("prod", backup_vault_lock="COMPLIANCE")
    assert vault(compliance, table)["Properties"]["LockConfiguration"] == {
        "MinRetentionDays": compliance.settings[TABLES[table]],
        "ChangeableForDays": 3,
    }
    unlocked = changed("prod", backup_vault_lock="none")
    assert "LockConfiguration" not in vault(unlocked, table)["Properties"]


def test_the_plan_copies_the_records_table_and_nothing_else(prod: Assembly) -> None:
    assert copied(prod, "records") == [table_arn("records")]


def test_the_key_stores_plan_copies_the_key_store_and_nothing_else(prod: Assembly) -> None:
    assert copied(prod, "key-store") == [table_arn("key-store")]


def copied(assembly: Assembly, table: str) -> list[str]:
    """What the plan of a table's vault copies."""
    logical_id, _ = plan(assembly, table)
    (selection,) = [
        selection["Properties"]["BackupSelection"]
        for selection in assembly.resources("AWS::Backup::BackupSelection").values()
        if selection["Properties"]["BackupPlanId"] == f"<{logical_id}.BackupPlanId>"
    ]
    assert set(selection) == {"IamRoleArn", "Resources", "SelectionName"}
    return list(selection["Resources"])


@pytest.mark.parametrize("action", ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"])
def test_nobody_deletes_a_copy_nor_shortens_its_life(prod: Assembly, action: str) -> None:
    root = Request(principal=f"arn:aws:iam::{ACCOUNT}:root", action=action, resource="copy")
    allowing = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert identity_allows(root, policies=[allowing])
    for table in TABLES:
        policy = vault(prod, table)["Properties"]["AccessPolicy"]["Statement"]
        assert not resource_allows(root, resource_policy=policy, identity_policies=[allowing]), table


def copying(assembly: Assembly, table: str) -> list[dict[str, object]]:
    (policy,) = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, policy in assembly.resources("AWS::IAM::ManagedPolicy").items()
        if logical_id.startswith(POLICIES[table])
    ]
    return list(policy)


def may(assembly: Assembly, table: str, action: str, resource: str) -> bool:
    asked = Request(principal=f"arn:aws:iam::{ACCOUNT}:role/copies", action=action, resource=resource)
    return identity_allows(asked, policies=copying(assembly, table))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("action", "resource"), COPYING)
def test_its_role_copies_this_table_into_this_vault(
    prod: Assembly, action: str, resource: str, table: str
) -> None:
    (other,) = TABLES.keys() - {table}
    assert may(prod, table, action, resource.format(table=table_arn(table), vault=VAULTS[table]))
    assert not may(prod, table, action, resource.format(table=table_arn(other), vault=VAULTS[other]))
    assert not may(prod, table, action, resource.format(table=table_arn("other"), vault="Other"))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "action", ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:PutItem"]
)
def test_its_role_neither_reads_nor_restores(prod: Assembly, action: str, table: str) -> None:
    assert not may(prod, table, action, table_arn(table))
    assert not may(prod, table, action, f"{table_arn(table)}/backup/01")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("service", ["backup", "dynamodb"])
def test_its_role_reaches_the_storage_key_through_services_only(
    prod: Assembly, service: str, table: str
) -> None:
    def allowed(context: dict[str, str]) -> bool:
        asked = Request(
            principal=f"arn:aws:iam::{ACCOUNT}:role/copies",
            action="kms:Decrypt",
            resource=prod.key("storage")["Arn"],
            context=context,
        )
        return identity_allows(asked, policies=copying(prod, table))

    assert allowed({"kms:ViaService": f"{service}.{REGION}.amazonaws.com"})
    assert not allowed({"kms:ViaService": f"s3.{REGION}.amazonaws.com"})
    assert not allowed({})
