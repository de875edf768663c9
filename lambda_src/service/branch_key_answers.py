"""What the calls of `/branch-keys` answer, member by member. No key is in any of it."""

from datetime import datetime
from typing import Any

from envelope import BranchKeyDescription, BranchKeyPage, BranchKeySummary, BranchKeyVersion, Move, Rotation
from service.configuration import BranchKeyConfiguration
from service.failures import BranchKeyNotVerified
from service.tenant_cursors import Count
from service.times import later

Answer = dict[str, Any]

_OLD_KEY_BEYOND = (
    "old_key_needed_until is about this tenant's branch key alone. The branch keys of other tenants, and "
    "records of the key strategy record, may need the old key for longer."
)

_ACTIVE, _SHREDDED, _COUNTING = "active", "shredded", "counting"


def created(tenant: str, version: BranchKeyVersion) -> Answer:
    """A branch key that was made."""
    return {"tenant": tenant, "state": _ACTIVE, **_version(version)}


def described(description: BranchKeyDescription) -> Answer:
    """A branch key with its versions, or what a shredding has left.

    Raises
    ------
    BranchKeyNotVerified
        When it has neither an active version nor a tombstone: nobody writes that.
    """
    tenant, active = description.id, description.active
    if description.shredded_at is not None:
        return {
            "tenant": tenant,
            "state": _SHREDDED,
            "shredded_at": description.shredded_at,
            "remaining_versions": len(description.versions),
        }
    if active is None:
        raise BranchKeyNotVerified(tenant=tenant, reason="NoActiveVersion")
    return {**created(tenant, active), "versions": [_version(version) for version in description.versions]}


def listed(page: BranchKeyPage, *, cursor: str | None) -> Answer:
    """A page of branch keys."""
    return {"tenants": [_summary(summary) for summary in page.keys], "cursor": cursor}


def rotated(tenant: str, rotation: Rotation, *, now: datetime, keys: BranchKeyConfiguration) -> Answer:
    """A new version; until `caches_clear_at` writers may still use the one before."""
    return {
        "tenant": tenant,
        **_version(rotation.active),
        "previous_version": rotation.previous.version,
        "caches_clear_at": later(now, seconds=keys.cache_seconds),
    }


def moved(
    tenant: str, move: Move, *, now: datetime, keys: BranchKeyConfiguration, recovery_days: int
) -> Answer:
    """How far a branch key is under the deployed KMS key.

    The old key's time is not known before everything is moved. It is that of the last copy, or earlier state,
    of the key store that still holds the branch key under the old key.
    """
    days = max(recovery_days, keys.backup_days or 0)
    return {
        "tenant": tenant,
        "to": keys.key_arn,
        "moved": move.moved,
        "already_there": move.already_there,
        "remaining": move.remaining,
        "verified": move.verified,
        "moved_from": list(move.moved_from),
        "records_touched": 0,
        "old_key_needed_until": later(now, days=days) if move.verified else None,
        "caches_clear_at": later(now, seconds=keys.cache_seconds),
        "remarks": [_OLD_KEY_BEYOND] if move.verified else [],
    }


def counting(tenant: str, count: Count, *, cursor: str) -> Answer:
    """A count that is to be gone on with."""
    return {
        "tenant": tenant,
        "state": _COUNTING,
        "counted": count.counted,
        "outside": count.outside,
        "deleted_records": count.deleted,
        "cursor": cursor,
    }


def shredded(
    tenant: str,
    *,
    shredded_at: str,
    removed: int,
    deleted_records: int,
    now: datetime,
    keys: BranchKeyConfiguration,
    recovery_days: int,
    remarks: list[str],
) -> Answer:
    """A branch key that was shredded, and until when what else still has it.

    The times count from this answer, also where the branch key was shredded before: none is too early.
    """
    backups = keys.backup_days
    return {
        "tenant": tenant,
        "state": _SHREDDED,
        "shredded_at": shredded_at,
        "removed_items": removed,
        "deleted_records": deleted_records,
        "caches_may_decrypt_until": later(now, seconds=keys.cache_seconds),
        "recoverable_until": later(now, days=recovery_days),
        "backups_until": None if backups is None else later(now, days=backups),
        "remarks": remarks,
    }


def _version(version: BranchKeyVersion) -> Answer:
    return {"version": version.version, "created_at": version.created_at, "kms_arn": version.kms_arn}


def _summary(summary: BranchKeySummary) -> Answer:
    if summary.active is None:
        return {"tenant": summary.id, "state": _SHREDDED, "shredded_at": summary.shredded_at}
    return created(summary.id, summary.active)
