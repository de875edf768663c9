"""Reads a message off a stream and hands out its plaintext frame by frame, in constant memory.

What must stay true: no byte is handed out before its frame's tag was checked, and the last frame of a signed
message not before the signature. Whoever reads to the end without an error has the whole message; an error in
between says that what was handed out before is authentic, but not the whole.
Source: ESDK specification, client-apis/decrypt.md, "Releasing Unverified Plaintext" and "Decrypt the message
body"; data-format/message-footer.md.
"""

import io
from collections.abc import Iterator, Mapping

from .byte_streams import ByteSink, ByteSource, write_all
from .errors import EnvelopeError
from .keyring import Keyring
from .message_body import open_body
from .message_frames import Bytes
from .message_header import MAX_FRAME_LENGTH, StoredHeader


class MessageReader(io.BufferedIOBase):
    """The plaintext of a message as a binary file to read from.

    Parameters
    ----------
    source
        Where the message is read from, to its very end: bytes that follow it are refused. Never closed.
    keyring, encryption_context, allow_uncommitted
        As `open_message` takes them. The header is read and verified at once.
    max_block_length
        Bytes of plaintext that are accepted in a message without frames, which must be held in memory.

    Raises
    ------
    IntegrityError
        The header does not verify; here, or of a frame from any method that reads. Its subclasses say more.
    KeyServiceError
        The keyring could not be used.
    """

    def __init__(
        self,
        source: ByteSource,
        *,
        keyring: Keyring,
        encryption_context: Mapping[str, str],
        allow_uncommitted: bool = False,
        max_block_length: int = MAX_FRAME_LENGTH,
    ) -> None:
        super().__init__()
        self._body = open_body(
            source,
            keyring=keyring,
            encryption_context=encryption_context,
            allow_uncommitted=allow_uncommitted,
            max_block_length=max_block_length,
        )
        #: The header, verified.
        self.header: StoredHeader = self._body.header
        self._contents = self._body.contents()
        self._pending = memoryview(b"")
        # What calls have returned. What one of them lost, when the next frame failed, is not counted.
        self._released = 0
        self._failure: BaseException | None = None

    def frames(self) -> Iterator[bytes]:
        """Hand out what is left, one frame after the other."""
        for content in self._left():
            self._released += len(content)
            yield bytes(content)

    def copy_to(self, sink: ByteSink) -> int:
        """Write what is left to a sink, each frame once it is verified: the fastest way to the whole.

        Parameters
        ----------
        sink
            Takes a frame at a time, out of a buffer that another one is put into once it is taken: what it
            keeps it must copy, as files do. It may read from this reader meanwhile. Never closed.

        Returns
        -------
        int
            How many bytes were written.

        Raises
        ------
        IntegrityError
            What follows does not verify.
        OSError, or whatever the sink raises
            It may have taken a part: the reader raises it from then on, whatever is asked of it.
        """
        written = 0
        self._body.lend_buffers()
        while content := self._part(-1) if self._pending else self._next():
            try:
                write_all(sink, content)
            except BaseException as failure:
                # Nobody knows how much of this content arrived, so there is no place to go on from.
                self._failure = failure
                raise
            self._released += len(content)
            written += len(content)
            self._body.give_back(content)
        return written

    def readable(self) -> bool:
        """Return True: this is a file to read from."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, or fewer only at the verified end; all that is left without a size."""
        if size is None or size < 0:
            data = b"".join(map(bytes, self._left()))
        else:
            parts: list[bytes] = []
            while size > 0 and (part := self._part(size)):
                parts.append(part)
                size -= len(part)
            data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._released += len(data)
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes out of a single frame; none only at the verified end."""
        data = self._part(size)
        self._released += len(data)
        return data

    def _left(self) -> Iterator[Bytes]:
        if self._pending:
            pending, self._pending = self._pending.tobytes(), memoryview(b"")
            yield pending
        while content := self._next():
            yield content

    def _part(self, size: int) -> bytes:
        """Return up to `size` bytes out of a single frame, or what is left of it."""
        if not self._pending:
            self._pending = memoryview(bytes(self._next()))
        length = len(self._pending) if size < 0 else size
        taken, self._pending = self._pending[:length], self._pending[length:]
        return taken.tobytes()

    def _next(self) -> Bytes:
        """Return the next content, or none at the end. A failure is raised every time."""
        if self._failure is not None:
            raise self._failure
        try:
            # Only the last one may be empty.
            return next(self._contents, b"")
        except EnvelopeError as failure:
            self._failure = self._told(failure)
            raise self._failure from None
        except BaseException as failure:
            # What the source raised, or an interruption: the body cannot be gone on with, and has not ended.
            self._failure = failure
            raise

    def _told(self, failure: EnvelopeError) -> EnvelopeError:
        if not self._released:
            return failure
        return type(failure)(
            f"{failure}; the {self._released} bytes that were handed out before are authentic, "
            "but they are not the whole message"
        )
