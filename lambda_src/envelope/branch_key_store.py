"""The key store: the branch keys of all tenants, wrapped by KMS, in a DynamoDB table.

What must stay true: a branch key is served only if KMS authenticated its item with every attribute of it, and
under a configured KMS key; a change is made whole or not at all, and never over somebody else's.
Source: ESDK specification, framework/branch-key-store.md. Beyond it: the lock on rotation that AWS's
libraries lack, the move to another KMS key, and the tombstone of a shredded branch key.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice

from .branch_key_description import (
    BranchKeyDescription,
    BranchKeyPage,
    BranchKeyVersion,
    Move,
    Rotation,
    Shredding,
    description,
    item_type,
    not_found,
    shredded_at,
    summary,
    version_of,
    without_its_version,
)
from .branch_key_item import (
    ACTIVE,
    BEACON,
    PARTITION_KEY,
    SHREDDED,
    VERSION_PREFIX,
    WRAPPED_KEY,
    Attributes,
    BranchKeyItem,
    is_version,
    parse_item,
)
from .branch_key_moving import move_branch_key
from .branch_key_shredding import shred_branch_key
from .branch_key_wrapping import BranchKeyKms, BranchKeyWrapping
from .branch_keyring import BranchKey
from .errors import (
    BranchKeyChangedError,
    BranchKeyExistsError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyShreddedError,
    ConfigurationError,
)
from .key_store_table import DynamoDb, KeyStoreTable, check_absent, check_present, put_new, put_over

ContextOf = Callable[[str], Mapping[str, str]]


class BranchKeyStore:
    """The branch keys in one table. Keeps no state and no key; safe to share between threads.

    Parameters
    ----------
    dynamodb, kms
        boto3's low-level clients, both of the table's Region.
    table
        The table's physical name.
    logical_name
        Bound into every branch key; it must never change.
    key_arn
        Full ARN of the KMS key that new branch keys and versions are wrapped under.
    further_key_arns
        Full ARNs of the KMS keys that stored ones may be wrapped under beside it.
    context_of
        Gives the encryption context of a branch key by its id, not empty. An item with another one is
        refused. Without it any is accepted, and `create` has none to bind: it is refused.
    now
        The time in UTC.
    """

    def __init__(
        self,
        *,
        dynamodb: DynamoDb,
        kms: BranchKeyKms,
        table: str,
        logical_name: str,
        key_arn: str,
        further_key_arns: Iterable[str] = (),
        context_of: ContextOf | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not table or not logical_name:
            raise ConfigurationError("a key store needs the table's name and its logical name")
        self._table = KeyStoreTable(dynamodb, table)
        self._wrapping = BranchKeyWrapping(
            kms, logical_name=logical_name, key_arn=key_arn, further_key_arns=further_key_arns
        )
        self._context_of = context_of
        self._now = now

    def active(self, branch_key_id: str) -> BranchKey:
        """Return the version that new keys are wrapped under. Two calls: GetItem, Decrypt.

        Raises
        ------
        BranchKeyNotFoundError, BranchKeyShreddedError
            There is no such branch key, or no more.
        BranchKeyItemError
            Its item is not as it was written.
        KeyStoreError, KeyServiceError
            DynamoDB or KMS failed.
        """
        item = self._get(branch_key_id, ACTIVE)
        return BranchKey(branch_key_id, version_of(item).version, self._wrapping.open(item))

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        """Return one version, active or not. Two calls, and the errors of `active`."""
        if not is_version(version):
            raise BranchKeyNotFoundError(f"{version!r} is no version of a branch key")
        item = self._get(branch_key_id, VERSION_PREFIX + version)
        return BranchKey(branch_key_id, version, self._wrapping.open(item))

    def create(self, branch_key_id: str) -> BranchKeyVersion:
        """Make a branch key with its first version and its beacon key, in one transaction.

        Raises
        ------
        BranchKeyExistsError
            There is one.
        BranchKeyShreddedError
            There was one: its id is not given again.
        BranchKeyChangedError
            Somebody else created it at the same time.
        """
        context = self._context_of(branch_key_id) if self._context_of else {}
        if not branch_key_id or not context:
            raise ConfigurationError("a new branch key needs an id and an encryption context (context_of)")
        new_version, active = self._new_version(branch_key_id, context=context)
        beacon = self._wrapping.generate(self._new_item(branch_key_id, BEACON, context=context))
        refusals = self._table.write(
            [
                put_new(active),
                put_new(new_version),
                put_new(beacon),
                check_absent(branch_key_id, SHREDDED),
            ]
        )
        if refusals and not _is_ours(refusals[0].found, active):
            self._check_not_shredded(branch_key_id)
            raise BranchKeyExistsError(
                f"there is a branch key {branch_key_id!r} already; nothing was changed"
            )
        return version_of(active)

    def rotate(self, branch_key_id: str) -> Rotation:
        """Make a new version the active one. What is wrapped under older versions stays readable.

        Raises
        ------
        BranchKeyChangedError
            Somebody else rotated, moved or shredded it at the same time.
        """
        old = self._get(branch_key_id, ACTIVE)
        # What is copied into the new item is authenticated first.
        self._wrapping.authenticate(old)
        new_version, active = self._new_version(branch_key_id, context=old.custom_context)
        refusals = self._table.write(
            [
                put_over(active, expected=old),
                put_new(new_version),
                check_present(branch_key_id, VERSION_PREFIX + version_of(old).version),
            ]
        )
        if refusals and not _is_ours(refusals[0].found, active):
            if [refusal.place for refusal in refusals] == [2]:
                raise without_its_version(old)
            self._check_not_shredded(branch_key_id)
            raise BranchKeyChangedError(
                f"the branch key {branch_key_id!r} was changed by somebody else meanwhile; describe it, then "
                "run the same again if it is still wanted"
            )
        return Rotation(active=version_of(active), previous=version_of(old))

    def describe(self, branch_key_id: str) -> BranchKeyDescription:
        """Tell versions, times and KMS keys, without using a KMS key.

        Raises
        ------
        BranchKeyNotFoundError
            There is no such branch key.
        BranchKeyItemError
            An item is malformed, or the active version has none of its own.
        """
        stored = list(self._table.items(branch_key_id))
        if not stored:
            raise not_found(branch_key_id)
        return description(branch_key_id, stored=stored, parsed=self._parsed)

    def page(self, *, limit: int, after: tuple[str, str] | None = None) -> BranchKeyPage:
        """List up to `limit` branch keys, the shredded ones too, by reading the table on."""
        heads = list(islice(self._table.heads(after), limit + 1))
        page, more = heads[:limit], len(heads) > limit
        last = page[-1] if more else None
        return BranchKeyPage(
            keys=tuple(map(summary, page)),
            after=None if last is None else (last[PARTITION_KEY]["S"], item_type(last)),
        )

    def move(self, branch_key_id: str, *, go_on: Callable[[], bool] = lambda: True) -> Move:
        """Wrap every item under `key_arn`, without seeing a key and without touching a record.

        May be stopped and repeated at any point. Readers that know both KMS keys serve meanwhile.

        Parameters
        ----------
        go_on
            Asked before each item; the rest remains when it says no.
        """
        self._get(branch_key_id, ACTIVE)
        return move_branch_key(
            branch_key_id, table=self._table, wrapping=self._wrapping, parsed=self._parsed, go_on=go_on
        )

    def shred(self, branch_key_id: str) -> Shredding:
        """Remove every version, and leave a tombstone. May be repeated: what was left over is removed then.

        Raises
        ------
        BranchKeyNotFoundError
            There was never such a branch key.
        BranchKeyChangedError
            Somebody else kept changing it.
        """
        return shred_branch_key(branch_key_id, table=self._table, now=self._timestamp())

    def _get(self, branch_key_id: str, item_type: str) -> BranchKeyItem:
        found = self._table.get(branch_key_id, item_type)
        if found is None:
            self._check_not_shredded(branch_key_id)
            raise not_found(branch_key_id, item_type)
        item = self._parsed(found)
        if (item.id, item.type) != (branch_key_id, item_type):
            raise BranchKeyItemError("the key store answered with another item than the one asked for")
        return item

    def _parsed(self, found: Attributes) -> BranchKeyItem:
        item = parse_item(found)
        if self._context_of is not None and dict(item.custom_context) != dict(self._context_of(item.id)):
            raise BranchKeyItemError(
                f"the key store's item {item.type!r} of {item.id!r} is bound to another encryption context"
            )
        return item

    def _check_not_shredded(self, branch_key_id: str) -> None:
        tombstone = self._table.get(branch_key_id, SHREDDED)
        if tombstone is not None:
            raise BranchKeyShreddedError(
                f"the branch key {branch_key_id!r} was shredded", shredded_at=shredded_at(tombstone)
            )

    def _new_version(
        self, branch_key_id: str, *, context: Mapping[str, str]
    ) -> tuple[BranchKeyItem, BranchKeyItem]:
        """A new version, and the active item that is a copy of it under a context of its own."""
        version = str(uuid.uuid4())
        item = self._wrapping.generate(
            self._new_item(branch_key_id, VERSION_PREFIX + version, context=context)
        )
        active = BranchKeyItem(
            id=branch_key_id,
            type=ACTIVE,
            created_at=item.created_at,
            kms_arn=item.kms_arn,
            custom_context=context,
            version=version,
        )
        return item, self._wrapping.wrap_as(item, target=active)

    def _new_item(self, branch_key_id: str, item_type: str, *, context: Mapping[str, str]) -> BranchKeyItem:
        return BranchKeyItem(
            id=branch_key_id,
            type=item_type,
            created_at=self._timestamp(),
            kms_arn=self._wrapping.key_arn,
            custom_context=context,
        )

    def _timestamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _is_ours(found: Attributes | None, item: BranchKeyItem) -> bool:
    """Tell whether the item in the way is our own: the SDK repeats a call whose answer was lost."""
    return bool(found) and (found or {}).get(WRAPPED_KEY, {}).get("B") == item.wrapped
