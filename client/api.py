"""The API of records as four calls: put, get, delete and a page of a list. Branch keys: branchkeys.py.

Every attempt is signed anew, redirects are not followed, and a call ends after a bounded number of attempts.
All calls may be repeated: a PUT replaces a record by itself. Where an earlier attempt may have done its work
before it failed, the error says so.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol
from urllib.parse import quote, urlencode
from urllib.request import getproxies, proxy_bypass

import urllib3

from client import version
from client.endpoint import Endpoint
from client.problems import (
    AbandonedError,
    ConflictError,
    UnavailableError,
    UnexpectedAnswerError,
    UsageError,
    parsed_or_none,
    printable,
    problem_from,
)
from client.retries import RETRIED_STATUSES, RetryPolicy, retry_after_seconds

_CONNECT_SECONDS = 5.0
_NOT_FOUND = 404
_THROTTLED = 429
_DOUBT = "An earlier attempt of this call got no answer and may have done this itself: read the record."


class RequestSigner(Protocol):
    """What signs a request."""

    def signed(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return the headers to send."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `doubtful`: an attempt before this one may have been carried out too."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    doubtful: bool = False

    def text(self) -> str:
        """Return the JSON body's text, or say that this is not the API."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise UnexpectedAnswerError("the answer is not JSON: is --endpoint the address of this API?")
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise UnexpectedAnswerError("the answer is not UTF-8") from None

    def revision(self) -> str | None:
        """Return the record's revision from the ETag."""
        tag = self.headers.get("etag")
        return None if tag is None else printable(tag.strip('"'))


@dataclass(frozen=True, slots=True)
class _Failed:
    """An attempt without an answer. `sent`: the request may have been carried out."""

    reason: str
    sent: bool
    final: bool = False


class RecordsApi:
    """The records API at one endpoint. Safe to share between threads.

    Parameters
    ----------
    endpoint, signer
        Where the API is, and what signs the requests.
    timeout
        Seconds to wait for an answer to one attempt.
    connections
        How many threads will call at the same time.
    policy
        When to try again.
    ca_bundle
        A file of certificates to trust in place of the system's.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        signer: RequestSigner,
        timeout: float = 30.0,
        connections: int = 1,
        policy: RetryPolicy | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._signer = signer
        self._policy = policy or RetryPolicy()
        self._agent = f"sealed-records/{version()}"
        self._stopping = threading.Event()
        self._pool = _pool_for(endpoint, timeout=timeout, connections=connections, ca_bundle=ca_bundle)

    def put(
        self,
        tenant: str,
        record: str,
        *,
        body: bytes,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> Answer:
        """Create or replace a record; `body` is the JSON object's text."""
        headers = {"Content-Type": "application/json", **_preconditions(if_match)}
        if if_none_match:
            headers["If-None-Match"] = "*"
        return self.call("PUT", _record_path(tenant, record), expected=(200, 201), body=body, headers=headers)

    def get(self, tenant: str, record: str) -> Answer:
        """Read a record."""
        return self.call("GET", _record_path(tenant, record), expected=(200,))

    def delete(self, tenant: str, record: str, *, if_match: str | None = None) -> Answer:
        """Delete a record. Absent after an attempt that got no answer counts as deleted."""
        path = _record_path(tenant, record)
        return self.call(
            "DELETE", path, expected=(200, 204), headers=_preconditions(if_match), absent_is_done=True
        )

    def page(self, tenant: str, *, prefix: str | None, limit: int | None, cursor: str | None) -> Answer:
        """Read a page of a tenant's records."""
        wanted = {"limit": None if limit is None else str(limit), "cursor": cursor, "prefix": prefix}
        query = urlencode({k: v for k, v in wanted.items() if v}, quote_via=quote, safe="")
        path = f"/tenants/{tenant}/records"
        return self.call("GET", f"{path}?{query}" if query else path, expected=(200,))

    def abandon(self) -> None:
        """End all waits of other threads: their calls fail as abandoned once their attempt has ended."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def call(
        self,
        method: str,
        path: str,
        *,
        expected: tuple[int, ...],
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        absent_is_done: bool = False,
        doubt: str = _DOUBT,
    ) -> Answer:
        """Make a call, again where that may help, and return the settled answer.

        Parameters
        ----------
        expected
            The statuses of success; any other one is raised as the problem that it is.
        absent_is_done
            Whether 404 after an attempt that got no answer is success too.
        doubt
            What a conflict says after such an attempt.
        """
        attempt = 0
        doubtful = False
        while True:
            attempt += 1
            if self._stopping.is_set():
                raise AbandonedError("given up: the command is stopping")
            outcome = self._attempt(method, path, headers=headers or {}, body=body)
            if isinstance(outcome, Answer) and outcome.status not in RETRIED_STATUSES:
                settled = Answer(outcome.status, outcome.headers, outcome.body, doubtful=doubtful)
                gone = absent_is_done and doubtful and settled.status == _NOT_FOUND
                if settled.status in expected or gone:
                    return settled
                _raise_for(settled, doubt=doubt)
            wait = self._wait_after(attempt, outcome)
            if wait is None:
                _give_up(outcome, attempts=attempt)
            # A throttled call was not carried out; of any other failure nobody can be sure.
            doubtful |= outcome.sent if isinstance(outcome, _Failed) else outcome.status != _THROTTLED
            self._stopping.wait(wait)

    def _wait_after(self, attempt: int, outcome: Answer | _Failed) -> float | None:
        if isinstance(outcome, _Failed):
            return None if outcome.final else self._policy.wait_after(attempt)
        asked = retry_after_seconds(outcome.headers.get("retry-after"))
        return self._policy.wait_after(attempt, retry_after=asked)

    def _attempt(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer | _Failed:
        url = self._endpoint.url + path
        sent = {"Accept": "application/json", "User-Agent": self._agent, **headers}
        signed = self._signer.signed(method, url, headers=sent, body=body)
        try:
            response = self._pool.request(
                method, url, body=body or None, headers=signed, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            return _failed(error)
        answered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, answered, response.data)


def _failed(error: urllib3.exceptions.HTTPError) -> _Failed:
    """Say what became of an attempt that got no answer; urllib3 counts a refused connection as a timeout."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return _Failed(f"the TLS connection failed: {printable(str(error))}", sent=False, final=True)
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return _Failed("cannot connect to the endpoint", sent=False)
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return _Failed("no connection in time", sent=False)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return _Failed("no answer in time (--timeout)", sent=True)
    return _Failed("the connection broke", sent=True)


def _record_path(tenant: str, record: str) -> str:
    return f"/tenants/{tenant}/records/{record}"


def _preconditions(if_match: str | None) -> dict[str, str]:
    return {} if if_match is None else {"If-Match": f'"{if_match}"'}


def _pool_for(
    endpoint: Endpoint, *, timeout: float, connections: int, ca_bundle: str | None
) -> urllib3.PoolManager:
    limits = urllib3.Timeout(connect=min(_CONNECT_SECONDS, timeout), read=timeout)
    host = urllib3.util.parse_url(endpoint.url).host or ""
    proxy = None if endpoint.loopback or proxy_bypass(host) else getproxies().get("https")
    if ca_bundle is not None and not Path(ca_bundle).is_file():
        raise UsageError(f"AWS_CA_BUNDLE names {ca_bundle}, which is no file")
    if not proxy:
        return urllib3.PoolManager(timeout=limits, maxsize=connections, block=True, ca_certs=ca_bundle)
    try:
        return urllib3.ProxyManager(
            proxy, timeout=limits, maxsize=connections, block=True, ca_certs=ca_bundle
        )
    except urllib3.exceptions.HTTPError:
        # Not quoted: a proxy's address may hold a password.
        raise UsageError("HTTPS_PROXY is not an address such as http://proxy.example.com:8080") from None


def _request_id(answer: Answer) -> str | None:
    found = answer.headers.get("x-amzn-requestid")
    return None if found is None else printable(found)


def _raise_for(answer: Answer, *, doubt: str) -> NoReturn:
    problem = problem_from(parsed_or_none(answer.body), status=answer.status, request_id=_request_id(answer))
    error = problem.error()
    if answer.doubtful and isinstance(error, ConflictError):
        error = problem.error(hint=doubt)
    raise error


def _give_up(outcome: Answer | _Failed, *, attempts: int) -> NoReturn:
    tries = "once" if attempts == 1 else f"{attempts} times"
    if isinstance(outcome, _Failed):
        raise UnavailableError(f"{outcome.reason}; tried {tries}", kind="unreachable")
    found = problem_from(parsed_or_none(outcome.body), status=outcome.status, request_id=_request_id(outcome))
    raise found.error(hint=f"(Tried {tries}.)")
