"""What can go wrong, and the exit code that each failure has.

The codes are a promise to scripts: they are printed by `sealed --help` and do not change their meaning.
A message says what happened and what to do. It may name a line, a tenant, a record id or a request id, and
never holds a value of a record.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

_LONGEST_TEXT = 500
_INTEGRITY = "integrity-failure"
_NOT_VERIFIED = (_INTEGRITY, "branch-key-not-verified")


class Exit(IntEnum):
    """The exit codes of `sealed`."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    REFUSED = 5
    DENIED = 6
    UNAVAILABLE = 7
    INTEGRITY = 8
    SOME_FAILED = 9
    SHREDDED = 10
    RECORDS_REFUSED = 11
    RUN_FAILED = 12
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "an answer that should not happen, or a defect in this command",
    Exit.USAGE: "wrong arguments or settings",
    Exit.NOT_FOUND: "no such record, object or branch key (404), or no such named query or run",
    Exit.CONFLICT: "it exists already, has another revision, or something is in the way (409, 412)",
    Exit.REFUSED: "the input was refused (400, 413, 415, 422)",
    Exit.DENIED: "no credentials, or they may not do this (401, 403)",
    Exit.UNAVAILABLE: "throttled or unavailable, after retries (429, 502, 503, 504, network)",
    Exit.INTEGRITY: "stored bytes do not verify: somebody or something changed them",
    Exit.SOME_FAILED: "an import ended with lines that were not stored, a move with tenants that failed",
    Exit.SHREDDED: "the tenant's branch key was shredded (410)",
    Exit.RECORDS_REFUSED: "a re-encryption ended, and left some records as they were: it names them",
    Exit.RUN_FAILED: "a re-encryption failed, was stopped, or ended without all of its segments",
    Exit.INTERRUPTED: "interrupted (Ctrl-C, SIGTERM or SIGHUP)",
    Exit.BROKEN_PIPE: "the program that read the output went away",
}


def harmless(text: str) -> str:
    """Return `text` with a `?` for each character that could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def printable(text: str) -> str:
    """Return `text` fit for a terminal: no control characters, and not endless."""
    clean = harmless(text)
    return clean if len(clean) <= _LONGEST_TEXT else clean[: _LONGEST_TEXT - 1] + "…"


class SealedError(Exception):
    """Root of all failures that end a command or fail a line of an import.

    Parameters
    ----------
    message
        What happened and what to do, in one line.
    kind
        A stable word for the failure: the `type` of a problem document, or a word of this command's own.
    request_id
        The API's id of the request, for whoever reads its logs.
    """

    exit_code = Exit.UNEXPECTED
    kind = "unexpected"

    def __init__(self, message: str, *, kind: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind
        self.request_id = request_id

    def line(self) -> str:
        """Return the message with the request id, as it is shown to a person."""
        return f"{self} [request {self.request_id}]" if self.request_id else str(self)


class UnexpectedAnswerError(SealedError):
    """The endpoint answered something that this API does not answer."""


class UsageError(SealedError):
    """An argument, a setting or a local file is wrong."""

    exit_code = Exit.USAGE
    kind = "usage"


class NotFoundError(SealedError):
    """There is no such record."""

    exit_code = Exit.NOT_FOUND
    kind = "not-found"


class ConflictError(SealedError):
    """The record exists already, or does not have the revision that was asked for."""

    exit_code = Exit.CONFLICT
    kind = "conflict"


class ShreddedError(SealedError):
    """The tenant's branch key was shredded: what it wrapped is gone."""

    exit_code = Exit.SHREDDED
    kind = "shredded"


class RefusedInputError(SealedError):
    """The content was refused, here or by the API."""

    exit_code = Exit.REFUSED
    kind = "refused"


class InvalidLineError(RefusedInputError):
    """A line of an import file cannot be read."""

    kind = "invalid-line"


class DeniedError(SealedError):
    """There are no credentials, or they do not allow the call."""

    exit_code = Exit.DENIED
    kind = "denied"


class UnavailableError(SealedError):
    """The API could not be reached, or was throttled or unavailable to the last try."""

    exit_code = Exit.UNAVAILABLE
    kind = "unavailable"


class AbandonedError(UnavailableError):
    """A call was given up because the command is stopping; nothing is known against its record."""

    kind = "abandoned"


class IntegrityFailureError(SealedError):
    """The stored bytes of a record, or of a branch key, do not verify."""

    exit_code = Exit.INTEGRITY
    kind = _INTEGRITY


_BY_STATUS: Mapping[int, type[SealedError]] = {
    400: RefusedInputError,
    401: DeniedError,
    403: DeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: ShreddedError,
    412: ConflictError,
    413: RefusedInputError,
    415: RefusedInputError,
    422: RefusedInputError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457) as far as this command uses it."""

    status: int
    type: str | None
    title: str
    detail: str | None
    request_id: str | None

    def error(self, *, hint: str | None = None) -> SealedError:
        """Return the exception that stands for this problem; `hint` is a sentence put after its detail."""
        failure = _BY_STATUS.get(self.status, UnexpectedAnswerError)
        if self.type is not None and self.type.rpartition(":")[2] in _NOT_VERIFIED:
            failure = IntegrityFailureError
        parts = [self.title if self.detail is None else f"{self.title.rstrip('.:')}: {self.detail}"]
        if hint is not None:
            parts.append(hint)
        return failure(" ".join(parts), kind=self.type, request_id=self.request_id)


def problem_from(document: object, *, status: int | None = None, request_id: str | None = None) -> Problem:
    """Read a problem document, or the bare `{"message": …}` of a gateway, and clean its texts.

    Parameters
    ----------
    document
        The parsed body, or None where it was not JSON. A body of another shape is not shown at all.
    status
        The HTTP status of the answer; None for a document inside another answer, which names its own.
    request_id
        The id from the answer's headers, for documents without one.
    """
    texts: dict[str, str] = {}
    if isinstance(document, dict):
        texts = {k: printable(v) for k, v in document.items() if isinstance(k, str) and isinstance(v, str)}
        named = document.get("status")
        if status is None and isinstance(named, int):
            status = named
    status = status or 0
    return Problem(
        status=status,
        type=texts.get("type"),
        title=texts.get("title") or f"The API answered with status {status}",
        detail=texts.get("detail") or texts.get("message"),
        request_id=texts.get("request_id") or request_id,
    )


def parsed_or_none(body: bytes) -> object:
    """Return a body's JSON, or None: for answers that are not to be trusted to be JSON."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document
