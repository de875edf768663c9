"""What a failed call of AWS, of the library or of the operating system means to whoever ran the command."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from client.problems import (
    ConflictError,
    DeniedError,
    IntegrityFailureError,
    NotFoundError,
    RefusedInputError,
    SealedError,
    UnavailableError,
    UsageError,
    printable,
)
from envelope import ConfigurationError, EnvelopeError, IntegrityError, KeyServiceError, MessageRangeError

_DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# What botocore finds wrong before it asks anybody.
_WRONG_SETTING = (
    ConfigNotFound,
    ConfigParseError,
    InvalidConfigError,
    InvalidRegionError,
    ParamValidationError,
    ProfileNotFound,
)
_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion"})
_EXISTS = frozenset({"409", "412", "ConditionalRequestConflict", "PreconditionFailed"})


def code_of(error: ClientError) -> str:
    """Return the code that a service answered with."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the failures of what is done inside into messages about `what`."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error, what=what) from error
    except BotoCoreError as error:
        raise _unasked(error, what=what) from error
    except EnvelopeError as error:
        raise _failure(error, what=what) from error


def file_failure(error: OSError, *, name: str) -> SealedError:
    """Return the message about a local file that cannot be read or written."""
    return UsageError(f"{name}: {error.strerror or type(error).__name__}")


def _unasked(error: BotoCoreError, *, what: str) -> SealedError:
    text = printable(str(error))
    if isinstance(error, _WRONG_SETTING):
        return UsageError(f"{what}: {text}")
    if isinstance(error, _NO_CREDENTIALS):
        return DeniedError(f"{what}: {text}")
    return UnavailableError(f"{what}: AWS was not reached: {text}")


def _refusal(error: ClientError, *, what: str) -> SealedError:
    code, text = code_of(error), printable(str(error.response.get("Error", {}).get("Message", "")))
    if code in _DENIED:
        return DeniedError(f"{what}: {code}: {text}")
    if code == "NoSuchBucket":
        return NotFoundError(f"{what}: there is no such bucket")
    if code in _ABSENT:
        return NotFoundError(f"{what}: there is no such object")
    if code in _EXISTS:
        return ConflictError(f"{what}: it exists already, or was changed meanwhile ({code})")
    return UnavailableError(f"{what}: {code}: {text}")


def _failure(error: EnvelopeError, *, what: str) -> SealedError:
    text = f"{what}: {printable(str(error))}"
    if isinstance(error, KeyServiceError):
        causes = [cause for cause in error.causes if isinstance(cause, ClientError)]
        denied = any(code_of(cause) in _DENIED for cause in causes)
        return DeniedError(text) if denied else UnavailableError(text)
    if isinstance(error, IntegrityError):
        return IntegrityFailureError(text)
    if isinstance(error, MessageRangeError):
        return RefusedInputError(text)
    return UsageError(text) if isinstance(error, ConfigurationError) else SealedError(text)
