"""Writes a message to a stream while its plaintext is still arriving: one frame in memory at a time.

What must stay true: a message ends with its final frame only if the caller closed the writer on purpose. One
that was given up, by an exception or by being forgotten, ends without it, and every reader refuses it.
"""

import hashlib
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self

from .byte_streams import ByteSink, write_all
from .errors import ConfigurationError
from .keyring import Keyring
from .message_frames import Bytes
from .message_header import StoredHeader
from .message_opening import DEFAULT_FRAME_LENGTH, begin_message
from .signing import SigningKey


class MessageWriter:
    """Encrypts what is written to it into a sink.

    It is no `io` class, because these close themselves when they are collected, and this one must not. Use it
    in a `with` block, or call `close`.

    Parameters
    ----------
    sink
        Receives the message; never closed, and not flushed.
    keyring, encryption_context, required, frame_length, signed
        As `begin_message` takes them. The header is written at once.

    Raises
    ------
    ConfigurationError
        The context or the frame length is not possible.
    KeyServiceError
        The keyring could not make a data key. Nothing was written.
    """

    def __init__(
        self,
        sink: ByteSink,
        *,
        keyring: Keyring,
        encryption_context: Mapping[str, str],
        required: Collection[str] = (),
        frame_length: int = DEFAULT_FRAME_LENGTH,
        signed: bool = False,
    ) -> None:
        message = begin_message(
            keyring=keyring,
            encryption_context=encryption_context,
            required=required,
            frame_length=frame_length,
            signed=signed,
        )
        self._sink = sink
        self._frames = message.frames
        self._signing_key = message.signing_key
        self._hash = hashlib.sha384() if signed else None
        # What a frame that others follow is encrypted into; made for the first one.
        self._frame: memoryview | None = None
        # What was not yet encrypted: up to a frame, since a full one may be the last too. Made for what one
        # call leaves, and as long as a frame as soon as another call adds to it.
        self._pending = memoryview(b"")
        self._waiting = 0
        self._sequence = 1
        self._open = True
        self._complete = False
        #: The header that was written.
        self.header: StoredHeader = message.header
        self._put(self.header.serialized)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        self._open = False

    def write(self, data: Bytes) -> int:
        """Take plaintext of any length; return that length.

        A failure of the sink ends the message: what it took so far stays incomplete.
        """
        if not self._open:
            raise ConfigurationError("the message is complete, or was given up; nothing can be added to it")
        self._open = False
        with memoryview(data).cast("B") as view:
            length, at = len(view), 0
            if self._waiting:
                at = self._fill_up(view)
            frame_length = self._frames.frame_length
            while length - at > frame_length:
                self._put_regular(view[at : at + frame_length])
                at += frame_length
            if at < length:
                self._waiting = length - at
                if self._waiting > len(self._pending):
                    self._pending = memoryview(bytearray(self._waiting))
                self._pending[: self._waiting] = view[at:]
        self._open = True
        return length

    def close(self) -> None:
        """End the message: write the final frame, and the signature where there is one. Once is enough.

        Raises
        ------
        ConfigurationError
            The message was given up before, after a failure of the sink.
        """
        if self._complete:
            return
        if not self._open:
            raise ConfigurationError("the message was given up, and cannot be completed any more")
        self._open = False
        self._put(self._frames.encrypt_final(self._sequence, self._pending[: self._waiting]))
        if self._hash is not None and self._signing_key is not None:
            write_all(self._sink, footer(self._hash.digest(), self._signing_key))
        self._complete = True

    def _fill_up(self, view: memoryview) -> int:
        """Fill the frame that waits, and write it if more follows; return how much that took of `view`."""
        if len(self._pending) < self._frames.frame_length:
            begun, self._pending = self._pending, memoryview(bytearray(self._frames.frame_length))
            self._pending[: self._waiting] = begun[: self._waiting]
        taken = min(len(self._pending) - self._waiting, len(view))
        self._pending[self._waiting : self._waiting + taken] = view[:taken]
        self._waiting += taken
        if taken < len(view):
            self._put_regular(self._pending)
            self._waiting = 0
        return taken

    def _put_regular(self, content: Bytes) -> None:
        if self._frame is None:
            self._frame = memoryview(bytearray(self._frames.frame_size))
        self._frames.encrypt_regular(self._sequence, content, self._frame)
        self._sequence += 1
        self._put(self._frame)

    def _put(self, data: Bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)
        write_all(self._sink, data)


def footer(digest: bytes, signing_key: SigningKey) -> bytes:
    """Return what ends a signed message: a signature of what has this SHA-384, behind its length."""
    signature = signing_key.sign_digest(digest)
    return len(signature).to_bytes(2, "big") + signature
