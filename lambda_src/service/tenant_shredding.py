"""Shreds a tenant: first counts what its branch key would not take along, then removes the branch key.

What must stay true: nothing is counted or deleted for a tenant without a branch key; nothing is shredded
while a record is known that would stay readable. What else still holds the branch key is told, not hidden.
"""

from dataclasses import dataclass

from envelope import BranchKeyItemError, BranchKeyStore
from service import problems
from service.configuration import KeyStrategy
from service.problems import Problem
from service.record_counting import count_records
from service.store import Store
from service.tenant_cursors import Count
from service.time_limit import TimeLimit

#: A further step of counting is begun only while this is left: all attempts of its calls, and the shredding.
_STEP_SECONDS = 12

#: Shredding is begun only while this is left; one that is cut short is finished by the same request.
_SHREDDING_SECONDS = 6

_IN_STRATEGY_RECORD = (
    "The writers work with the key strategy record: new records of this tenant are still accepted, and do "
    "not hang on a branch key."
)
_IN_STRATEGY_TENANT = (
    "Until caches_may_decrypt_until a writer may still accept records of this tenant, under a branch key "
    "that it has in memory: they cannot be read later. After that, writes are refused."
)
_STAY_READABLE = (
    "{number} of this tenant's records can be read: since they were counted they were written, or taken off "
    "the branch key by a re-encryption. Send the same request with delete-records=true to delete them."
)
_CIPHERTEXT_STAYS = (
    "Records that hung on the branch key{number} stay in the table, and in its backups, as ciphertext that "
    "nobody can decrypt, until they are deleted."
)
_OTHER_COPIES = (
    "Exports, and backups of the key store made by other hands than this deployment's, are not in these "
    "times. If the key store's table is deleted, DynamoDB keeps a system backup of it for 35 days."
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Time ran out; the same request goes on with this count."""

    count: Count


@dataclass(frozen=True, slots=True)
class Shredded:
    """The branch key is gone."""

    shredded_at: str
    removed: int
    deleted_records: int
    remarks: list[str]


@dataclass(frozen=True, slots=True)
class TenantShredding:
    """What shredding works with.

    Parameters
    ----------
    branch_keys
        The key store.
    store
        The records.
    strategy
        What writers write new records with.
    time_limit
        Bounds the counting.
    """

    branch_keys: BranchKeyStore
    store: Store
    strategy: KeyStrategy
    time_limit: TimeLimit

    def shred(self, tenant: str, count: Count, *, delete_records: bool) -> Shredded | Unfinished:
        """Count, and shred where nothing is in the way. May be repeated at any point.

        Raises
        ------
        BranchKeyNotFoundError
            There was never such a branch key.
        BranchKeyChangedError
            Somebody else goes on to change it.
        Problem
            Records would stay readable.
        """
        if self._is_shredded(tenant):
            return self._shredded(tenant, count, sealed=None, delete_records=delete_records)
        count, finished = count_records(
            self.store,
            tenant,
            count,
            delete=delete_records,
            go_on=lambda: self.time_limit.remaining_seconds > _STEP_SECONDS,
        )
        if not finished:
            return Unfinished(count)
        if count.outside:
            raise _in_the_way(count.outside, delete_records=delete_records)
        if self.time_limit.remaining_seconds < _SHREDDING_SECONDS:
            return Unfinished(count)
        return self._shredded(
            tenant, count, sealed=count.counted - count.deleted, delete_records=delete_records
        )

    def _is_shredded(self, tenant: str) -> bool:
        try:
            description = self.branch_keys.describe(tenant)
        except BranchKeyItemError:  # edited, so it is there: it is removed whatever is in it
            return False
        return description.shredded_at is not None and description.active is None

    def _shredded(self, tenant: str, count: Count, *, sealed: int | None, delete_records: bool) -> Shredded:
        shredding = self.branch_keys.shred(tenant)
        late = self._taken_off_meanwhile(tenant, delete_records=delete_records)
        return Shredded(
            shredded_at=shredding.shredded_at,
            removed=shredding.removed,
            deleted_records=count.deleted + late.deleted,
            remarks=_remarks(self.strategy, sealed=sealed, readable=late.outside),
        )

    def _taken_off_meanwhile(self, tenant: str, *, delete_records: bool) -> Count:
        """Count again what does not hang on the branch key: from now on a re-encryption takes nothing off it.

        Before the branch key was removed one could, and what was counted already is not seen twice.
        """
        if self.strategy is KeyStrategy.TENANT:
            return Count()
        late, _ = count_records(
            self.store,
            tenant,
            Count(),
            delete=delete_records,
            go_on=lambda: self.time_limit.remaining_seconds > _SHREDDING_SECONDS,
        )
        return late


def _in_the_way(count: int, *, delete_records: bool) -> Problem:
    detail = (
        "Send the same request again without a cursor: these records were changed while they were being "
        "deleted. Nothing was shredded."
        if delete_records
        else f"{count} of the tenant's records do not hang on it and would stay readable. Write them anew in "
        "the key strategy tenant, or delete them with delete-records=true. Nothing was shredded."
    )
    return Problem(problems.RECORDS_OUTSIDE_BRANCH_KEY, detail, count=count)


def _remarks(strategy: KeyStrategy, *, sealed: int | None, readable: int) -> list[str]:
    number = "" if sealed is None else f", {sealed} of them,"
    return [
        _IN_STRATEGY_TENANT if strategy is KeyStrategy.TENANT else _IN_STRATEGY_RECORD,
        *([_STAY_READABLE.format(number=readable)] if readable else []),
        *([] if sealed == 0 else [_CIPHERTEXT_STAYS.format(number=number)]),
        _OTHER_COPIES,
    ]
