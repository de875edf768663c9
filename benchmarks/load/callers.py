"""Callers of the API: each request is signed and sent once, and never again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3
from botocore.credentials import Credentials

from client.signing import Signer

_CONNECT_SECONDS = 5.0
#: Longer than API Gateway waits for a function.
_ANSWER_SECONDS = 35.0
_OF_A_PAGE = {"records", "failed", "cursor"}


class NoAnswerError(Exception):
    """The request may have been carried out, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def content(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body's JSON; None where there is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def page(self) -> dict[str, Any] | None:
        """Return the body as a page of a list; None if it is none."""
        content = self.content()
        return content if isinstance(content, dict) and set(content) == _OF_A_PAGE else None

    @property
    def revision(self) -> str | None:
        """The ETag, as `If-Match` takes it."""
        return self.headers.get("etag")

    @property
    def told(self) -> str:
        """The status and, of a problem document, its kind."""
        content = self.content()
        kind = content.get("type") if isinstance(content, dict) else None
        return f"{self.status} {str(kind).rpartition(':')[2]}" if kind else str(self.status)


def connections(most: int) -> urllib3.PoolManager:
    """Return connections for that many requests at once, which all callers share."""
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS)
    return urllib3.PoolManager(maxsize=most, block=False, retries=False, timeout=timeout)


class Caller:
    """Somebody with an access key. Safe to share between threads."""

    def __init__(
        self, url: str, key: tuple[str, str], *, region: str, connections: urllib3.PoolManager
    ) -> None:
        self._url = url
        self._signer = Signer(Credentials(*key), region=region)
        self._connections = connections

    def call(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; NoAnswerError when no answer comes."""
        content = b"" if body is None else json.dumps(body).encode()
        given = {**({"Content-Type": "application/json"} if content else {}), **(headers or {})}
        url = self._url + path
        signed = self._signer.signed(method, url, headers=given, body=content)
        try:
            answer = self._connections.request(
                method, url, body=content or None, headers=signed, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(type(error).__name__) from error
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data)


def records_path(tenant: str) -> str:
    """Return where a tenant's records are."""
    return f"/tenants/{tenant}/records"
