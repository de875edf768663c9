"""What can be told of branch keys without opening them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .branch_key_item import (
    ACTIVE,
    BEACON,
    CREATE_TIME,
    KMS_ARN,
    PARTITION_KEY,
    SHREDDED,
    SHREDDED_AT,
    SORT_KEY,
    VERSION,
    VERSION_PREFIX,
    Attributes,
    BranchKeyItem,
)
from .errors import BranchKeyItemError, BranchKeyNotFoundError


@dataclass(frozen=True, slots=True)
class BranchKeyVersion:
    """One version: a bare UUID, its time (ISO 8601, UTC), and the KMS key that it is wrapped under."""

    version: str
    created_at: str
    kms_arn: str


@dataclass(frozen=True, slots=True)
class BranchKeyDescription:
    """A branch key, or what is left of one.

    Attributes
    ----------
    active
        What new keys are wrapped under; None once it is shredded.
    versions
        Oldest first. Of a shredded branch key: what a shredding that was stopped has left.
    beacon_kms_arn
        The KMS key that the beacon key is wrapped under, where there is one.
    shredded_at
        When it was shredded, ISO 8601, UTC.
    """

    id: str
    active: BranchKeyVersion | None
    versions: tuple[BranchKeyVersion, ...]
    beacon_kms_arn: str | None
    shredded_at: str | None


@dataclass(frozen=True, slots=True)
class BranchKeySummary:
    """A branch key in a list: its active version, or when it was shredded."""

    id: str
    active: BranchKeyVersion | None
    shredded_at: str | None


@dataclass(frozen=True, slots=True)
class BranchKeyPage:
    """Some branch keys, in no order; `after` begins the next page and is None at the end."""

    keys: tuple[BranchKeySummary, ...]
    after: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """The new active version, and the one before."""

    active: BranchKeyVersion
    previous: BranchKeyVersion


@dataclass(frozen=True, slots=True)
class Move:
    """How far a branch key's items are wrapped under another KMS key.

    Attributes
    ----------
    moved, already_there, remaining
        Items: moved now, moved before, and still to move because the time was over or somebody changed them.
    moved_from
        The KMS keys that they were wrapped under.
    verified
        Whether every item was read again and authenticated under the new key; never with items remaining.
    """

    moved: int
    already_there: int
    remaining: int
    moved_from: tuple[str, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class Shredding:
    """When the branch key was shredded, and how many items were removed now."""

    shredded_at: str
    removed: int


def description(
    branch_key_id: str, *, stored: Iterable[Attributes], parsed: Callable[[Attributes], BranchKeyItem]
) -> BranchKeyDescription:
    """Describe a branch key by all of its items.

    Raises
    ------
    BranchKeyItemError
        An item is malformed, or the active version has none of its own.
    """
    by_type = {item_type(found): found for found in stored}
    tombstone = by_type.pop(SHREDDED, None)
    items = {name: parsed(found) for name, found in by_type.items()}
    active, beacon = items.get(ACTIVE), items.get(BEACON)
    if active is not None and VERSION_PREFIX + version_of(active).version not in items:
        raise without_its_version(active)
    versions = [version_of(item) for name, item in items.items() if name.startswith(VERSION_PREFIX)]
    return BranchKeyDescription(
        id=branch_key_id,
        active=None if active is None else version_of(active),
        versions=tuple(sorted(versions, key=lambda version: (version.created_at, version.version))),
        beacon_kms_arn=None if beacon is None else beacon.kms_arn,
        shredded_at=None if tombstone is None else shredded_at(tombstone),
    )


def summary(head: Attributes) -> BranchKeySummary:
    """Describe a branch key by its active item's attributes, or by its tombstone."""
    branch_key_id = head[PARTITION_KEY]["S"]
    if item_type(head) == SHREDDED:
        return BranchKeySummary(branch_key_id, active=None, shredded_at=shredded_at(head))
    active = BranchKeyVersion(
        version=_text(head, VERSION).removeprefix(VERSION_PREFIX),
        created_at=_text(head, CREATE_TIME),
        kms_arn=_text(head, KMS_ARN),
    )
    return BranchKeySummary(branch_key_id, active=active, shredded_at=None)


def version_of(item: BranchKeyItem) -> BranchKeyVersion:
    """The version that an item holds, or is a copy of."""
    version = item.version or item.type.removeprefix(VERSION_PREFIX)
    return BranchKeyVersion(version=version, created_at=item.created_at, kms_arn=item.kms_arn)


def item_type(found: Attributes) -> str:
    """The sort key of a stored item."""
    return str(found[SORT_KEY]["S"])


def shredded_at(tombstone: Attributes) -> str:
    """When a tombstone was put."""
    return _text(tombstone, SHREDDED_AT)


def not_found(branch_key_id: str, name: str = ACTIVE) -> BranchKeyNotFoundError:
    """What to raise where there is no item."""
    if name == ACTIVE:
        return BranchKeyNotFoundError(f"there is no branch key {branch_key_id!r}; create it first")
    return BranchKeyNotFoundError(f"the branch key {branch_key_id!r} has no {name!r}")


def without_its_version(active: BranchKeyItem) -> BranchKeyItemError:
    """What to raise where the active item is a copy of a version that is gone."""
    return BranchKeyItemError(
        f"the active version {version_of(active).version} of the branch key {active.id!r} has no item of its "
        "own: restore it from a backup before anything else is changed"
    )


def _text(found: Attributes, name: str) -> str:
    return str(found.get(name, {}).get("S", ""))
