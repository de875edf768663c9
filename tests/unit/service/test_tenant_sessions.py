"""Sessions of one tenant each: begun once, renewed in time, bounded, and given to their tenant alone."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from service.failures import problem_of
from service.tenant_sessions import (
    MARGIN_SECONDS,
    PAUSE_SECONDS,
    RENEWAL_SECONDS,
    SESSION_SECONDS,
    SessionCredentials,
    TenantSessionError,
    TenantSessions,
    begin_session,
    session_name,
)

ROLE = "arn:aws:iam::111122223333:role/sealed-reader-session"


@dataclass
class Sts:
    """Hands out a session at a time, or fails as it is told."""

    now: float = 1_000.0
    wall_offset: float = 1_700_000_000.0
    lasts: float = SESSION_SECONDS
    failing: bool = False
    begun: Counter[str] = field(default_factory=Counter)
    renewed: Counter[str] = field(default_factory=Counter)
    during: Any = None

    def begin(self, tenant: str) -> SessionCredentials:
        if self.during is not None:
            self.during(tenant)
        if self.failing:
            raise TenantSessionError("STS began no session for a tenant", causes=[OSError()])
        self.begun[tenant] += 1
        return SessionCredentials(
            access_key_id=f"{tenant}-{self.begun[tenant]}",
            secret_access_key="secret-marker",
            session_token="token-marker",
            expires_at=self.wall() + self.lasts,
        )

    def renew(self, tenant: str) -> SessionCredentials:
        self.renewed[tenant] += 1
        return self.begin(tenant)

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.wall_offset

    def sessions(self, *, max_entries: int = 10) -> TenantSessions[str]:
        return TenantSessions(
            self.begin,
            self.renew,
            lambda credentials: credentials.access_key_id,
            max_entries=max_entries,
            monotonic=self.monotonic,
            wall=self.wall,
        )


@pytest.fixture
def sts() -> Sts:
    return Sts()


def test_a_session_is_begun_once_and_kept(sts: Sts) -> None:
    sessions = sts.sessions()
    assert [sessions.of(tenant) for tenant in ("a", "b", "a", "a")] == ["a-1", "b-1", "a-1", "a-1"]
    assert sts.begun == {"a": 1, "b": 1}


def test_one_that_ends_soon_is_begun_anew(sts: Sts) -> None:
    sessions = sts.sessions()
    sessions.of("a")
    sts.now += SESSION_SECONDS - RENEWAL_SECONDS - 1
    assert sessions.of("a") == "a-1"
    sts.now += 1
    assert sessions.of("a") == "a-2"
    assert sessions.of("a") == "a-2"
    assert sts.renewed == {"a": 1}


def test_what_sts_says_of_the_end_counts_where_it_is_sooner(sts: Sts) -> None:
    sts.lasts = 900
    sessions = sts.sessions()
    sessions.of("a")
    sts.now += 900 - RENEWAL_SECONDS
    assert sessions.of("a") == "a-2"


def test_while_sts_fails_a_session_goes_on_to_its_end_and_others_are_told(sts: Sts) -> None:
    sessions = sts.sessions()
    sessions.of("a")
    sts.failing = True
    sts.now += SESSION_SECONDS - MARGIN_SECONDS - 1
    assert sessions.of("a") == "a-1"
    with pytest.raises(TenantSessionError):
        sessions.of("b")
    sts.now += 1
    with pytest.raises(TenantSessionError):
        sessions.of("a")
    sts.failing = False
    assert (sessions.of("a"), sessions.of("b")) == ("a-2", "b-1")


def test_a_renewal_that_failed_is_not_tried_at_every_request(sts: Sts) -> None:
    tried: Counter[str] = Counter()
    sts.during = lambda tenant: tried.update([tenant])
    sessions = sts.sessions()
    sessions.of("a")
    sts.failing, sts.now = True, sts.now + SESSION_SECONDS - RENEWAL_SECONDS
    for _ in range(5):
        sessions.of("a")
    assert tried["a"] == 2
    sts.now += PAUSE_SECONDS
    sessions.of("a")
    assert tried["a"] == 3


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "set back"])
def test_no_clock_alone_keeps_a_session_alive(sts: Sts, frozen: bool) -> None:  # noqa: FBT001
    sessions = sts.sessions()
    sessions.of("a")
    if frozen:  # the wall clock goes on while the process stands still
        sts.wall_offset += SESSION_SECONDS
    else:
        sts.now += SESSION_SECONDS
        sts.wall_offset -= 2 * SESSION_SECONDS
    assert sessions.of("a") == "a-2"


def test_the_tenant_that_asked_least_lately_goes_first(sts: Sts) -> None:
    sessions = sts.sessions(max_entries=2)
    for tenant in ("a", "b", "a", "c"):
        sessions.of(tenant)
    assert len(sessions) == 2
    assert (sessions.of("a"), sessions.of("b")) == ("a-1", "b-2")


def test_ten_thousand_tenants_keep_to_the_bound(sts: Sts) -> None:
    sessions = sts.sessions(max_entries=100)
    for number in range(10_000):
        assert sessions.of(f"t{number}") == f"t{number}-1"
    assert len(sessions) == 100


def test_many_who_ask_at_once_begin_one_session(sts: Sts) -> None:
    started, go_on = threading.Barrier(2), threading.Event()

    def wait(_tenant: str) -> None:
        started.wait(timeout=10)
        assert go_on.wait(timeout=10)

    sts.during = wait
    sessions = sts.sessions()
    with ThreadPoolExecutor(max_workers=64) as pool:
        asked = [pool.submit(sessions.of, "a") for _ in range(64)]
        started.wait(timeout=10)
        go_on.set()
        assert {each.result(timeout=10) for each in asked} == {"a-1"}
    assert sts.begun == {"a": 1}


def test_those_who_waited_for_a_session_that_failed_are_told(sts: Sts) -> None:
    sts.failing = True
    sessions = sts.sessions()
    with ThreadPoolExecutor(max_workers=8) as pool:
        for asked in [pool.submit(sessions.of, "a") for _ in range(8)]:
            with pytest.raises(TenantSessionError):
                asked.result(timeout=10)
    sts.failing = False
    assert sessions.of("a") == "a-1"


def test_who_asks_while_one_is_renewed_has_the_old_one(sts: Sts) -> None:
    sessions = sts.sessions()
    sessions.of("a")
    sts.now += SESSION_SECONDS - RENEWAL_SECONDS
    seen = []
    sts.during = lambda tenant: seen.append(sessions.of(tenant))
    assert sessions.of("a") == "a-2"
    assert seen == ["a-1"]


def test_threads_get_their_own_tenants_session_whatever_is_evicted(sts: Sts) -> None:
    sessions = sts.sessions(max_entries=3)
    tenants = [f"t{number}" for number in range(8)]

    def ask(seed: int) -> list[tuple[str, str]]:
        chosen = random.Random(seed)  # noqa: S311 - reproducible
        return [(tenant, sessions.of(tenant)) for tenant in chosen.choices(tenants, k=200)]

    with ThreadPoolExecutor(max_workers=64) as pool:
        for given in pool.map(ask, range(64)):
            assert all(session.rpartition("-")[0] == tenant for tenant, session in given)
    assert len(sessions) <= 3


def test_what_fails_after_sts_is_not_kept(sts: Sts) -> None:
    made: list[str] = []

    def furnish(credentials: SessionCredentials) -> str:
        if not made:
            made.append("tried")
            raise MemoryError
        return credentials.access_key_id

    sessions = TenantSessions(
        sts.begin, sts.renew, furnish, max_entries=1, monotonic=sts.monotonic, wall=sts.wall
    )
    with pytest.raises(MemoryError):
        sessions.of("a")
    assert sessions.of("a") == "a-2"


def test_forgotten_sessions_are_not_used_again_not_even_one_under_way(sts: Sts) -> None:
    sessions = sts.sessions()
    sessions.of("a")
    sts.during = lambda _: sessions.clear()
    sessions.of("b")
    sts.during = None
    assert len(sessions) == 0
    assert (sessions.of("a"), sessions.of("b")) == ("a-2", "b-2")


def test_credentials_show_no_secret(sts: Sts) -> None:
    assert "marker" not in repr(sts.begin("a"))


class Client:
    """An STS client that remembers what it was asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failure = failure

    def assume_role(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        if self.failure is not None:
            raise self.failure
        return {
            "Credentials": {
                "AccessKeyId": "id",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime(2026, 1, 1, tzinfo=UTC),
            }
        }


def test_a_session_is_asked_for_with_its_tenant_as_tag_and_name() -> None:
    client = Client()
    given = begin_session(client, ROLE, "acme")  # type: ignore[arg-type]
    assert client.asked == [
        {
            "RoleArn": ROLE,
            "RoleSessionName": "acme",
            "DurationSeconds": SESSION_SECONDS,
            "Tags": [{"Key": "tenant", "Value": "acme"}],
        }
    ]
    assert given.expires_at == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_every_tenants_name_is_one_that_sts_takes() -> None:
    names = [session_name(tenant) for tenant in ("a", "ab", "a" * 64)]
    assert names == ["a.", "ab", "a" * 64]
    assert all(2 <= len(name) <= 64 for name in names)


@pytest.mark.parametrize(
    "tenant",
    ["", "*", "ac*", "a?", "${aws:PrincipalTag/x}", "$a", "a.", "a/b", "a b", "ä", "a\n", "-a", "a" * 65],
)
def test_an_id_that_iam_could_read_as_a_pattern_begins_no_session(tenant: str) -> None:
    client = Client()
    with pytest.raises(ValueError, match="this is none") as caught:
        begin_session(client, ROLE, tenant)  # type: ignore[arg-type]
    assert client.asked == []
    assert not tenant or tenant not in str(caught.value)


def _error(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "AssumeRole")


@pytest.mark.parametrize(
    ("failure", "slug"),
    [
        (_error("Throttling", 400), "temporarily-unavailable"),
        (_error("ServiceUnavailable", 503), "temporarily-unavailable"),
        (EndpointConnectionError(endpoint_url="https://sts"), "temporarily-unavailable"),
        (OSError("broken"), "temporarily-unavailable"),
        (_error("AccessDenied", 403), "session-unavailable"),
        (_error("ExpiredToken", 403), "session-unavailable"),
    ],
)
def test_whatever_sts_does_the_caller_may_try_again(failure: Exception, slug: str) -> None:
    with pytest.raises(TenantSessionError) as caught:
        begin_session(Client(failure), ROLE, "acme")  # type: ignore[arg-type]
    problem = problem_of(caught.value)
    assert (problem.kind.slug, problem.kind.status) == (slug, 503)
    assert problem.retry_after
    assert problem.detail.endswith("Nothing was changed.")
