"""Backup: vaults with their policy and lock, plans and selections come from templates. Nothing is copied.

moto's API has no selections and no vault policies: the operations that read them are added.
"""

import json
import uuid
from typing import Any

from moto.backup import urls
from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.models import BackupBackend, Plan, Vault, backup_backends
from moto.backup.responses import BackupResponse

from local.additions.cloudformation import Created, Properties, Where, supply

# A template's names of a plan's parts, and the API's.
_RULE_NAMES = {"TargetBackupVault": "TargetBackupVaultName"}


def install() -> None:
    """Add the resource types, and the operations that read what moto lacks."""
    supply("AWS::Backup::BackupVault", _vault, attributes=("BackupVaultArn", "BackupVaultName"))
    supply("AWS::Backup::BackupPlan", _plan, attributes=("BackupPlanArn", "BackupPlanId", "VersionId"))
    supply("AWS::Backup::BackupSelection", _selection, attributes=("BackupPlanId", "Id", "SelectionId"))
    urls.url_paths["{0}/backup-vaults/(?P<name>[^/]+)/access-policy$"] = urls.response.dispatch
    for operation in (get_backup_vault_access_policy, list_backup_selections, get_backup_selection):
        setattr(BackupResponse, operation.__name__, operation)


def _backend(where: Where) -> BackupBackend:
    return backup_backends[where.account][where.region]


def _vault(properties: Properties, where: Where) -> Created:
    backend, name = _backend(where), properties["BackupVaultName"]
    vault = backend.create_backup_vault(
        backup_vault_name=name,
        backup_vault_tags=dict(properties.get("BackupVaultTags", {})),
        encryption_key_arn=properties.get("EncryptionKeyArn", ""),
        creator_request_id="",
    )
    policy = properties.get("AccessPolicy")
    vault.access_policy = policy if isinstance(policy, str) or policy is None else json.dumps(policy)  # type: ignore[attr-defined]
    lock = properties.get("LockConfiguration")
    if lock:
        days = {
            name: int(lock[name]) if name in lock else None
            for name in ("MinRetentionDays", "MaxRetentionDays", "ChangeableForDays")
        }
        backend.put_backup_vault_lock_configuration(
            name, days["MinRetentionDays"], days["MaxRetentionDays"], days["ChangeableForDays"]
        )
    return Created(name, {"BackupVaultName": name, "BackupVaultArn": vault.backup_vault_arn})


def _plan(properties: Properties, where: Where) -> Created:
    template = properties["BackupPlan"]
    rules = [
        {_RULE_NAMES.get(name, name): value for name, value in rule.items()}
        for rule in template["BackupPlanRule"]
    ]
    described: dict[str, Any] = {"BackupPlanName": template["BackupPlanName"], "Rules": rules}
    if "AdvancedBackupSettings" in template:
        described["AdvancedBackupSettings"] = template["AdvancedBackupSettings"]
    plan = _backend(where).create_backup_plan(
        backup_plan=described,
        backup_plan_tags=dict(properties.get("BackupPlanTags", {})),
        creator_request_id="",
    )
    identity = plan.backup_plan_id
    attributes = {
        "BackupPlanId": identity,
        "BackupPlanArn": plan.backup_plan_arn,
        "VersionId": plan.version_id,
    }
    return Created(identity, attributes)


def _selection(properties: Properties, where: Where) -> Created:
    plan = _backend(where).get_backup_plan(properties["BackupPlanId"], None)
    identity = str(uuid.uuid4())
    _selections(plan)[identity] = dict(properties["BackupSelection"])
    both = f"{plan.backup_plan_id}_{identity}"
    return Created(both, {"BackupPlanId": plan.backup_plan_id, "Id": both, "SelectionId": identity})


def _selections(plan: Plan) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = plan.__dict__.setdefault("selections", {})
    return found


def get_backup_vault_access_policy(self: BackupResponse) -> str:
    """Answer GetBackupVaultAccessPolicy."""
    vault: Vault = self.backup_backend.describe_backup_vault(self.path.split("/")[-2])
    policy = getattr(vault, "access_policy", None)
    if policy is None:
        raise ResourceNotFoundException(msg=f"Backup vault {vault.backup_vault_name} has no policy")
    return json.dumps(
        {
            "BackupVaultName": vault.backup_vault_name,
            "BackupVaultArn": vault.backup_vault_arn,
            "Policy": policy,
        }
    )


def list_backup_selections(self: BackupResponse) -> str:
    """Answer ListBackupSelections, on one page."""
    plan = self.backup_backend.get_backup_plan(self.path.split("/plans/")[1].split("/")[0], None)
    listed = [
        {
            "SelectionId": identity,
            "SelectionName": selection["SelectionName"],
            "BackupPlanId": plan.backup_plan_id,
            "IamRoleArn": selection["IamRoleArn"],
        }
        for identity, selection in _selections(plan).items()
    ]
    return json.dumps({"BackupSelectionsList": listed})


def get_backup_selection(self: BackupResponse) -> str:
    """Answer GetBackupSelection."""
    plan_id, _, selection_id = self.path.split("/plans/")[1].strip("/").partition("/selections/")
    selections = _selections(self.backup_backend.get_backup_plan(plan_id, None))
    if selection_id not in selections:
        raise ResourceNotFoundException(msg=f"Backup selection {selection_id} not found")
    return json.dumps(
        {
            "BackupSelection": selections[selection_id],
            "SelectionId": selection_id,
            "BackupPlanId": plan_id,
        }
    )
