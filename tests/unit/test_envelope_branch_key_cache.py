"""The cache of branch keys: one call in flight, a bound, a hard time to live, nothing negative kept."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock
from typing import Any

import pytest

from envelope import (
    BranchKey,
    BranchKeyNotFoundError,
    BranchKeyring,
    BranchKeyStore,
    CachingBranchKeySource,
    ConfigurationError,
    KeyServiceError,
)
from tests.unit.envelope_keys import FIRST_VERSION, SECOND_VERSION
from tests.unit.key_store import KeyStoreAws

_THREADS = 64


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Source:
    """Makes up a branch key for every id and version, and counts."""

    def __init__(self) -> None:
        self.asked_for: Counter[tuple[str, str]] = Counter()
        self.failure: Exception | None = None
        self.slow: Event | None = None
        self.started = Event()
        self._lock = Lock()

    def active(self, branch_key_id: str) -> BranchKey:
        return self._answer(branch_key_id, "active", SECOND_VERSION)

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        return self._answer(branch_key_id, version, version)

    def _answer(self, branch_key_id: str, asked: str, version: str) -> BranchKey:
        with self._lock:
            self.asked_for[branch_key_id, asked] += 1
        self.started.set()
        if self.slow is not None:
            assert self.slow.wait(10)
        if self.failure is not None:
            raise self.failure
        return BranchKey(branch_key_id, version, branch_key_id.encode().ljust(32, b"."))


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wall() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def cache(source: Source, clock: Clock, wall: Clock) -> CachingBranchKeySource:
    return CachingBranchKeySource(source, max_entries=3, ttl_seconds=300, monotonic=clock, wall=wall)


def test_a_kept_branch_key_is_not_asked_for_again(cache: CachingBranchKeySource, source: Source) -> None:
    assert cache.active("acme") is cache.active("acme")
    assert cache.version("acme", FIRST_VERSION) is cache.version("acme", FIRST_VERSION)
    assert source.asked_for == {("acme", "active"): 1, ("acme", FIRST_VERSION): 1}


def test_tenants_and_versions_are_kept_apart(cache: CachingBranchKeySource) -> None:
    assert cache.active("acme").id == "acme"
    assert cache.active("globex").id == "globex"
    assert cache.version("acme", FIRST_VERSION).version == FIRST_VERSION
    assert cache.version("acme", SECOND_VERSION).version == SECOND_VERSION


def test_no_use_lengthens_an_entrys_life(
    cache: CachingBranchKeySource, source: Source, clock: Clock, wall: Clock
) -> None:
    for _ in range(5):
        cache.active("acme")
        clock.now += 99.0
        wall.now += 99.0
    assert source.asked_for["acme", "active"] == 2


def test_a_life_is_counted_from_before_the_fetch(source: Source, clock: Clock, wall: Clock) -> None:
    class Slow(Source):
        def active(self, branch_key_id: str) -> BranchKey:
            clock.now += 200
            wall.now += 200
            return super().active(branch_key_id)

    slow = Slow()
    cache = CachingBranchKeySource(slow, ttl_seconds=300, monotonic=clock, wall=wall)
    cache.active("acme")
    clock.now += 100
    wall.now += 100
    cache.active("acme")
    assert slow.asked_for["acme", "active"] == 2


@pytest.mark.parametrize(("steps", "wall_steps"), [(0, -1), (0, 300), (300, 0), (-1, 0), (1, -86_400)])
def test_where_a_clock_stands_still_or_jumps_an_entry_is_fetched_anew(
    cache: CachingBranchKeySource, source: Source, clock: Clock, wall: Clock, steps: float, wall_steps: float
) -> None:
    cache.active("acme")
    clock.now += steps
    wall.now += wall_steps
    cache.active("acme")
    assert source.asked_for["acme", "active"] == 2


def test_the_one_that_was_not_used_for_longest_goes_first(
    cache: CachingBranchKeySource, source: Source
) -> None:
    for name in ("a", "b", "c", "a", "d", "a", "b"):
        cache.active(name)
    assert len(cache) == 3
    assert source.asked_for == {
        ("a", "active"): 1,
        ("b", "active"): 2,
        ("c", "active"): 1,
        ("d", "active"): 1,
    }


def test_ten_thousand_tenants_stay_within_the_bound(source: Source) -> None:
    cache = CachingBranchKeySource(source, max_entries=1000)
    for number in range(10_000):
        assert cache.active(f"tenant-{number}").id == f"tenant-{number}"
        assert len(cache) <= 1000
    assert len(cache) == 1000
    assert sum(source.asked_for.values()) == 10_000


def test_failures_and_absence_are_not_kept(cache: CachingBranchKeySource, source: Source) -> None:
    for failure in (KeyServiceError("throttled"), BranchKeyNotFoundError("none yet")):
        source.failure = failure
        with pytest.raises(type(failure)):
            cache.active("acme")
    source.failure = None
    assert cache.active("acme").id == "acme"
    assert source.asked_for["acme", "active"] == 3


def test_threads_share_the_outcome_of_the_call_under_way(source: Source) -> None:
    for failure in (None, KeyServiceError("throttled")):
        cache = CachingBranchKeySource(source)
        source.failure, source.slow = failure, Event()
        source.started.clear()
        source.asked_for.clear()
        with ThreadPoolExecutor(_THREADS) as pool:
            answers = [pool.submit(cache.active, "acme") for _ in range(_THREADS)]
            assert source.started.wait(10)
            source.slow.set()
            outcomes = {type(answer.exception(timeout=10)) for answer in answers}
        assert outcomes == {type(failure)}
        # After a failure a thread that came late asks anew; after an answer nobody does.
        assert failure is not None or source.asked_for["acme", "active"] == 1


def test_other_entries_do_not_wait_for_one_that_is_slow(source: Source) -> None:
    cache = CachingBranchKeySource(source)
    cache.active("globex")
    source.slow = Event()
    source.started.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.active, "acme")
        assert source.started.wait(10)
        assert cache.active("globex").id == "globex"
        assert not waiting.done()
        source.slow.set()
        assert waiting.result(10).id == "acme"


def test_what_is_fetched_while_the_cache_is_cleared_is_not_kept(source: Source) -> None:
    cache = CachingBranchKeySource(source)
    cache.active("globex")
    source.slow = Event()
    source.started.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.active, "acme")
        assert source.started.wait(10)
        cache.clear()
        source.slow.set()
        assert waiting.result(10).id == "acme"
    assert len(cache) == 0


@pytest.mark.parametrize("wrong", [{"max_entries": 0}, {"ttl_seconds": 0}, {"ttl_seconds": -1}])
def test_a_cache_without_bound_or_life_is_refused(source: Source, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        CachingBranchKeySource(source, **wrong)


def test_64_threads_on_a_cold_cache_cause_one_get_item_and_one_decrypt(aws: KeyStoreAws) -> None:
    store = aws.store(aws.key())
    created = store.create("acme")
    key, entry = BranchKeyring("acme", store).generate({})
    assert entry.ciphertext
    cache = CachingBranchKeySource(store)
    aws.forget_calls()
    together = Barrier(_THREADS)

    def read() -> bytes:
        together.wait(10)
        return BranchKeyring("acme", cache).unwrap([entry], {})

    with ThreadPoolExecutor(_THREADS) as pool:
        keys = [answer.result(30) for answer in [pool.submit(read) for _ in range(_THREADS)]]
    assert keys == [key] * _THREADS
    assert aws.calls == {"GetItem": 1, "Decrypt": 1}
    assert cache.version("acme", created.version).id == "acme"


def test_a_revoked_permission_takes_effect_after_the_time_to_live(
    aws: KeyStoreAws, clock: Clock, wall: Clock
) -> None:
    key_arn = aws.key()
    store: BranchKeyStore = aws.store(key_arn)
    store.create("acme")
    cache = CachingBranchKeySource(store, ttl_seconds=300, monotonic=clock, wall=wall)
    keyring = BranchKeyring("acme", cache)
    key, entry = keyring.generate({})
    assert keyring.unwrap([entry], {}) == key
    aws.kms.disable_key(KeyId=key_arn)
    clock.now += 299
    wall.now += 299
    assert keyring.unwrap([entry], {}) == key
    clock.now += 1
    wall.now += 1
    for use in (lambda: keyring.unwrap([entry], {}), lambda: keyring.generate({})):
        with pytest.raises(KeyServiceError, match="DisabledException"):
            use()
