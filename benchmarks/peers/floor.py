"""The floor: the cryptographic calls that a format needs, and nothing around them.

Written after docs/formats.md, apart from the library: no checks, no objects, no parsing. Whatever does not
depend on a random number (serialized context, paths, frame heads, offsets, buffers) was made beforehand, and
is used again. What must stay true: what it writes is the format to the byte, so that the library opens it,
and it opens what the library writes; every key is fresh, every tag and commitment is checked.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest, digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FRAME_LENGTH = 64 * 1024
ZERO_IV = bytes(12)
TAG = 16
_PROVIDER = b"aws-kms-hierarchy"
_WRAPPING_HEAD = b"\x00\x00\x00\x01" + _PROVIDER + b"\x00"
_WRAPPING_TAIL = b"\x00\x00\x01\x00"
Bytes = bytes | memoryview


class FloorError(Exception):
    """A commitment or a tag that is compared here does not fit."""


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A branch key as it lies in a cache: id, version (the UUID's 16 bytes), and the 32 bytes themselves."""

    id: str
    version: bytes
    secret: bytes

    def aad(self, context: bytes) -> bytes:
        """Return what a wrapping authenticates."""
        return _PROVIDER + self.id.encode() + self.version + context

    def entry_head(self, ciphertext_length: int) -> bytes:
        """Return an encrypted data key up to its ciphertext."""
        return b"".join(map(behind_length, (_PROVIDER, self.id.encode()))) + u16(ciphertext_length)

    def sealing(self, salt: bytes) -> AESGCM:
        """Return the AEAD that wraps one key."""
        return AESGCM(digest(self.secret, _WRAPPING_HEAD + salt + _WRAPPING_TAIL, "sha256"))


def serialized_context(pairs: Mapping[str, str]) -> bytes:
    """Return an encryption context that is not empty as bytes."""
    encoded = sorted((key.encode(), value.encode()) for key, value in pairs.items())
    return u16(len(encoded)) + b"".join(behind_length(text) for pair in encoded for text in pair)


@dataclass(frozen=True, slots=True)
class _Frame:
    iv: bytes
    aad_tail: bytes
    start: int
    end: int
    sealed: slice


class MessageFloor:
    """Messages of suite 0478 of one length, under a branch key that is in the cache.

    Parameters
    ----------
    key
        The branch key.
    context
        The encryption context, not empty.
    length
        Bytes of plaintext, not none.
    """

    def __init__(self, key: WrappingKey, *, context: Mapping[str, str], length: int) -> None:
        serialized = serialized_context(context)
        self._key = key
        self._wrap_aad = key.aad(serialized)
        self._before_entry = (
            u16(len(serialized)) + serialized + u16(1) + key.entry_head(16 + 12 + 16 + 32 + TAG)
        )
        self._after_entry = b"\x02" + FRAME_LENGTH.to_bytes(4, "big")
        self._entry = 3 + 32 + len(self._before_entry)
        self._header = self._entry + 92 + len(self._after_entry) + 32
        self._message = memoryview(bytearray(self._header + TAG + length + 32 * (length // FRAME_LENGTH + 2)))
        self._plaintext = memoryview(bytearray(length))
        self._frames: list[_Frame] = []
        at = self._header + TAG
        for start in range(0, length, FRAME_LENGTH):
            at = self._add_frame(at, start=start, end=min(start + FRAME_LENGTH, length), length=length)
        self._message = self._message[:at]

    def _add_frame(self, at: int, *, start: int, end: int, length: int) -> int:
        """Write a frame's head, which is always the same; return where the frame ends."""
        number = (start // FRAME_LENGTH + 1).to_bytes(4, "big")
        iv, size = bytes(8) + number, end - start
        if end == length:
            kind, head = b" Final Frame", b"\xff\xff\xff\xff" + number + iv + size.to_bytes(4, "big")
        else:
            kind, head = b" Frame", number + iv
        self._message[at : at + len(head)] = head
        sealed = slice(at + len(head), at + len(head) + size + TAG)
        tail = b"AWSKMSEncryptionClient" + kind + number + size.to_bytes(8, "big")
        self._frames.append(_Frame(iv, tail, start, end, sealed))
        return sealed.stop

    def encrypt(self, plaintext: Bytes) -> memoryview:
        """Return a message, in a buffer that the next one is put into."""
        random = os.urandom(92)
        data_key, message_id, salt, iv = random[:32], random[32:64], random[64:80], random[80:]
        wrapped = self._key.sealing(salt).encrypt(iv, data_key, self._wrap_aad)
        extracted = digest(message_id, data_key, "sha512")
        header = b"".join(
            (
                b"\x02\x04\x78",
                message_id,
                self._before_entry,
                salt,
                iv,
                self._key.version,
                wrapped,
                self._after_entry,
                digest(extracted, b"COMMITKEY\x01", "sha512")[:32],
            )
        )
        aead = AESGCM(digest(extracted, b"\x04\x78DERIVEKEY\x01", "sha512")[:32])
        message, content = self._message, memoryview(plaintext)
        message[: self._header + TAG] = header + aead.encrypt(ZERO_IV, b"", header)
        for frame in self._frames:
            aad = message_id + frame.aad_tail
            aead.encrypt_into(frame.iv, content[frame.start : frame.end], aad, message[frame.sealed])
        return message

    def decrypt(self, message: Bytes) -> memoryview:
        """Return the plaintext, in a buffer that the next one is put into."""
        entry, header, sealed = self._entry, self._header, memoryview(message)
        front = bytes(sealed[:header])
        message_id, salt, iv = front[3:35], front[entry : entry + 16], front[entry + 16 : entry + 28]
        data_key = self._key.sealing(salt).decrypt(iv, front[entry + 44 : entry + 92], self._wrap_aad)
        extracted = digest(message_id, data_key, "sha512")
        if not compare_digest(digest(extracted, b"COMMITKEY\x01", "sha512")[:32], front[-32:]):
            raise FloorError("the header commits to another key")
        aead = AESGCM(digest(extracted, b"\x04\x78DERIVEKEY\x01", "sha512")[:32])
        aead.decrypt(ZERO_IV, sealed[header : header + TAG], front)
        plaintext = self._plaintext
        for frame in self._frames:
            aad = message_id + frame.aad_tail
            aead.decrypt_into(frame.iv, sealed[frame.sealed], aad, plaintext[frame.start : frame.end])
        return plaintext


class BareAesGcm:
    """AES-GCM in one call and with buffers that are used again: no key derived, no format, nothing bound."""

    def __init__(self, *, length: int) -> None:
        self._aead = AESGCM(os.urandom(32))
        self._stored = memoryview(bytearray(12 + length + TAG))
        self._plaintext = memoryview(bytearray(length))
        self._number = 0

    def encrypt(self, plaintext: Bytes) -> memoryview:
        """Return nonce and ciphertext, in a buffer that the next one is put into."""
        self._number += 1
        nonce = self._number.to_bytes(12, "big")
        self._stored[:12] = nonce
        self._aead.encrypt_into(nonce, plaintext, None, self._stored[12:])
        return self._stored

    def decrypt(self, stored: memoryview) -> memoryview:
        """Return the plaintext, in a buffer that the next one is put into."""
        self._aead.decrypt_into(stored[:12], stored[12:], None, self._plaintext)
        return self._plaintext


def u16(number: int) -> bytes:
    """Return a number in two bytes."""
    return number.to_bytes(2, "big")


def behind_length(text: bytes) -> bytes:
    """Return bytes behind their length."""
    return u16(len(text)) + text
