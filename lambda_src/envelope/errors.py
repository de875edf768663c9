"""Every way the library can fail, one exception per failure.

What must stay true: no message and no chained exception carries plaintext, a key, or a value of the caller's
item. Names of top-level attributes may appear: DynamoDB stores them in clear anyway.
"""

from collections.abc import Iterable


class EnvelopeError(Exception):
    """Root of everything this library raises on purpose."""


class ConfigurationError(EnvelopeError):
    """The library was put together wrongly: a key ARN, a key, a name or an action is not acceptable."""


class InvalidItemError(EnvelopeError):
    """The caller's item cannot be encrypted as it is.

    Parameters
    ----------
    message
        What is wrong and what is allowed.
    attribute
        Name of the top-level attribute at fault, where there is one.
    """

    def __init__(self, message: str, *, attribute: str | None = None) -> None:
        super().__init__(message if attribute is None else f"attribute {attribute!r}: {message}")
        self.attribute = attribute


class IntegrityError(EnvelopeError):
    """The stored bytes do not verify. Nothing of the item, or nothing more of the message, may be used."""


class ItemNotEncryptedError(IntegrityError):
    """The item has no header, no footer, or neither: it was never encrypted, or was stripped."""


class MalformedItemError(IntegrityError):
    """The stored bytes do not follow the format."""


class MalformedMessageError(IntegrityError):
    """The bytes are not a message of the AWS Encryption SDK, or not one that this library reads."""


class TruncatedMessageError(MalformedMessageError):
    """The message ends too early. What was released of it is authentic, and not the whole."""


class TagError(IntegrityError):
    """A message's header or frame does not authenticate: it was changed, moved, or is another message's."""


class ContextMismatchError(IntegrityError):
    """The message is bound to another encryption context than the caller asked for."""


class LimitExceededError(IntegrityError):
    """A header claims more than a reader accepts; refused before any key was used."""


class CommitmentError(IntegrityError):
    """The data key is not the one that the header commits to, or the header was changed."""


class SignatureError(IntegrityError):
    """The footer does not verify: what it signs (attributes, frames, header, context) was changed."""


class MessageRangeError(EnvelopeError):
    """The range that was asked for is empty, or is not in the message."""


class _CausedError(EnvelopeError):
    """An error that keeps, and shows, the failure of every attempt behind it."""

    def __init__(self, message: str, *, causes: Iterable[BaseException] = ()) -> None:
        self.causes: tuple[BaseException, ...] = tuple(causes)
        details = "; ".join(f"{type(cause).__name__}: {cause}" for cause in self.causes)
        super().__init__(f"{message} ({details})" if details else message)


class DataKeyError(_CausedError, IntegrityError):
    """No encrypted data key could be unwrapped: none is meant for this keyring, or none authenticates.

    Attributes
    ----------
    causes
        Why each attempt failed.
    """


class KeyServiceError(_CausedError):
    """The key service, or the source of branch keys, failed: throttled, denied, disabled or out of reach.

    It says nothing about the stored bytes. Trying again later may succeed.

    Attributes
    ----------
    causes
        Why each attempt failed; the key service's own exceptions are among them.
    """


class KeyStoreError(KeyServiceError):
    """The table of branch keys failed: absent, throttled, refused or out of reach.

    It says nothing about the stored bytes. DynamoDB's own exception is among the causes.
    """


class BranchKeyNotFoundError(DataKeyError):
    """The key store has no such branch key, or not this version of it."""


class BranchKeyShreddedError(DataKeyError):
    """The branch key was shredded: what it wrapped can never be decrypted again.

    Parameters
    ----------
    message
        What was asked for.
    shredded_at
        When it was shredded, in UTC, ISO 8601.
    """

    def __init__(self, message: str, *, shredded_at: str) -> None:
        super().__init__(message)
        self.shredded_at = shredded_at


class BranchKeyItemError(DataKeyError):
    """An item of the key store is not as it was written, or names a KMS key that is not configured."""


class BranchKeyExistsError(EnvelopeError):
    """A branch key of this id exists already. Nothing was changed."""


class BranchKeyChangedError(EnvelopeError):
    """Somebody else changed the branch key at the same time. Nothing was lost; the call may be repeated."""
