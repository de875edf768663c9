"""A message's body: frames that are each authenticated by themselves, in their place and as last or not last.

What must stay true: under one key no sequence number is ever used for two different contents. The IV is the
sequence number, so that would be reuse of a nonce: it would reveal both contents, and the key of the tag.
Source: ESDK specification, data-format/message-body.md and message-body-aad.md. Its table of the AAD says
that the message id has 16 bytes; in version 2 it has 32.
"""

import struct
from typing import NamedTuple, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .errors import ConfigurationError, MalformedMessageError, TagError
from .keyring import KEY_LENGTH
from .message_header import IV_LENGTH, TAG_LENGTH

#: Also what stands in place of a sequence number to announce the final frame.
MAX_SEQUENCE = 0xFFFFFFFF
_WIDTH = 4
_FINAL = MAX_SEQUENCE.to_bytes(_WIDTH, "big")
# What stands before the content: number and IV, in the last frame between `_FINAL` and the content's length.
_REGULAR = struct.Struct(f">I{IV_LENGTH}s")
_LAST = struct.Struct(f">{_WIDTH}sI{IV_LENGTH}sI")
# How the AAD of each ends: its number, and the length of its content.
_PLACE = struct.Struct(">IQ")
REGULAR_HEAD = _REGULAR.size
REGULAR_OVERHEAD = REGULAR_HEAD + TAG_LENGTH
FINAL_HEAD = _LAST.size
FINAL_OVERHEAD = FINAL_HEAD + TAG_LENGTH

Bytes = bytes | bytearray | memoryview


class FinalFrame(NamedTuple):
    """What stands before the content of a final frame."""

    sequence: int
    iv: bytes
    content_length: int


class FrameCipher:
    """Encrypts and decrypts the frames of one message, and makes its header's tag. Threads may share it.

    Parameters
    ----------
    body_key
        32 bytes.
    message_id
        As it stands in the header.
    frame_length
        Bytes of content in every frame but the last.
    """

    def __init__(self, body_key: bytes, *, message_id: bytes, frame_length: int) -> None:
        self._body_key = body_key
        self._aead = AESGCM(body_key)
        self._message_id = message_id
        # How the AAD of each frame but the last begins.
        self._regular_kind = message_id + b"AWSKMSEncryptionClient Frame"
        self.frame_length = frame_length
        self.frame_size = frame_length + REGULAR_OVERHEAD

    def local_key(self) -> bytes:
        """Return a key, of 32 bytes, by which whoever holds this message's key knows its own notes again.

        For what is kept on a disk while a message is written or read in several runs. It is derived for this
        alone, and stands in no format.
        """
        info = b"SEALED-RECORDS-LOCAL-STATE"
        return HKDFExpand(hashes.SHA512(), length=KEY_LENGTH, info=info).derive(self._body_key)

    def header_tag(self, iv: bytes, authenticated: bytes) -> bytes:
        """Return the tag over a header, which is made with the same key and has an IV of its own."""
        return self._aead.encrypt(iv, b"", authenticated)

    def verify_header(self, iv: bytes, tag: bytes, authenticated: bytes) -> None:
        """Raise TagError unless the tag is that of what should be authenticated."""
        try:
            self._aead.decrypt(iv, tag, authenticated)
        except InvalidTag:
            pass
        else:
            return
        raise TagError(
            "the header does not authenticate: it was changed, or was not written with these required pairs"
        )

    def encrypt_all(self, content: bytes | memoryview) -> list[Bytes]:
        """Return all frames of a body; the last one is full where the content ends with it."""
        frames: list[Bytes] = []
        if len(content) > self.frame_length:
            content = memoryview(content)
        while len(content) > self.frame_length:
            frame = bytearray(self.frame_size)
            self.encrypt_regular(len(frames) + 1, content[: self.frame_length], memoryview(frame))
            frames.append(frame)
            content = content[self.frame_length :]
        frames.append(self.encrypt_final(len(frames) + 1, content))
        return frames

    def encrypt_regular(self, sequence: int, content: Bytes, into: memoryview) -> None:
        """Write a frame that others follow into `into`, whose length is `frame_size`.

        Parameters
        ----------
        sequence
            From 1. The caller must never encrypt two contents with one number.
        content
            `frame_length` bytes.
        into
            Receives sequence number, IV, ciphertext and tag.
        """
        if not 0 < sequence < MAX_SEQUENCE:
            raise ConfigurationError(
                f"a message has at most {MAX_SEQUENCE} frames: choose a greater frame_length"
            )
        iv = _iv(sequence)
        _REGULAR.pack_into(into, 0, sequence, iv)
        aad = self._regular_kind + _PLACE.pack(sequence, self.frame_length)
        self._aead.encrypt_into(iv, content, aad, into[REGULAR_HEAD:])

    def encrypt_final(self, sequence: int, content: Bytes) -> bytes:
        """Return the last frame; its content has 0 to `frame_length` bytes."""
        iv, length = _iv(sequence), len(content)
        aad = self._aad(b"AWSKMSEncryptionClient Final Frame", sequence, length)
        return _LAST.pack(_FINAL, sequence, iv, length) + self._aead.encrypt(iv, content, aad)

    @overload
    def decrypt_regular(self, frame: memoryview, *, sequence: int, into: None = None) -> bytes: ...

    @overload
    def decrypt_regular(self, frame: memoryview, *, sequence: int, into: memoryview) -> memoryview: ...

    def decrypt_regular(self, frame: memoryview, *, sequence: int, into: memoryview | None = None) -> Bytes:
        """Return the content of a frame that others follow.

        Parameters
        ----------
        frame
            `frame_size` bytes.
        sequence
            The number that it is expected to have, from 1.
        into
            `frame_length` bytes to return the content in; zeros are left there if it does not authenticate.
        """
        found, iv = _REGULAR.unpack_from(frame)
        if found != sequence:
            raise MalformedMessageError(f"frame {sequence} is expected here, and there is frame {found}")
        aad = self._regular_kind + _PLACE.pack(sequence, self.frame_length)
        if into is None:
            return self._decrypted(iv, frame[REGULAR_HEAD:], aad=aad, sequence=sequence)
        try:
            self._aead.decrypt_into(iv, frame[REGULAR_HEAD:], aad, into)
        except InvalidTag:
            pass
        else:
            return into
        into[:] = bytes(len(into))
        raise _unauthentic(sequence)

    def decrypt_final(self, frame: FinalFrame, sealed: Bytes, *, sequence: int) -> bytes:
        """Return the content of the last frame, which is expected to have this number.

        Parameters
        ----------
        frame
            What `read_final_head` found.
        sealed
            Ciphertext and tag.
        sequence
            From 1.
        """
        if frame.sequence != sequence:
            raise MalformedMessageError(
                f"the last frame should have the number {sequence}, and has {frame.sequence}"
            )
        aad = self._aad(b"AWSKMSEncryptionClient Final Frame", sequence, frame.content_length)
        return self._decrypted(frame.iv, sealed, aad=aad, sequence=sequence)

    def decrypt_single_block(self, iv: bytes, sealed: Bytes) -> bytes:
        """Return the content of a body that is not framed."""
        aad = self._aad(b"AWSKMSEncryptionClient Single Block", 1, len(sealed) - TAG_LENGTH)
        return self._decrypted(iv, sealed, aad=aad, sequence=1)

    def read_final_head(self, frame: Bytes) -> FinalFrame:
        """Return what stands before the content of the last frame, in its first `FINAL_HEAD` bytes."""
        _, sequence, iv, content_length = _LAST.unpack_from(frame)
        if content_length > self.frame_length:
            raise MalformedMessageError(
                f"the last frame announces {content_length} bytes; a frame has up to {self.frame_length}"
            )
        return FinalFrame(sequence, iv, content_length)

    def _decrypted(self, iv: Bytes, sealed: Bytes, *, aad: bytes, sequence: int) -> bytes:
        try:
            return self._aead.decrypt(iv, sealed, aad)
        except InvalidTag:
            pass
        raise _unauthentic(sequence)

    def _aad(self, kind: bytes, sequence: int, length: int) -> bytes:
        return self._message_id + kind + _PLACE.pack(sequence, length)


def _unauthentic(sequence: int) -> TagError:
    return TagError(f"frame {sequence} does not authenticate: it was changed, or is another message's")


def is_final(frame: Bytes) -> bool:
    """Tell whether the bytes of a frame announce the last one."""
    return frame[:_WIDTH] == _FINAL


def _iv(sequence: int) -> bytes:
    """Return the IV that is written: eight zero bytes and the number."""
    return sequence.to_bytes(IV_LENGTH, "big")
