"""Rotates the branch keys that are due: a run goes through the key store, oldest first within a page.

What must stay true: a branch key that somebody else changes at the same time is left to them; one that fails
does not keep the others from their turn; nothing is begun that the time does not cover. What a run leaves,
the next one finds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from envelope import (
    BranchKeyChangedError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyShreddedError,
    BranchKeyStore,
    BranchKeySummary,
    BranchKeyVersion,
    EnvelopeError,
    KeyServiceError,
)
from service import problems
from service.failures import problem_of
from service.names import TENANT_ID
from service.time_limit import TimeLimit

PAGE_SIZE = 1000

#: A further branch key is rotated only while this is left: an attempt of each of the seven calls.
_ROTATION_SECONDS = 24

#: A further page is read only while this is left.
_PAGE_SECONDS = 8

#: After so many outages in a row the service behind us is left alone until the next run.
_MOST_OUTAGES = 3

Report = Callable[[str, EnvelopeError], None]


@dataclass(frozen=True, slots=True)
class RotationRun:
    """What a run did.

    Parameters
    ----------
    rotated
        Branch keys with a new version.
    failures
        Branch keys, or pages of the key store, that failed.
    conflicts
        Branch keys that somebody else changed meanwhile.
    due
        Branch keys that are still due, the failed ones among them.
    complete
        Whether the whole key store was seen; otherwise more may be due.
    """

    rotated: int = 0
    failures: int = 0
    conflicts: int = 0
    due: int = 0
    complete: bool = False


class BranchKeyRotation:
    """One run.

    Parameters
    ----------
    store
        The key store, as far as it tells which branch keys there are.
    store_of
        Gives the key store for one tenant.
    days
        The age at which a branch key is due.
    now
        The time of the run.
    time_limit
        Bounds the run.
    report
        Is told of each failure: the tenant, or "" for the key store itself, and the error.
    """

    def __init__(
        self,
        store: BranchKeyStore,
        *,
        store_of: Callable[[str], BranchKeyStore],
        days: int,
        now: datetime,
        time_limit: TimeLimit,
        report: Report,
    ) -> None:
        self._store = store
        self._store_of = store_of
        self._due_before = now - timedelta(days=days)
        self._time_limit = time_limit
        self._report = report
        self._rotated = self._failures = self._conflicts = self._due = 0
        self._outages = 0
        self._complete = False

    def run(self) -> RotationRun:
        """Rotate what is due, and count what stays so."""
        try:
            for page in self._pages():
                for summary in self._due_of(page):
                    self._turn(summary.id)
        except KeyServiceError as failure:
            self._fail("", failure)
        return RotationRun(
            rotated=self._rotated,
            failures=self._failures,
            conflicts=self._conflicts,
            due=self._due,
            complete=self._complete,
        )

    def _pages(self) -> Iterator[tuple[BranchKeySummary, ...]]:
        after: tuple[str, str] | None = None
        while True:
            page = self._store.page(limit=PAGE_SIZE, after=after)
            yield page.keys
            after = page.after
            if after is None:
                self._complete = True
                return
            if self._time_limit.remaining_seconds < _PAGE_SECONDS:
                return

    def _due_of(self, page: tuple[BranchKeySummary, ...]) -> list[BranchKeySummary]:
        """The branch keys of a page that are due, oldest first."""
        times: dict[str, datetime] = {}
        for summary in page:
            if summary.active is None:
                continue
            created = _created(summary.active)
            if created is None:
                self._fail(summary.id, BranchKeyItemError("an active branch key has no time of creation"))
            elif created <= self._due_before:
                times[summary.id] = created
        due = [summary for summary in page if summary.id in times]
        return sorted(due, key=lambda summary: times[summary.id])

    def _turn(self, tenant: str) -> None:
        if self._outages >= _MOST_OUTAGES or self._time_limit.remaining_seconds < _ROTATION_SECONDS:
            self._due += 1
            return
        try:
            self._rotate(tenant)
        except (BranchKeyChangedError, BranchKeyNotFoundError, BranchKeyShreddedError):
            self._conflicts += 1
        except (BranchKeyItemError, KeyServiceError) as failure:
            self._due += 1
            self._fail(tenant, failure)
            self._outages = self._outages + 1 if _is_outage(failure) else 0
        else:
            self._outages = 0

    def _rotate(self, tenant: str) -> None:
        if not TENANT_ID.fullmatch(tenant):
            raise BranchKeyItemError("the key store holds a branch key that is no tenant's")
        store = self._store_of(tenant)
        # Read anew: another run may have rotated it since the page was read.
        active = store.describe(tenant).active
        if active is None or (_created(active) or self._due_before) > self._due_before:
            self._conflicts += 1
            return
        store.rotate(tenant)
        self._rotated += 1

    def _fail(self, tenant: str, failure: EnvelopeError) -> None:
        self._failures += 1
        self._report(tenant, failure)


def _created(version: BranchKeyVersion) -> datetime | None:
    try:
        created = datetime.fromisoformat(version.created_at)
    except ValueError:
        return None
    return created if created.tzinfo else created.replace(tzinfo=UTC)


def _is_outage(failure: EnvelopeError) -> bool:
    """Tell whether the next branch key would most likely fail in the same way."""
    return problem_of(failure).kind in (problems.THROTTLED, problems.TEMPORARILY_UNAVAILABLE)
