"""Reads the body of a message, and what ends it, off any source: frame by frame, each of them verified.

What must stay true: no content is handed out before its frame's tag was checked, and that of the last frame
not before the signature, where there is one, and the end of the source. For what a header only claims the
source is asked, once and for no more than a frame; no buffer is made for it.
Source: ESDK specification, client-apis/decrypt.md, "Decrypt the message body"; data-format/message-body.md
and message-footer.md.
"""

import hashlib
from collections.abc import Iterator, Mapping

from .byte_streams import ByteSource, Filler, read_up_to, whole_reads
from .encryption_context import callers_context
from .errors import ConfigurationError, LimitExceededError, MalformedMessageError, TruncatedMessageError
from .keyring import Keyring
from .message_frames import FINAL_HEAD, Bytes, FrameCipher, is_final
from .message_header import IV_LENGTH, TAG_LENGTH, StoredHeader, read_header
from .message_opening import open_with
from .signing import PUBLIC_KEY_CONTEXT_KEY, verify_signed_digest

#: What `cryptography` decrypts in one call.
_MAX_BLOCK_LENGTH = 2**31 - 1 - TAG_LENGTH


class MessageBody:
    """The body of a message whose header is verified.

    Parameters
    ----------
    source
        At the first byte after the header.
    header
        The header.
    cipher
        Of the message's frames.
    max_block_length
        Bytes of plaintext that are accepted in a message without frames.
    """

    def __init__(
        self, source: ByteSource, *, header: StoredHeader, cipher: FrameCipher, max_block_length: int
    ) -> None:
        #: The message's header.
        self.header = header
        self._source = source
        self._read = whole_reads(source)
        self._cipher = cipher
        self._max_block_length = max_block_length
        self._lends_buffers = False
        self._spare: memoryview | None = None
        self._hash = hashlib.sha384(header.serialized) if header.fields.suite.signed else None

    def lend_buffers(self) -> None:
        """Lend, from now on, a buffer with each content but the last, to be given back for another."""
        self._lends_buffers = True

    def give_back(self, content: Bytes) -> None:
        """Take a buffer back, whose content nobody needs any more. What was not lent is left alone."""
        if isinstance(content, memoryview):
            self._spare = content

    def contents(self) -> Iterator[Bytes]:
        """Yield the verified content of each frame, the last after everything was verified.

        Raises
        ------
        IntegrityError
            What follows does not verify. Its subclasses say more.
        """
        if not self.header.fields.framed:
            yield self._single_block()
            return
        frame_size, sequence = self._cipher.frame_size, 1
        frame = memoryview(self._read(frame_size))
        filler: Filler | None = None
        while len(frame) == frame_size and not is_final(frame):
            self._digest(frame)
            # Nobody else may have what is written to: a sink that reads meanwhile still holds its own.
            into, self._spare = self._spare, None
            if into is None and self._lends_buffers:
                into = memoryview(bytearray(self._cipher.frame_length))
            yield self._cipher.decrypt_regular(frame, sequence=sequence, into=into)
            sequence += 1
            if filler is None:
                # A frame of this length was there: the buffer for the others is no empty claim.
                filler = Filler(self._source, frame_size)
            frame = filler.next()
        if not is_final(frame):
            raise _truncated(sequence)
        yield self._final(frame, sequence=sequence)

    def _final(self, begun: memoryview, *, sequence: int) -> bytes:
        """Return the last frame's content; `begun` are the bytes from its beginning that were read."""
        if len(begun) < FINAL_HEAD:
            raise _truncated(sequence)
        head = self._cipher.read_final_head(begun)
        length = FINAL_HEAD + head.content_length + TAG_LENGTH
        if len(begun) < length:
            missing = self._take(length - len(begun), of=f"frame {sequence}")
            begun = memoryview(b"".join((begun, missing)))
        self._digest(begun[:length])
        content = self._cipher.decrypt_final(head, begun[FINAL_HEAD:length], sequence=sequence)
        # A short last frame was read together with what follows it.
        self._end(bytes(begun[length:]))
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
        self._digest(head)
        self._digest(sealed)
        content = self._cipher.decrypt_single_block(head[:IV_LENGTH], sealed)
        self._end(b"")
        return content

    def _end(self, following: bytes) -> None:
        """Verify the footer, where there is one, and that nothing comes after it."""
        if self._hash is not None:
            following = self._verify_footer(following, digest=self._hash.digest())
        if following or self._read(1):
            raise MalformedMessageError("bytes follow the end of the message")

    def _verify_footer(self, following: bytes, *, digest: bytes) -> bytes:
        """Verify the signature; return what was read beyond it."""
        following += read_up_to(self._source, max(0, 2 - len(following)))
        length = 2 + int.from_bytes(following[:2], "big")
        following += read_up_to(self._source, max(0, length - len(following)))
        if len(following) < length:
            raise TruncatedMessageError("the message ends within its footer")
        public_key = self.header.fields.encryption_context[PUBLIC_KEY_CONTEXT_KEY]
        verify_signed_digest(following[2:length], digest=digest, public_key_text=public_key)
        return following[length:]

    def _take(self, length: int, *, of: str) -> bytes:
        data = self._read(length)
        if len(data) < length:
            raise TruncatedMessageError(f"the message ends within {of}")
        return data

    def _digest(self, data: Bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)


def open_body(
    source: ByteSource,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    allow_uncommitted: bool,
    max_block_length: int,
) -> MessageBody:
    """Read and verify the header of a message; return the body that follows it.

    Parameters
    ----------
    source
        At the first byte of the message.
    keyring, encryption_context, allow_uncommitted
        As `open_message` takes them.
    max_block_length
        As `MessageBody` takes it.

    Raises
    ------
    IntegrityError, KeyServiceError
        As `read_header` and `open_message` raise them.
    """
    try:
        asked_for = callers_context(encryption_context)
    except ConfigurationError:
        # What is no message is told first, whatever else is wrong.
        read_header(source)
        raise
    header = read_header(source, asked_for=asked_for)
    message = open_with(header, keyring=keyring, asked_for=asked_for, allow_uncommitted=allow_uncommitted)
    return MessageBody(source, header=header, cipher=message.frames, max_block_length=max_block_length)


def _truncated(sequence: int) -> TruncatedMessageError:
    return TruncatedMessageError(f"the message ends before its last frame, in or before frame {sequence}")
