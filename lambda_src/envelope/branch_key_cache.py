"""Keeps opened branch keys in memory for a short time: one KMS call for thousands of records.

What must stay true: no entry outlives its time, whatever the clocks do; the number of entries is bounded;
while an entry is being fetched nobody else fetches it; what was not found or failed is not kept. A cache
belongs to one store, so nothing that another store answered can ever come out of it.
Source: ESDK specification, framework/local-cryptographic-materials-cache.md; the hard
time limit is that of framework/aws-kms/aws-kms-hierarchical-keyring.md.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock

from .branch_keyring import BranchKey, BranchKeySource
from .errors import ConfigurationError

#: An id and a version; None stands for the active one.
_Name = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An opened branch key, and when the call that fetched it began."""

    branch_key: BranchKey
    monotonic: float
    wall: float


class CachingBranchKeySource:
    """A source of branch keys that asks another one at most once per entry and time to live.

    Safe to share between threads: they wait for a call that is under way, and share its outcome.

    Parameters
    ----------
    source
        Is asked for what is not kept.
    max_entries
        How many branch keys are kept; the one that was not used for longest goes first.
    ttl_seconds
        How long one is used, counted from before it was fetched. A permission that was revoked, and a branch
        key that was shredded, take effect after this time at the latest.
    monotonic, wall
        Clocks in seconds. Both must agree that an entry is young: the first may stand still while a process
        is frozen, the second may be set back.
    """

    def __init__(
        self,
        source: BranchKeySource,
        *,
        max_entries: int = 1000,
        ttl_seconds: float = 300.0,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if max_entries < 1 or ttl_seconds <= 0:
            raise ConfigurationError("a cache of branch keys needs at least one entry, and time to live")
        self._source = source
        self._max_entries = max_entries
        self._ttl_seconds = ttl_seconds
        self._monotonic = monotonic
        self._wall = wall
        self._lock = Lock()
        self._entries: OrderedDict[_Name, _Entry] = OrderedDict()
        self._under_way: dict[_Name, Future[BranchKey]] = {}

    def __len__(self) -> int:
        """Return how many branch keys are kept."""
        return len(self._entries)

    def active(self, branch_key_id: str) -> BranchKey:
        """Return the version that new keys are wrapped under; the errors are the source's."""
        return self._get((branch_key_id, None), lambda: self._source.active(branch_key_id))

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        """Return one version, active or not; the errors are the source's."""
        return self._get((branch_key_id, version), lambda: self._source.version(branch_key_id, version))

    def clear(self) -> None:
        """Forget everything; what is under way is not kept either."""
        with self._lock:
            self._entries.clear()
            self._under_way.clear()

    def _get(self, name: _Name, fetch: Callable[[], BranchKey]) -> BranchKey:
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None and self._is_young(entry):
                self._entries.move_to_end(name)
                return entry.branch_key
            self._entries.pop(name, None)
            waited_for = self._under_way.get(name)
            if waited_for is None:
                ours: Future[BranchKey] = Future()
                self._under_way[name] = ours
        if waited_for is not None:
            return waited_for.result()
        return self._fetch(name, fetch, future=ours)

    def _fetch(self, name: _Name, fetch: Callable[[], BranchKey], *, future: Future[BranchKey]) -> BranchKey:
        began, began_wall = self._monotonic(), self._wall()
        try:
            branch_key = fetch()
        except BaseException as error:
            self._end(name, future=future)
            future.set_exception(error)
            raise
        entry = _Entry(branch_key, monotonic=began, wall=began_wall)
        self._end(name, future=future, entry=entry)
        future.set_result(branch_key)
        return branch_key

    def _end(self, name: _Name, *, future: Future[BranchKey], entry: _Entry | None = None) -> None:
        with self._lock:
            if self._under_way.get(name) is not future:
                return  # cleared meanwhile
            del self._under_way[name]
            if entry is None:
                return
            self._entries[name] = entry
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def _is_young(self, entry: _Entry) -> bool:
        age, wall_age = self._monotonic() - entry.monotonic, self._wall() - entry.wall
        return 0 <= age < self._ttl_seconds and 0 <= wall_age < self._ttl_seconds
