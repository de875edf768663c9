"""Whole messages in memory: bytes in, bytes out.

For what does not fit into memory there are `MessageWriter`, `MessageReader` and `read_range`.
"""

import hashlib
import io
from collections.abc import Collection, Mapping

from .keyring import Keyring
from .message_body import open_body
from .message_opening import DEFAULT_FRAME_LENGTH, begin_message
from .message_writer import footer


def encrypt(
    plaintext: bytes,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    required: Collection[str] = (),
    frame_length: int = DEFAULT_FRAME_LENGTH,
    signed: bool = False,
) -> bytes:
    """Return a message of the AWS Encryption SDK, version 2, that holds the plaintext.

    Parameters
    ----------
    plaintext
        Any number of bytes.
    keyring
        Makes and wraps the data key: one call of `generate`.
    encryption_context
        What the message is bound to. It is not secret: stored in clear, and seen by KMS.
    required
        Keys of the context that are left out of the message: whoever decrypts must give these pairs.
    frame_length
        Bytes of plaintext in a frame, from 1 to 16 MiB.
    signed
        Whether to sign (suite 0578 in place of 0478).

    Raises
    ------
    ConfigurationError
        The context or the frame length is not possible.
    KeyServiceError
        The keyring could not make a data key.
    """
    message = begin_message(
        keyring=keyring,
        encryption_context=encryption_context,
        required=required,
        frame_length=frame_length,
        signed=signed,
    )
    content = plaintext if type(plaintext) is bytes else memoryview(plaintext).cast("B")
    header_and_body = b"".join((message.header.serialized, *message.frames.encrypt_all(content)))
    if message.signing_key is None:
        return header_and_body
    return header_and_body + footer(hashlib.sha384(header_and_body).digest(), message.signing_key)


def decrypt(
    message: bytes,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    allow_uncommitted: bool = False,
) -> bytes:
    """Return the plaintext of a message, all of it verified.

    Parameters
    ----------
    message
        The whole message and nothing more.
    keyring
        Unwraps the data key.
    encryption_context
        What must be bound: each pair stands in the header with this value, or was required and left out.
    allow_uncommitted
        Whether messages of version 1 are read too, whose header does not commit to the data key.

    Raises
    ------
    IntegrityError
        The message does not verify; its subclasses say at which step.
    KeyServiceError
        The keyring could not be used, so the message could not be judged.
    """
    body = open_body(
        io.BytesIO(message),
        keyring=keyring,
        encryption_context=encryption_context,
        allow_uncommitted=allow_uncommitted,
        max_block_length=len(message),
    )
    return b"".join(body.contents())
