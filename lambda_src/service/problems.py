"""Problems: all that a caller can be told, as problem documents (RFC 9457).

The slug is part of the API and never changes its meaning. A `Problem` is raised wherever a request cannot go
on and becomes the answer at the border. `detail` and `field` may quote the caller's own names, so they go
into the answer and nowhere else: as an exception's text a problem shows its slug alone.
"""

import json
from dataclasses import dataclass

_URN = "urn:sealed-records:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: the stable slug, the HTTP status, and a title."""

    slug: str
    status: int
    title: str

    @property
    def urn(self) -> str:
        """The document's `type`."""
        return _URN + self.slug


INVALID_PATH = ProblemType("invalid-path", 400, "The path is not in its plain form")
INVALID_TENANT_ID = ProblemType("invalid-tenant-id", 400, "The tenant id is not valid")
INVALID_RECORD_ID = ProblemType("invalid-record-id", 400, "The record id is not valid")
INVALID_PARAMETER = ProblemType("invalid-parameter", 400, "A parameter is not valid")
INVALID_CURSOR = ProblemType("invalid-cursor", 400, "The cursor is not one for this list")
INVALID_PRECONDITION = ProblemType("invalid-precondition", 400, "The precondition cannot be read")
CONFIRMATION_MISSING = ProblemType("confirmation-missing", 400, "The deletion is not confirmed")
EMPTY_BODY = ProblemType("empty-body", 400, "The request has no body")
INVALID_ENCODING = ProblemType("invalid-encoding", 400, "The body is not UTF-8 text")
MALFORMED_JSON = ProblemType("malformed-json", 400, "The body is not JSON")
NOT_AN_OBJECT = ProblemType("not-an-object", 400, "The body is not a JSON object")
DUPLICATE_NAME = ProblemType("duplicate-name", 400, "A name occurs twice in one JSON object")
NUMBER_NOT_FINITE = ProblemType("number-not-finite", 400, "NaN and infinities are not JSON numbers")
UNPAIRED_SURROGATE = ProblemType("unpaired-surrogate", 400, "A text holds half of a surrogate pair")
INVALID_OBJECT_POINTER = ProblemType("invalid-object-pointer", 400, "A pointer to an object is not valid")
NOT_FOUND = ProblemType("record-not-found", 404, "There is no such record")
BRANCH_KEY_NOT_FOUND = ProblemType("branch-key-not-found", 404, "The tenant has no branch key")
NO_SUCH_ROUTE = ProblemType("no-such-route", 404, "There is nothing at this path")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "The path does not know this method")
RECORD_EXISTS = ProblemType("record-exists", 409, "The record exists already")
BRANCH_KEY_EXISTS = ProblemType("branch-key-exists", 409, "The tenant has a branch key already")
BRANCH_KEY_CHANGED = ProblemType("branch-key-changed", 409, "The branch key was changed meanwhile")
KEY_NOT_DEPLOYED = ProblemType("key-not-deployed", 409, "The KMS key is not the one that is deployed")
RECORDS_OUTSIDE_BRANCH_KEY = ProblemType(
    "records-outside-branch-key", 409, "Not every record hangs on the branch key"
)
TENANT_SHREDDED = ProblemType("tenant-shredded", 410, "The tenant's branch key was shredded")
REVISION_MISMATCH = ProblemType("revision-mismatch", 412, "The record is not in the revision asked for")
BODY_TOO_LARGE = ProblemType("body-too-large", 413, "The body is too large")
RECORD_TOO_LARGE = ProblemType("record-too-large", 413, "The encrypted record is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type", 415, "The content type is not application/json"
)
TOO_DEEP = ProblemType("too-deep", 422, "The record is nested too deeply")
NUMBER_OUT_OF_RANGE = ProblemType("number-out-of-range", 422, "A number cannot be stored exactly")
INVALID_NAME = ProblemType("invalid-name", 422, "An attribute's name cannot be stored")
RESERVED_NAME = ProblemType("reserved-name", 422, "An attribute's name is reserved")
CANNOT_BE_STORED = ProblemType("cannot-be-stored", 422, "The record cannot be stored")
THROTTLED = ProblemType("throttled", 429, "Too many requests")
INTEGRITY_FAILURE = ProblemType("integrity-failure", 500, "The record's stored bytes do not verify")
BRANCH_KEY_NOT_VERIFIED = ProblemType("branch-key-not-verified", 500, "The branch key does not verify")
INTERNAL_ERROR = ProblemType("internal-error", 500, "The service made an error")
KEY_UNAVAILABLE = ProblemType("key-unavailable", 503, "The encryption key cannot be used")
KEY_STORE_UNAVAILABLE = ProblemType("key-store-unavailable", 503, "The key store cannot be used")
TABLE_UNAVAILABLE = ProblemType("table-unavailable", 503, "The records table cannot be used")
SESSION_UNAVAILABLE = ProblemType("session-unavailable", 503, "No session can be had for the tenant")
TEMPORARILY_UNAVAILABLE = ProblemType(
    "temporarily-unavailable", 503, "A service that is needed does not answer"
)


class Problem(Exception):  # noqa: N818 - an answer to the caller, not a fault of the service
    """A request that cannot be served, and what its caller is told.

    Parameters
    ----------
    kind
        Which problem it is.
    detail
        A sentence that says what to do.
    field
        Where in the request it lies: a header, a parameter, or a JSON Pointer into the body.
    limit
        The limit that was passed, where there is one.
    count
        How many things are in the way, where they are counted.
    retry_after
        Seconds after which the same request may succeed.
    allow
        The methods that the path does know.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        field: str | None = None,
        limit: int | None = None,
        count: int | None = None,
        retry_after: int | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail
        self.field = field
        self.limit = limit
        self.count = count
        self.retry_after = retry_after
        self.allow = allow


def problem_document(problem: Problem, *, request_id: str) -> dict[str, str | int]:
    """The members of the problem document that tells of `problem`."""
    members: dict[str, str | int | None] = {
        "type": problem.kind.urn,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "request_id": request_id,
        "field": problem.field,
        "limit": problem.limit,
        "count": problem.count,
    }
    return {name: value for name, value in members.items() if value is not None}


def problem_text(problem: Problem, *, request_id: str) -> str:
    """The problem document as JSON; escaped, because a field may quote what is no valid text."""
    return json.dumps(problem_document(problem, request_id=request_id))
