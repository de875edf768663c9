"""Begins a new message, and opens the header of a stored one: where keyring, context and header meet.

What must stay true: commitment and header tag are checked before a frame is looked at, whatever the keyring
returned; what the caller asked to be bound is bound, or the message does not open.
Source: ESDK specification, client-apis/encrypt.md and decrypt.md, and
framework/required-encryption-context-cmm.md.
"""

import hmac
import os
from collections.abc import Collection, Mapping
from typing import NamedTuple

from .encryption_context import SerializedContext, callers_context, serialize
from .errors import (
    CommitmentError,
    ConfigurationError,
    ContextMismatchError,
    DataKeyError,
    MalformedMessageError,
)
from .keyring import KEY_LENGTH, Keyring
from .message_frames import FrameCipher
from .message_header import (
    ZERO_IV,
    MessageHeader,
    StoredHeader,
    check_frame_length,
    serialize_fields,
)
from .message_suites import COMMITTING, COMMITTING_SIGNED, derive_keys
from .signing import PUBLIC_KEY_CONTEXT_KEY, PUBLIC_KEY_TEXT_LENGTH, SigningKey

DEFAULT_FRAME_LENGTH = 64 * 1024


class OpenMessage(NamedTuple):
    """A header that is written or verified, and what encrypts or decrypts the frames after it.

    Parameters
    ----------
    header
        The header.
    frames
        The cipher of the body.
    signing_key
        What signs a new message of the signed suite; None otherwise.
    """

    header: StoredHeader
    frames: FrameCipher
    signing_key: SigningKey | None = None


def begin_message(
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    required: Collection[str] = (),
    frame_length: int = DEFAULT_FRAME_LENGTH,
    signed: bool = False,
) -> OpenMessage:
    """Make the keys and the header of a new message.

    Parameters
    ----------
    keyring
        Makes and wraps the data key.
    encryption_context
        What the message is bound to. Stored in clear in the header, and seen by KMS.
    required
        Keys of the context that are not stored: a reader must give these pairs again.
    frame_length
        Bytes of plaintext in a frame, up to 16 MiB.
    signed
        Whether to sign with a fresh ECDSA key pair (suite 0578 in place of 0478).

    Raises
    ------
    ConfigurationError
        The context or the frame length is not possible.
    KeyServiceError
        The keyring could not make a key.
    """
    check_frame_length(frame_length)
    context = callers_context(encryption_context)
    if isinstance(required, str):
        raise ConfigurationError("required is a collection of keys, not one text")
    # Gone through here and never again: what can be gone through only once would be empty afterwards.
    required = frozenset(required)
    missing = {key for key in required if key not in context}
    if missing:
        raise ConfigurationError(
            f"required keys are missing from the encryption context: {', '.join(map(repr, sorted(missing)))}"
        )
    suite = COMMITTING_SIGNED if signed else COMMITTING
    signing_key = SigningKey() if signed else None
    if signing_key is not None:
        # Raises where it has become too long; not every keyring would.
        context = SerializedContext({**context, PUBLIC_KEY_CONTEXT_KEY: signing_key.public_key_text()})
    data_key, entry = keyring.generate(context)
    message_id = os.urandom(suite.message_id_length)
    keys = derive_keys(suite, data_key=data_key, message_id=message_id)
    stored: Mapping[str, str] = context
    if required:
        stored = {key: value for key, value in context.items() if key not in required}
    fields = MessageHeader(suite, message_id, stored, (entry,), frame_length, keys.commitment)
    body = serialize_fields(fields)
    frames = FrameCipher(keys.body_key, message_id=message_id, frame_length=frame_length)
    tag = frames.header_tag(ZERO_IV, body + serialize({key: context[key] for key in required}))
    header = StoredHeader(fields, body, ZERO_IV, tag)
    return OpenMessage(header, frames, signing_key)


def open_message(
    header: StoredHeader,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    allow_uncommitted: bool = False,
) -> OpenMessage:
    """Unwrap the data key of a stored message and verify its header.

    Parameters
    ----------
    header
        What `read_header` read.
    keyring
        Unwraps the data key.
    encryption_context
        What the caller asks to be bound: each pair must stand in the header with this value, or be one that
        was required and left out of it.
    allow_uncommitted
        Whether version 1, whose headers do not commit to their data key, is read.

    Raises
    ------
    ContextMismatchError
        The header holds another value for one of the keys.
    IntegrityError
        The data key cannot be unwrapped, or the header does not verify; its subclasses say which.
    KeyServiceError
        The keyring could not be used, so the message could not be judged.
    """
    return open_with(
        header,
        keyring=keyring,
        asked_for=callers_context(encryption_context),
        allow_uncommitted=allow_uncommitted,
    )


def open_with(
    header: StoredHeader, *, keyring: Keyring, asked_for: SerializedContext, allow_uncommitted: bool
) -> OpenMessage:
    """Do what `open_message` does, with a context that `callers_context` made."""
    fields = header.fields
    if not fields.suite.commits and not allow_uncommitted:
        raise CommitmentError(
            f"the message is of version 1, suite {fields.suite.id:04x}, which does not commit to its data "
            "key: it is read only where allow_uncommitted is set"
        )
    left_out = _left_out(fields, asked_for)
    _check_public_key(fields)
    context = _whole_context(fields, asked_for=asked_for, left_out=left_out)
    data_key = keyring.unwrap(fields.encrypted_data_keys, context)
    if len(data_key) != KEY_LENGTH:
        raise DataKeyError(f"the keyring returned {len(data_key)} bytes in place of a data key")
    keys = derive_keys(fields.suite, data_key=data_key, message_id=fields.message_id)
    if fields.suite.commits and not hmac.compare_digest(keys.commitment, fields.commitment):
        raise CommitmentError("the header does not commit to the data key that was unwrapped")
    frames = FrameCipher(keys.body_key, message_id=fields.message_id, frame_length=fields.frame_length)
    frames.verify_header(header.iv, header.tag, header.body + serialize(left_out))
    return OpenMessage(header, frames)


def _left_out(fields: MessageHeader, asked_for: Mapping[str, str]) -> dict[str, str]:
    """Return the pairs that the header does not hold; raise where it holds another value."""
    stored = fields.encryption_context
    if stored is asked_for:
        return {}
    differing = sorted(key for key, value in asked_for.items() if stored.get(key, value) != value)
    if differing:
        raise ContextMismatchError(
            "the message is bound to another value of "
            + ", ".join(map(repr, differing))
            + " than was asked for: it is another message, or was moved"
        )
    return {key: value for key, value in asked_for.items() if key not in stored}


def _check_public_key(fields: MessageHeader) -> None:
    """Refuse a public key where nothing is signed, and a signed message without one."""
    stored, signed = fields.encryption_context, fields.suite.signed
    if (PUBLIC_KEY_CONTEXT_KEY in stored) != signed:
        raise MalformedMessageError("the header's public key does not fit its algorithm suite")
    if signed and len(stored[PUBLIC_KEY_CONTEXT_KEY]) != PUBLIC_KEY_TEXT_LENGTH:
        raise MalformedMessageError("the header's public key is not a point of P-384 in base64")


def _whole_context(
    fields: MessageHeader, *, asked_for: SerializedContext, left_out: Mapping[str, str]
) -> SerializedContext:
    """Return what the data key is bound to: the stored pairs, and those that were left out.

    Every pair that was asked for is one of the two, so where there are no more than these it is just them.
    """
    if len(asked_for) == len(fields.encryption_context) + len(left_out):
        return asked_for
    try:
        return SerializedContext({**fields.encryption_context, **left_out})
    except ConfigurationError as error:
        raise ContextMismatchError(f"the stored and the given context do not fit together: {error}") from None
