"""Streams of known length through our library, and through bare AES-GCM with the same reads and writes.

Both take 1 MiB at a time of a plaintext, and of a message a frame; both write frame by frame, out of buffers
that are used again.
"""

import io
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.peers import names
from benchmarks.peers.streams import MIB
from envelope import MessageReader, MessageWriter, RawAesKeyring

CHUNK = MIB
TAG = 16
KEY = bytes(range(32))
CONTEXT = {"object-tenant": "acme", "object-id": "benchmark"}

#: In memory or on a disk, without a buffer between.
Stream = io.BytesIO | io.FileIO


class StreamCipher(Protocol):
    """One way to encrypt a stream in frames, and to decrypt it again."""

    @property
    def name(self) -> str:
        """The contender's name."""

    def encrypt(self, source: Stream, sink: Stream) -> None:
        """Encrypt all that is left of a source."""

    def decrypt(self, source: Stream, sink: Stream) -> None:
        """Decrypt what `encrypt` wrote."""


class BareStream:
    """AES-GCM under one key, each frame with its number as nonce: the least that any format needs."""

    name = names.BARE

    def __init__(self, frame_length: int) -> None:
        self._frame_length = frame_length
        self._aead = AESGCM(KEY)

    def encrypt(self, source: Stream, sink: Stream) -> None:
        """Write ciphertext and tag of each frame; the chunks that are read must be made of whole frames."""
        chunk = memoryview(bytearray(CHUNK))
        sealed = memoryview(bytearray(self._frame_length + TAG))
        number = 0
        while length := source.readinto(chunk):
            for at in range(0, length, self._frame_length):
                number += 1
                content = chunk[at : at + self._frame_length]
                self._aead.encrypt_into(number.to_bytes(12, "big"), content, None, sealed)
                sink.write(sealed)

    def decrypt(self, source: Stream, sink: Stream) -> None:
        """Write the content of each frame."""
        sealed = memoryview(bytearray(self._frame_length + TAG))
        content = memoryview(bytearray(self._frame_length))
        number = 0
        while source.readinto(sealed):
            number += 1
            self._aead.decrypt_into(number.to_bytes(12, "big"), sealed, None, content)
            sink.write(content)


class OurStream:
    """Messages by `MessageWriter` and `MessageReader`, under a local key."""

    name = names.MESSAGE_RAW

    def __init__(self, frame_length: int) -> None:
        self._frame_length = frame_length
        self._keyring = RawAesKeyring("benchmark", "key", KEY)

    def encrypt(self, source: Stream, sink: Stream) -> None:
        """Write a message."""
        chunk = memoryview(bytearray(CHUNK))
        with MessageWriter(
            sink, keyring=self._keyring, encryption_context=CONTEXT, frame_length=self._frame_length
        ) as writer:
            while length := source.readinto(chunk):
                writer.write(chunk[:length])

    def decrypt(self, source: Stream, sink: Stream) -> None:
        """Read a message."""
        MessageReader(source, keyring=self._keyring, encryption_context=CONTEXT).copy_to(sink)
