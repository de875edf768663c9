"""Reads a message off a stream and hands out its plaintext frame by frame, in constant memory.

What must stay true: no byte is handed out before its frame's tag was checked, and the last frame of a signed
message not before the signature. Whoever reads to the end without an error has the whole message; an error in
between says that what was handed out before is authentic, but not the whole.
Source: ESDK specification, client-apis/decrypt.md, "Releasing Unverified Plaintext" and "Decrypt the message
body"; data-format/message-footer.md.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping

from .byte_streams import ByteSink, ByteSource, Filler, is_left_within, read_up_to, write_all
from .errors import EnvelopeError, LimitExceededError, MalformedMessageError, TruncatedMessageError
from .keyring import Keyring
from .message_frames import FINAL_HEAD, Bytes, FrameCipher, is_final
from .message_header import IV_LENGTH, MAX_FRAME_LENGTH, TAG_LENGTH, StoredHeader, read_header
from .message_opening import open_message
from .signing import PUBLIC_KEY_CONTEXT_KEY, verify_signed_digest

#: Up to this frame length buffers are made at once. Longer ones a header may claim without having them.
_MAX_REUSED_LENGTH = 1024 * 1024
#: What `cryptography` decrypts in one call.
_MAX_BLOCK_LENGTH = 2**31 - 1 - TAG_LENGTH


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
        header = read_header(source)
        message = open_message(
            header,
            keyring=keyring,
            encryption_context=encryption_context,
            allow_uncommitted=allow_uncommitted,
        )
        #: The header, verified.
        self.header: StoredHeader = header
        self._body = _MessageBody(
            source, header=header, cipher=message.frames, max_block_length=max_block_length
        )
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
            Takes a frame at a time, out of a buffer that the next one is put into: what it keeps it must
            copy, as files do. Never closed.

        Returns
        -------
        int
            How many bytes were written.
        """
        written = 0
        self._body.reuse_one_buffer()
        for content in self._left():
            write_all(sink, content)
            self._released += len(content)
            written += len(content)
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
        """Return the next content that is not empty, or none at the end. A failure is raised every time."""
        if self._failure is not None:
            raise self._failure
        try:
            content = next(filter(len, self._contents), b"")
        except EnvelopeError as failure:
            self._failure = self._told(failure)
            raise self._failure from None
        except BaseException as failure:
            # What the source raised, or an interruption: the body cannot be gone on with, and has not ended.
            self._failure = failure
            raise
        return content

    def _told(self, failure: EnvelopeError) -> EnvelopeError:
        if not self._released:
            return failure
        return type(failure)(
            f"{failure}; the {self._released} bytes that were handed out before are authentic, "
            "but they are not the whole message"
        )


class _MessageBody:
    """Reads body and footer of a message whose header is verified."""

    def __init__(
        self, source: ByteSource, *, header: StoredHeader, cipher: FrameCipher, max_block_length: int
    ) -> None:
        self._source = source
        self._filler = Filler(source)
        self._fields = header.fields
        self._cipher = cipher
        self._max_block_length = max_block_length
        self._reuses = (
            header.fields.framed
            and header.fields.frame_length <= _MAX_REUSED_LENGTH
            and not is_left_within(source, cipher.frame_size)
        )
        self._frame = memoryview(bytearray(cipher.frame_size if self._reuses else 0))
        self._content: memoryview | None = None
        self._hash = hashlib.sha384(header.serialized) if header.fields.suite.signed else None

    def reuse_one_buffer(self) -> None:
        """Have each content put where the one before it was: who keeps it copies it, from now on."""
        if self._reuses and self._content is None:
            self._content = memoryview(bytearray(self._cipher.frame_length))

    def contents(self) -> Iterator[Bytes]:
        """Yield the verified content of each frame, the last after everything was verified."""
        if not self._fields.framed:
            yield self._single_block()
            return
        sequence = 1
        frame = self._take_frame()
        while not is_final(frame):
            if len(frame) < self._cipher.frame_size:
                raise _truncated(sequence)
            self._digest(frame)
            if self._content is None:
                yield self._cipher.decrypt_regular(frame, sequence=sequence)
            else:
                self._cipher.decrypt_regular_into(frame, self._content, sequence=sequence)
                yield self._content
            sequence += 1
            frame = self._take_frame()
        yield self._final(bytes(frame), sequence=sequence)

    def _final(self, begun: bytes, *, sequence: int) -> bytes:
        """Return the last frame's content; `begun` are the bytes from its beginning that were read."""
        if len(begun) < FINAL_HEAD:
            raise _truncated(sequence)
        head = self._cipher.read_final_head(begun[:FINAL_HEAD])
        length = FINAL_HEAD + head.content_length + TAG_LENGTH
        # A short last frame was read together with what follows it.
        following, begun = begun[length:], begun[:length]
        self._digest(begun)
        begun += self._take(length - len(begun), of=f"frame {sequence}")
        content = self._cipher.decrypt_final(head, memoryview(begun)[FINAL_HEAD:], sequence=sequence)
        self._end(following)
        return content

    def _single_block(self) -> bytes:
        head = self._take(IV_LENGTH + 8, of="the body")
        length = int.from_bytes(head[IV_LENGTH:], "big")
        accepted = min(self._max_block_length, _MAX_BLOCK_LENGTH)
        if length > accepted:
            raise LimitExceededError(
                f"the body is a single block of {length} bytes, of which {accepted} are "
                "accepted: it cannot be released before all of it is verified"
            )
        sealed = self._take(length + TAG_LENGTH, of="the body")
        content = self._cipher.decrypt_single_block(head[:IV_LENGTH], sealed)
        self._end(b"")
        return content

    def _end(self, following: bytes) -> None:
        """Verify the footer, where there is one, and that nothing comes after it."""
        if self._hash is not None:
            following = self._verify_footer(following, digest=self._hash.digest())
        if following or read_up_to(self._source, 1):
            raise MalformedMessageError("bytes follow the end of the message")

    def _verify_footer(self, following: bytes, *, digest: bytes) -> bytes:
        """Verify the signature; return what was read beyond it."""
        following += read_up_to(self._source, max(0, 2 - len(following)))
        length = 2 + int.from_bytes(following[:2], "big")
        following += read_up_to(self._source, max(0, length - len(following)))
        if len(following) < max(length, 2):
            raise TruncatedMessageError("the message ends within its footer")
        public_key = self._fields.encryption_context[PUBLIC_KEY_CONTEXT_KEY]
        verify_signed_digest(following[2:length], digest=digest, public_key_text=public_key)
        return following[length:]

    def _take(self, length: int, *, of: str) -> bytes:
        data = read_up_to(self._source, length) if length > 0 else b""
        if len(data) < length:
            raise TruncatedMessageError(f"the message ends within {of}")
        self._digest(data)
        return data

    def _take_frame(self) -> memoryview:
        """Return what there is of the next frame, in a buffer that the one after it is read into."""
        if not self._reuses:
            return memoryview(read_up_to(self._source, self._cipher.frame_size))
        return self._frame[: self._filler.fill(self._frame)]

    def _digest(self, data: Bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)


def _truncated(sequence: int) -> TruncatedMessageError:
    return TruncatedMessageError(f"the message ends before its last frame, in or before frame {sequence}")
