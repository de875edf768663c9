"""What the services behind us can do wrong, and which problem the caller is told.

Only codes and classes are read: the messages of AWS and of the SDK may quote what was sent.
"""

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from envelope import EnvelopeError, IntegrityError, InvalidItemError, KeyServiceError
from service import problems
from service.item_size import MAX_ITEM_BYTES
from service.problems import Problem, ProblemType

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
    {"DependencyTimeoutException", "KeyUnavailableException", "KMSInternalException", "RequestTimeout"}
)

_SERVER_ERROR = 500


class RecordNotVerified(Exception):  # noqa: N818 - a finding about a record
    """A stored item does not verify as the record it should be.

    Parameters
    ----------
    tenant, record
        Which record was asked for; ids are not secret, CloudTrail shows them too.
    reason
        The name of the failure, never its text.
    """

    def __init__(self, *, tenant: str, record: str, reason: str) -> None:
        super().__init__(reason)
        self.tenant = tenant
        self.record = record
        self.reason = reason


def problem_of(error: Exception, *, writing: bool = False) -> Problem:
    """Say which problem an exception is.

    Parameters
    ----------
    error
        Whatever was raised while the request was served.
    writing
        Whether the request may have changed the table.
    """
    match error:
        case Problem():
            return error
        case RecordNotVerified() | IntegrityError():
            return _integrity_failure()
        case KeyServiceError():
            return _of_kind(
                _worst([_kind(cause, refused=problems.KEY_UNAVAILABLE) for cause in error.causes])
            )
        case InvalidItemError():
            return Problem(
                problems.CANNOT_BE_STORED,
                "Keep to what the item format stores: text, numbers, lists and objects.",
            )
        case EnvelopeError():
            return _internal_error()
        case ClientError() if _is_item_size(error):
            return Problem(
                problems.RECORD_TOO_LARGE,
                f"Send a smaller record: encrypted it passes {MAX_ITEM_BYTES} bytes.",
                limit=MAX_ITEM_BYTES,
            )
        case ClientError() | HTTPClientError() | NoConnectionError() | ResponseParserError() | OSError():
            return _of_kind(_kind(error, refused=problems.TABLE_UNAVAILABLE), outcome_unknown=writing)
        case _:
            return _internal_error()


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
    if code in _THROTTLED:
        return problems.THROTTLED
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    if code in _FOR_NOW or status >= _SERVER_ERROR:
        return problems.TEMPORARILY_UNAVAILABLE
    return refused


def _worst(kinds: list[ProblemType]) -> ProblemType:
    # What passes by itself comes first: a caller who retries then learns of the rest.
    for kind in (problems.THROTTLED, problems.TEMPORARILY_UNAVAILABLE):
        if kind in kinds:
            return kind
    return problems.KEY_UNAVAILABLE


def _of_kind(kind: ProblemType, *, outcome_unknown: bool = False) -> Problem:
    detail = {
        problems.THROTTLED: "Send the request again after the seconds in Retry-After, and fewer at a time.",
        problems.TEMPORARILY_UNAVAILABLE: "Send the request again after the seconds in Retry-After.",
        problems.KEY_UNAVAILABLE: "Ask the operator: KMS refuses the use of the key. Nothing was changed.",
        problems.TABLE_UNAVAILABLE: "Ask the operator: DynamoDB refuses the use of the table.",
    }[kind]
    if outcome_unknown:
        detail += (
            " The change is wholly there or not at all, but it is not known which: read the record first."
        )
    retry_after = _RETRY_THROTTLED_SECONDS if kind is problems.THROTTLED else _RETRY_UNAVAILABLE_SECONDS
    return Problem(kind, detail, retry_after=retry_after)


def _integrity_failure() -> Problem:
    return Problem(
        problems.INTEGRITY_FAILURE,
        "Do not use this record. Its stored bytes were changed, or they belong to another record: "
        "ask the operator to restore it from a backup.",
    )


def _internal_error() -> Problem:
    return Problem(problems.INTERNAL_ERROR, "Tell the operator the request_id; the log holds the cause.")


def _is_item_size(error: ClientError) -> bool:
    return error_code(error) == "ValidationException" and "size" in str(
        error.response["Error"].get("Message")
    )
