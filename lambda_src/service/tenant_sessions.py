"""Sessions of one tenant each, and what is made with their credentials.

What must stay true: what was made in a tenant's session is handed out for that tenant alone; a session is not
used once it may have ended, whatever the clocks do; a tenant's session is begun by one caller at a time; the
number of those that are kept is bounded. While STS fails, a session that has begun goes on until its end.
Source: IAM User Guide, "Pass session tags in AWS STS"; a session that one role begins in another lasts an
hour at most ("Role chaining").
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from envelope import KeyServiceError
from service.names import TENANT_ATTRIBUTE, TENANT_ID

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Made = TypeVar("Made")

SESSION_SECONDS = 3_600
#: From here on the next request begins a new session; until it has one, the old one serves.
RENEWAL_SECONDS = 300
#: Of a session's end this much is left unused: what a request takes, and what clocks differ by.
MARGIN_SECONDS = 60
#: After a renewal that failed, none is tried for so long.
PAUSE_SECONDS = 15

_SHORTEST_NAME = 2


class TenantSessionError(KeyServiceError):
    """STS gave no session for a tenant: nothing can be read, opened or changed for it now."""


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """What STS hands out for one tenant.

    Parameters
    ----------
    access_key_id, secret_access_key, session_token
        As AWS's clients take them. Never shown by repr, but for the first, which CloudTrail shows too.
    expires_at
        Seconds since the epoch.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Session(Generic[Made]):
    """What was made in a session; `began` by the monotonic clock, `expires_at` by the other."""

    made: Made
    began: float
    expires_at: float
    paused_until: float = float("-inf")


class TenantSessions(Generic[Made]):
    """One session for each tenant, begun when it is first asked for. Safe to share between threads.

    Parameters
    ----------
    begin
        Begins a session for a tenant that has none.
    renew
        Begins one for a tenant whose session still lasts: it had better fail soon than late.
    furnish
        Makes what the tenant's requests are served with. Called by one thread at a time.
    max_entries
        How many sessions are kept; the one that was not used for longest goes first.
    monotonic, wall
        Clocks in seconds. By both a session must still last: the first may stand still while a process is
        frozen, the second may be set back.
    """

    def __init__(
        self,
        begin: Callable[[str], SessionCredentials],
        renew: Callable[[str], SessionCredentials],
        furnish: Callable[[SessionCredentials], Made],
        *,
        max_entries: int,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._begin = begin
        self._renew = renew
        self._furnish = furnish
        self._max_entries = max_entries
        self._monotonic = monotonic
        self._wall = wall
        self._lock = Lock()
        self._furnishing = Lock()
        self._kept: OrderedDict[str, _Session[Made]] = OrderedDict()
        self._under_way: dict[str, Future[Made]] = {}

    def __len__(self) -> int:
        """Return how many sessions are kept."""
        return len(self._kept)

    def of(self, tenant: str) -> Made:
        """Return what a tenant's requests are served with.

        Raises
        ------
        TenantSessionError
            STS failed or refused, and no session of the tenant lasts any longer.
        """
        with self._lock:
            kept = self._kept.get(tenant)
            if kept is not None and self._seconds_left(kept) <= MARGIN_SECONDS:
                del self._kept[tenant]
                kept = None
            if kept is not None:
                self._kept.move_to_end(tenant)
                if not self._is_due(kept) or tenant in self._under_way:
                    return kept.made
            waited_for = self._under_way.get(tenant)
            if waited_for is None:
                ours: Future[Made] = Future()
                self._under_way[tenant] = ours
        if waited_for is not None:
            return waited_for.result()
        return self._fetch(tenant, kept, future=ours)

    def clear(self) -> None:
        """Forget every session; what is under way is not kept either."""
        with self._lock:
            self._kept.clear()
            self._under_way.clear()

    def _fetch(self, tenant: str, kept: _Session[Made] | None, *, future: Future[Made]) -> Made:
        began = self._monotonic()
        try:
            credentials = self._begin(tenant) if kept is None else self._renew(tenant)
            with self._furnishing:
                made = self._furnish(credentials)
        except TenantSessionError as error:
            if kept is None:
                self._end(tenant, future=future)
                future.set_exception(error)
                raise
            session = replace(kept, paused_until=self._monotonic() + PAUSE_SECONDS)
        except BaseException as error:
            self._end(tenant, future=future)
            future.set_exception(error)
            raise
        else:
            session = _Session(made, began=began, expires_at=credentials.expires_at)
        self._end(tenant, future=future, session=session)
        future.set_result(session.made)
        return session.made

    def _end(self, tenant: str, *, future: Future[Made], session: _Session[Made] | None = None) -> None:
        with self._lock:
            if self._under_way.get(tenant) is not future:
                return  # cleared meanwhile
            del self._under_way[tenant]
            if session is None:
                return
            self._kept[tenant] = session
            self._kept.move_to_end(tenant)
            while len(self._kept) > self._max_entries:
                self._kept.popitem(last=False)

    def _is_due(self, kept: _Session[Made]) -> bool:
        return self._seconds_left(kept) <= RENEWAL_SECONDS and self._monotonic() >= kept.paused_until

    def _seconds_left(self, kept: _Session[Made]) -> float:
        age = self._monotonic() - kept.began
        return min(SESSION_SECONDS - age, kept.expires_at - self._wall())


def begin_session(sts: "STSClient", role_arn: str, tenant: str) -> SessionCredentials:
    """Begin a session of the session role for one tenant. One call: AssumeRole.

    The tag is what the policies of role, keys and tables compare with. It is not transitive: no further
    session inherits it.

    Raises
    ------
    TenantSessionError
        STS failed or refused.
    ValueError
        The id is none of a tenant; IAM might read it as a pattern or as a variable.
    """
    if not TENANT_ID.fullmatch(tenant):
        raise ValueError("a session is begun for a tenant's id, and this is none")
    try:
        answer = sts.assume_role(
            RoleArn=role_arn,
            RoleSessionName=session_name(tenant),
            DurationSeconds=SESSION_SECONDS,
            Tags=[{"Key": TENANT_ATTRIBUTE, "Value": tenant}],
        )
    except (ClientError, BotoCoreError, OSError) as error:
        raise TenantSessionError("STS began no session for a tenant", causes=[error]) from error
    given = answer["Credentials"]
    expiration: datetime = given["Expiration"]
    return SessionCredentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        expires_at=expiration.timestamp(),
    )


def session_name(tenant: str) -> str:
    """Name a tenant's session: CloudTrail shows it with each call. STS takes no name of one character."""
    return tenant.ljust(_SHORTEST_NAME, ".")
