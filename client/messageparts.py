"""Cuts a message into parts for a multipart upload: whole frames, with the header before the first.

What must stay true: a frame's number is its nonce, so under one data key no two contents of one frame may
ever leave this process. Parts are made once; an upload that is gone on with makes them again, and what comes
out is sent only if it is what was sent before, byte for byte (multipartupload.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from client.inputs import Input
from client.problems import RefusedInputError
from envelope.message_frames import FINAL_OVERHEAD
from envelope.message_opening import DEFAULT_FRAME_LENGTH, OpenMessage

MOST_PARTS = 10_000
#: S3 takes no smaller part but the last, whose limit is 5 MiB; 80 frames of 64 KiB are just above.
FRAMES_PER_PART = 80


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message.

    Parameters
    ----------
    number
        From 1, as S3 counts.
    data
        Its bytes.
    plaintext_length
        Bytes of plaintext in it.
    """

    number: int
    data: bytearray
    plaintext_length: int


def frames_per_part(length: int | None) -> int:
    """Return how many frames a part has, so that a message of this plaintext fits into 10,000 parts."""
    frames = 0 if length is None else max(0, length - 1) // DEFAULT_FRAME_LENGTH + 1
    return max(FRAMES_PER_PART, -(-frames // MOST_PARTS))


def part_plaintext(frames: int) -> int:
    """Return the bytes of plaintext in a part of so many frames."""
    return frames * DEFAULT_FRAME_LENGTH


class PartReader:
    """Reads the plaintext of one part after the other into the same memory.

    Parameters
    ----------
    source
        Where it is read from.
    frames
        Frames of a part.
    """

    def __init__(self, source: Input, *, frames: int) -> None:
        self.source = source
        self.frames = frames
        self._size = part_plaintext(frames)
        # One byte more than a part: it tells whether another part follows.
        self._buffer = memoryview(bytearray(self._size + 1))
        self._filled = source.fill(self._buffer)

    @property
    def content(self) -> memoryview:
        """The plaintext of the part; good until `go_on`."""
        return self._buffer[: min(self._filled, self._size)]

    @property
    def is_last(self) -> bool:
        """Whether the source ends in this part."""
        return self._filled <= self._size

    def go_on(self) -> None:
        """Read the next part."""
        self._buffer[:1] = self._buffer[self._size :]
        self._filled = 1 + self.source.fill(self._buffer[1:])


def parts_of(message: OpenMessage, reader: PartReader) -> Iterator[Part]:
    """Yield the parts of a message, encrypted as they are read.

    Parameters
    ----------
    message
        A new message, or one that is gone on with, whose frames have 64 KiB.
    reader
        At the first part.
    """
    number = 1
    while True:
        if number > MOST_PARTS:
            raise RefusedInputError(
                f"{reader.source.name} is too long to be stored without knowing its length: store a file"
            )
        first = (number - 1) * reader.frames
        before = message.header.serialized if number == 1 else b""
        data = _encrypted(message, reader.content, first=first, last=reader.is_last, before=before)
        yield Part(number, data, len(reader.content))
        del data  # the thread that sends it frees it
        if reader.is_last:
            return
        reader.go_on()
        number += 1


def _encrypted(
    message: OpenMessage, content: memoryview, *, first: int, last: bool, before: bytes
) -> bytearray:
    """Return `before` and frames from index `first` on; with `last` the message ends in them."""
    length = len(content)
    regular = max(0, length - 1) // DEFAULT_FRAME_LENGTH if last else length // DEFAULT_FRAME_LENGTH
    rest = length - regular * DEFAULT_FRAME_LENGTH
    frame_size = message.frames.frame_size
    data = bytearray(len(before) + regular * frame_size + (rest + FINAL_OVERHEAD if last else 0))
    data[: len(before)] = before
    with memoryview(data)[len(before) :] as into:
        for index in range(regular):
            at = index * DEFAULT_FRAME_LENGTH
            frame = into[index * frame_size : (index + 1) * frame_size]
            message.frames.encrypt_regular(first + index + 1, content[at : at + DEFAULT_FRAME_LENGTH], frame)
        if last:
            into[regular * frame_size :] = message.frames.encrypt_final(
                first + regular + 1, content[regular * DEFAULT_FRAME_LENGTH :]
            )
    return data
