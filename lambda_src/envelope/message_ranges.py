"""Reads a range of a message's plaintext without reading the rest.

What must stay true: every byte handed out is authenticated, in its place, in this message. What a range
cannot prove is the rest: that the other frames are intact, and, without `verify_end`, that the message is as
long as its source says.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Protocol

from .byte_streams import read_some, read_up_to
from .errors import MalformedMessageError, MessageRangeError, TruncatedMessageError
from .keyring import Keyring
from .message_frames import FINAL_HEAD, Bytes, FrameCipher, is_final
from .message_header import read_header
from .message_layout import MessageLayout
from .message_opening import OpenMessage, open_message

# Most headers fit; where reads are requests over a network, the header then takes one.
_HEADER_READ = 4096
# Frames are read in pieces of about this many bytes, so that memory stays bounded for a range of any length.
_PIECE = 8 * 1024 * 1024


class SeekableSource(Protocol):
    """A binary file that can be read anywhere."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes from the current position."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move, as files do; return the new position."""


def read_range(
    source: SeekableSource,
    start: int,
    length: int,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    verify_end: bool = False,
) -> bytes:
    """Return `length` bytes of plaintext from `start` on.

    Read are the header, the frames that hold the range, and with `verify_end` the last frame.

    Parameters
    ----------
    source
        The message, from its first byte to its last; its end is taken for the message's.
    start, length
        In bytes of plaintext. The whole range must be there, and hold at least one byte.
    keyring, encryption_context
        As `open_message` takes them.
    verify_end
        Whether to verify the last frame too, and so the length of the whole message.

    Raises
    ------
    MessageRangeError
        The range is empty, negative, or not in the message; how long that is, only `verify_end` proves.
    IntegrityError
        The header or a frame of the range does not verify.
    MalformedMessageError
        The message has no frames, is signed (a signature covers the whole), or is not one.
    KeyServiceError
        The keyring could not be used.
    """
    contents = range_contents(
        source,
        start,
        length,
        keyring=keyring,
        encryption_context=encryption_context,
        verify_end=verify_end,
    )
    return b"".join(contents)


def range_contents(
    source: SeekableSource,
    start: int,
    length: int,
    *,
    keyring: Keyring,
    encryption_context: Mapping[str, str],
    verify_end: bool = False,
) -> Iterator[bytes]:
    """Hand out what `read_range` returns in pieces, in constant memory; parameters and errors are the same.

    With `verify_end` the last frame is verified before the first piece is handed out.
    """
    if start < 0 or length < 1:
        raise MessageRangeError(
            f"a range of {length} bytes from {start} cannot be read: give a start from 0 on, and a length "
            "of at least 1"
        )
    end_of_source = source.seek(0, io.SEEK_END)
    message = _opened(source, keyring=keyring, encryption_context=encryption_context)
    frame_length = message.header.fields.frame_length
    layout = MessageLayout.of_message(
        end_of_source, header_length=len(message.header.serialized), frame_length=frame_length
    )
    frames = _Frames(source, layout=layout, cipher=message.frames)
    beyond = start + length > layout.plaintext_length
    last = layout.index_of(start + length - 1)
    if verify_end and (beyond or last < layout.regular_frames):
        frames.read(layout.regular_frames, layout.regular_frames)
    if beyond:
        raise MessageRangeError(
            f"bytes {start} to {start + length - 1} are not all there: the message has "
            f"{layout.plaintext_length}"
        )
    per_piece = max(1, _PIECE // layout.frame_size)
    position, end = start, start + length
    while position < end:
        first = layout.index_of(position)
        content = frames.read(first, min(last, first + per_piece - 1))
        begins = first * frame_length
        yield content[position - begins : end - begins]
        position = begins + len(content)


def decrypt_frame(frame: Bytes, index: int, *, layout: MessageLayout, cipher: FrameCipher) -> bytes:
    """Return the verified content of one whole frame.

    Parameters
    ----------
    frame
        Its bytes, all of them and no more.
    index
        Which frame of the message it is, from 0.
    layout, cipher
        Of its message.

    Raises
    ------
    TruncatedMessageError
        Bytes of it are missing.
    IntegrityError
        It is not this frame of this message.
    """
    if len(frame) != layout.end(index) - layout.offset(index):
        raise TruncatedMessageError(f"the message ends within frame {index + 1}")
    view = memoryview(frame)
    if index < layout.regular_frames:
        return cipher.decrypt_regular(view, sequence=index + 1)
    return _final(view, sequence=index + 1, layout=layout, cipher=cipher)


def _opened(
    source: SeekableSource, *, keyring: Keyring, encryption_context: Mapping[str, str]
) -> OpenMessage:
    source.seek(0)
    header = read_header(io.BufferedReader(_Unbuffered(source), _HEADER_READ))
    if header.fields.suite.signed:
        raise MalformedMessageError(
            "the message is signed as a whole, so a range of it cannot be verified: decrypt all of it"
        )
    if not header.fields.framed:
        raise MalformedMessageError(
            "the message has no frames, so a range of it cannot be verified: decrypt all of it"
        )
    return open_message(header, keyring=keyring, encryption_context=encryption_context)


class _Frames:
    """Reads and verifies frames of a message."""

    def __init__(self, source: SeekableSource, *, layout: MessageLayout, cipher: FrameCipher) -> None:
        self._source = source
        self._layout = layout
        self._cipher = cipher

    def read(self, first: int, last: int) -> bytes:
        """Return the verified contents of the frames from `first` to `last`."""
        begin = self._layout.offset(first)
        self._source.seek(begin)
        data = read_up_to(self._source, self._layout.end(last) - begin)
        if len(data) < self._layout.end(last) - begin:
            raise TruncatedMessageError("the source became shorter while it was read")
        contents = []
        for index in range(first, last + 1):
            frame = memoryview(data)[self._layout.offset(index) - begin : self._layout.end(index) - begin]
            contents.append(decrypt_frame(frame, index, layout=self._layout, cipher=self._cipher))
        return b"".join(contents)


def _final(frame: memoryview, *, sequence: int, layout: MessageLayout, cipher: FrameCipher) -> bytes:
    if not is_final(frame):
        raise MalformedMessageError(f"frame {sequence} should be the last, and is not")
    head = cipher.read_final_head(frame)
    if head.content_length != layout.last_length:
        raise MalformedMessageError("the last frame announces another length than the message's size leaves")
    return cipher.decrypt_final(head, frame[FINAL_HEAD:], sequence=sequence)


class _Unbuffered(io.RawIOBase):
    """What a buffer in front of a source needs."""

    def __init__(self, source: SeekableSource) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what io calls it with
        data = read_some(self._source, len(buffer))
        buffer[: len(data)] = data
        return len(data)
