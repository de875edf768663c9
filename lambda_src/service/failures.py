"""What the services behind us can do wrong, and which problem the caller is told.

Only codes and classes are read: the messages of AWS and of the SDK may quote what was sent.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from envelope import (
    BranchKeyChangedError,
    BranchKeyExistsError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyShreddedError,
    EnvelopeError,
    IntegrityError,
    InvalidItemError,
    KeyServiceError,
    KeyStoreError,
)
from service import problems
from service.item_size import MAX_ITEM_BYTES
from service.outcomes import READ, Outcome
from service.problems import Problem, ProblemType
from service.tenant_sessions import TenantSessionError

_RETRY_THROTTLED_SECONDS = 2
_RETRY_UNAVAILABLE_SECONDS = 5

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)

# KMS answers these with a status of the 4xx class or says in words that it is for now.
_FOR_NOW = frozenset(
    {
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "KMSInternalException",
        "RequestTimeout",
        "TransactionInProgressException",
    }
)

# Why DynamoDB cancels a transaction that would succeed later.
_THROTTLED_ACTIONS = frozenset({"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError"})

_SERVER_ERROR = 500

_NOTHING_BEGUN = "Nothing was changed."

_INTEGRITY_FAILURE = (
    "Do not use this record. Its stored bytes were changed, or they belong to another record: "
    "ask the operator to restore it from a backup."
)
_BRANCH_KEY_NOT_VERIFIED = (
    "Ask the operator: an item of the key store was changed, or names a KMS key that is not configured. "
    "No record was touched; they can be used again once it is restored from a backup."
)
_TENANT_SHREDDED = (
    "Remove what refers to this tenant: what its branch key sealed cannot be read any more, and its id is "
    "not given again."
)
_BRANCH_KEY_NOT_FOUND = "Check the tenant's id, or have the operator create its branch key first."
_BRANCH_KEY_EXISTS = "Describe it, or rotate it: a branch key is created once. Nothing was changed."
_BRANCH_KEY_CHANGED = (
    "Describe the branch key, and send the same request again if it is still wanted: somebody else "
    "changed it at the same time, and nothing was lost."
)


class NotVerified(Exception):  # noqa: N818 - a finding about what is stored
    """What is stored does not verify as what it should be. Its text is the name of the failure, no more.

    Parameters
    ----------
    tenant, record
        What was asked for; ids are not secret, CloudTrail shows them too. There is no record where the key
        store alone was used.
    reason
        The name of the failure, never its text.
    """

    def __init__(self, *, tenant: str, reason: str, record: str | None = None) -> None:
        super().__init__(reason)
        self.tenant = tenant
        self.record = record
        self.reason = reason


class RecordNotVerified(NotVerified):
    """A stored item does not verify as the record it should be."""


class BranchKeyNotVerified(NotVerified):
    """The tenant's branch key does not verify: an item of the key store is not as it was written."""


def problem_of(error: Exception, *, outcome: Outcome = READ) -> Problem:
    """Say which problem an exception is.

    Parameters
    ----------
    error
        Whatever was raised while the request was served.
    outcome
        What a failure of a service behind us leaves open.
    """
    match error:
        case Problem():
            return error
        case BranchKeyNotVerified() | BranchKeyItemError():
            return Problem(problems.BRANCH_KEY_NOT_VERIFIED, _BRANCH_KEY_NOT_VERIFIED)
        case RecordNotVerified():
            return Problem(problems.INTEGRITY_FAILURE, _INTEGRITY_FAILURE)
        case TenantSessionError():
            return _session_problem(error)
        case EnvelopeError():
            return _envelope_problem(error, outcome=outcome)
        case ClientError() if _is_item_size(error):
            return Problem(
                problems.RECORD_TOO_LARGE,
                f"Send a smaller record: encrypted it passes {MAX_ITEM_BYTES} bytes.",
                limit=MAX_ITEM_BYTES,
            )
        case ClientError() | HTTPClientError() | NoConnectionError() | ResponseParserError() | OSError():
            return _of_kind(_kind(error, refused=problems.TABLE_UNAVAILABLE), outcome=outcome.of_table)
        case _:
            return _internal_error()


def _session_problem(error: TenantSessionError) -> Problem:
    """STS throttles the account, not this caller: to everyone it is out for now, unless it refuses."""
    kinds = [_kind(cause, refused=problems.SESSION_UNAVAILABLE) for cause in error.causes]
    refused = problems.SESSION_UNAVAILABLE in kinds
    kind = problems.SESSION_UNAVAILABLE if refused else problems.TEMPORARILY_UNAVAILABLE
    return _of_kind(kind, outcome=_NOTHING_BEGUN)


def _envelope_problem(error: EnvelopeError, *, outcome: Outcome) -> Problem:
    match error:
        case BranchKeyShreddedError():
            return Problem(problems.TENANT_SHREDDED, _TENANT_SHREDDED)
        case BranchKeyNotFoundError():
            return Problem(problems.BRANCH_KEY_NOT_FOUND, _BRANCH_KEY_NOT_FOUND)
        case BranchKeyExistsError():
            return Problem(problems.BRANCH_KEY_EXISTS, _BRANCH_KEY_EXISTS)
        case BranchKeyChangedError():
            return Problem(problems.BRANCH_KEY_CHANGED, _BRANCH_KEY_CHANGED)
        case IntegrityError():
            return Problem(problems.INTEGRITY_FAILURE, _INTEGRITY_FAILURE)
        case KeyStoreError():
            return _of_causes(error, refused=problems.KEY_STORE_UNAVAILABLE, outcome=outcome)
        case KeyServiceError():
            return _of_causes(error, refused=problems.KEY_UNAVAILABLE, outcome=outcome)
        case InvalidItemError():
            return Problem(
                problems.CANNOT_BE_STORED,
                "Keep to what the item format stores: text, numbers, lists and objects.",
            )
        case _:
            return _internal_error()


def is_expected(error: Exception) -> bool:
    """Tell whether a failure only answers the caller: nothing behind us failed."""
    return isinstance(
        error,
        BranchKeyChangedError
        | BranchKeyExistsError
        | BranchKeyNotFoundError
        | BranchKeyShreddedError
        | Problem,
    )


def error_code(error: BaseException) -> str:
    """The service's code for a failed call, or else the name of the exception's class."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def _kind(error: BaseException, *, refused: ProblemType) -> ProblemType:
    """Throttled, out for now, or refused: `refused` says by whom."""
    if not isinstance(error, ClientError):
        return problems.TEMPORARILY_UNAVAILABLE
    code = error_code(error)
    if code in _THROTTLED or _cancelled_by_throttling(error):
        return problems.THROTTLED
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    if code in _FOR_NOW or status >= _SERVER_ERROR:
        return problems.TEMPORARILY_UNAVAILABLE
    return refused


def _cancelled_by_throttling(error: ClientError) -> bool:
    """Tell whether a transaction was cancelled because DynamoDB could not take one of its actions now."""
    response: Mapping[str, Any] = error.response
    reasons = response.get("CancellationReasons") or []
    return any(reason.get("Code") in _THROTTLED_ACTIONS for reason in reasons)


def _of_causes(error: KeyServiceError, *, refused: ProblemType, outcome: Outcome) -> Problem:
    kinds = [_kind(cause, refused=refused) for cause in error.causes]
    # What passes by itself comes first: a caller who retries then learns of the rest.
    passing = [kind for kind in (problems.THROTTLED, problems.TEMPORARILY_UNAVAILABLE) if kind in kinds]
    return _of_kind(passing[0] if passing else refused, outcome=outcome.of_keys)


def _of_kind(kind: ProblemType, *, outcome: str) -> Problem:
    detail = {
        problems.THROTTLED: "Send the request again after the seconds in Retry-After, and fewer at a time.",
        problems.TEMPORARILY_UNAVAILABLE: "Send the request again after the seconds in Retry-After.",
        problems.KEY_UNAVAILABLE: "Ask the operator: KMS refuses the use of the key.",
        problems.KEY_STORE_UNAVAILABLE: "Ask the operator: DynamoDB refuses the use of the key store.",
        problems.TABLE_UNAVAILABLE: "Ask the operator: DynamoDB refuses the use of the table.",
        problems.SESSION_UNAVAILABLE: "Ask the operator: STS refuses the session to serve the tenant in.",
    }[kind]
    retry_after = _RETRY_THROTTLED_SECONDS if kind is problems.THROTTLED else _RETRY_UNAVAILABLE_SECONDS
    return Problem(kind, f"{detail} {outcome}".rstrip(), retry_after=retry_after)


def _internal_error() -> Problem:
    return Problem(problems.INTERNAL_ERROR, "Tell the operator the request_id; the log holds the cause.")


def _is_item_size(error: ClientError) -> bool:
    return error_code(error) == "ValidationException" and "size" in str(
        error.response["Error"].get("Message")
    )
