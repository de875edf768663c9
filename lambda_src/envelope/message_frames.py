"""A message's body: frames that are each authenticated by themselves, in their place and as last or not last.

What must stay true: under one key no sequence number is ever used for two different contents. The IV is the
sequence number, so that would be reuse of a nonce: it would reveal both contents, and the key of the tag.
Source: ESDK specification, data-format/message-body.md and message-body-aad.md. Its table of the AAD says
that the message id has 16 bytes; in version 2 it has 32.
"""

from dataclasses import dataclass

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
_LENGTH_WIDTH = 8
_FINAL = MAX_SEQUENCE.to_bytes(_WIDTH, "big")
_IV_PREFIX = bytes(IV_LENGTH - _WIDTH)
REGULAR_HEAD = _WIDTH + IV_LENGTH
REGULAR_OVERHEAD = REGULAR_HEAD + TAG_LENGTH
FINAL_HEAD = _WIDTH + _WIDTH + IV_LENGTH + _WIDTH
FINAL_OVERHEAD = FINAL_HEAD + TAG_LENGTH

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class FinalFrame:
    """What stands before the content of a final frame."""

    sequence: int
    iv: bytes
    content_length: int


class FrameCipher:
    """Encrypts and decrypts the frames of one message. Safe to share between threads.

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
        self._regular_aad = message_id + b"AWSKMSEncryptionClient Frame"
        self._regular_length = frame_length.to_bytes(_LENGTH_WIDTH, "big")
        self.frame_length = frame_length
        self.frame_size = frame_length + REGULAR_OVERHEAD

    def local_key(self) -> bytes:
        """Return a key, of 32 bytes, by which whoever holds this message's key knows its own notes again.

        For what is kept on a disk while a message is written or read in several runs. It is derived for this
        alone, and stands in no format.
        """
        info = b"SEALED-RECORDS-LOCAL-STATE"
        return HKDFExpand(hashes.SHA512(), length=KEY_LENGTH, info=info).derive(self._body_key)

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
        number = sequence.to_bytes(_WIDTH, "big")
        iv = _IV_PREFIX + number
        into[:REGULAR_HEAD] = number + iv
        aad = self._regular_aad + number + self._regular_length
        self._aead.encrypt_into(iv, content, aad, into[REGULAR_HEAD:])

    def encrypt_final(self, sequence: int, content: Bytes) -> bytes:
        """Return the last frame; its content has 0 to `frame_length` bytes."""
        number, length = sequence.to_bytes(_WIDTH, "big"), len(content).to_bytes(_WIDTH, "big")
        iv = _IV_PREFIX + number
        aad = self._aad(b"AWSKMSEncryptionClient Final Frame", sequence, len(content))
        return b"".join((_FINAL, number, iv, length, self._aead.encrypt(iv, content, aad)))

    def decrypt_regular(self, frame: memoryview, *, sequence: int) -> bytes:
        """Return the content of a frame of `frame_size` bytes that is expected to have this number."""
        aad = self._regular_aad_of(frame, sequence=sequence)
        return self._decrypted(frame[_WIDTH:REGULAR_HEAD], frame[REGULAR_HEAD:], aad=aad, sequence=sequence)

    def decrypt_regular_into(self, frame: memoryview, into: memoryview, *, sequence: int) -> None:
        """Put the content of such a frame into a buffer; zeros, where it does not authenticate.

        Parameters
        ----------
        frame
            `frame_size` bytes.
        into
            `frame_length` bytes.
        sequence
            From 1.
        """
        aad = self._regular_aad_of(frame, sequence=sequence)
        try:
            self._aead.decrypt_into(frame[_WIDTH:REGULAR_HEAD], frame[REGULAR_HEAD:], aad, into)
        except InvalidTag:
            pass
        else:
            return
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

    def read_final_head(self, head: Bytes) -> FinalFrame:
        """Return what stands before the content of the last frame; `head` has `FINAL_HEAD` bytes."""
        content_length = int.from_bytes(head[FINAL_HEAD - _WIDTH :], "big")
        if content_length > self.frame_length:
            raise MalformedMessageError(
                f"the last frame announces {content_length} bytes; a frame has up to {self.frame_length}"
            )
        iv = bytes(head[2 * _WIDTH : 2 * _WIDTH + IV_LENGTH])
        return FinalFrame(int.from_bytes(head[_WIDTH : 2 * _WIDTH], "big"), iv, content_length)

    def _regular_aad_of(self, frame: memoryview, *, sequence: int) -> bytes:
        number = sequence.to_bytes(_WIDTH, "big")
        if frame[:_WIDTH] != number:
            found = int.from_bytes(frame[:_WIDTH], "big")
            raise MalformedMessageError(f"frame {sequence} is expected here, and there is frame {found}")
        return self._regular_aad + number + self._regular_length

    def _decrypted(self, iv: Bytes, sealed: Bytes, *, aad: bytes, sequence: int) -> bytes:
        try:
            return self._aead.decrypt(iv, sealed, aad)
        except InvalidTag:
            pass
        raise _unauthentic(sequence)

    def _aad(self, kind: bytes, sequence: int, length: int) -> bytes:
        return b"".join(
            (self._message_id, kind, sequence.to_bytes(_WIDTH, "big"), length.to_bytes(_LENGTH_WIDTH, "big"))
        )


def _unauthentic(sequence: int) -> TagError:
    return TagError(f"frame {sequence} does not authenticate: it was changed, or is another message's")


def is_final(frame: Bytes) -> bool:
    """Tell whether the bytes of a frame announce the last one."""
    return bytes(frame[:_WIDTH]) == _FINAL
