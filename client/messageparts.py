"""Cuts a message into parts for a multipart upload: whole frames, with the header before the first.

What must stay true: a frame's number is its nonce, so under one data key no two contents of one frame may
ever leave this process. Parts are made once; an upload that is gone on with makes them again, and what comes
out is sent only if it is what was sent before, byte for byte (uploading.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from client.inputs import Input
from client.problems import RefusedInputError
from envelope.message_frames import FINAL_OVERHEAD, REGULAR_OVERHEAD
from envelope.message_layout import MessageLayout
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
    data: bytes | bytearray
    plaintext_length: int


def frames_per_part(length: int | None) -> int:
    """Return how many frames a part has, so that a message of this plaintext fits into 10,000 parts."""
    frames = 0 if length is None else max(0, length - 1) // DEFAULT_FRAME_LENGTH + 1
    return max(FRAMES_PER_PART, -(-frames // MOST_PARTS))


def part_plaintext(frames: int) -> int:
    """Return the bytes of plaintext in a part of so many frames."""
    return frames * DEFAULT_FRAME_LENGTH


def parts_of(message: OpenMessage, source: Input, *, begun: bytes, frames: int) -> Iterator[Part]:
    """Yield the parts of a message, encrypted as they are read.

    Parameters
    ----------
    message
        A new message, or one that is gone on with, whose frames have 64 KiB.
    source
        Where plaintext is read from, behind `begun`.
    begun
        What was read already: one byte more than a part holds, or all there is.
    frames
        Frames of a part.
    """
    size = part_plaintext(frames)
    number, ahead = 1, begun
    while True:
        last = len(ahead) <= size
        if number > MOST_PARTS:
            raise RefusedInputError(
                f"{source.name} is too long to be stored without knowing its length: store a file"
            )
        data: bytes | bytearray = _encrypted(
            message, memoryview(ahead)[:size], first=(number - 1) * frames, last=last
        )
        if number == 1:
            data = message.header.serialized + data
        yield Part(number, data, min(len(ahead), size))
        if last:
            return
        ahead = ahead[size:] + read_whole(source, size)
        number += 1


def read_whole(source: Input, length: int) -> bytes:
    """Return `length` bytes, or fewer only where the source ends."""
    data = source.read(length)
    if len(data) == length or not data:
        return data
    parts, missing = [data], length - len(data)
    while missing and (data := source.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def layout_of(message: OpenMessage, length: int) -> MessageLayout:
    """Return where everything stands in a message of so much plaintext."""
    header_length = len(message.header.serialized)
    return MessageLayout.of_plaintext(length, header_length=header_length, frame_length=DEFAULT_FRAME_LENGTH)


def _encrypted(message: OpenMessage, content: memoryview, *, first: int, last: bool) -> bytearray:
    """Return frames from index `first` on; with `last` the message ends in them."""
    length = len(content)
    regular = max(0, length - 1) // DEFAULT_FRAME_LENGTH if last else length // DEFAULT_FRAME_LENGTH
    rest = length - regular * DEFAULT_FRAME_LENGTH
    frame_size = DEFAULT_FRAME_LENGTH + REGULAR_OVERHEAD
    data = bytearray(regular * frame_size + (rest + FINAL_OVERHEAD if last else 0))
    with memoryview(data) as into:
        for index in range(regular):
            at = index * DEFAULT_FRAME_LENGTH
            frame = into[index * frame_size : (index + 1) * frame_size]
            message.frames.encrypt_regular(first + index + 1, content[at : at + DEFAULT_FRAME_LENGTH], frame)
        if last:
            into[regular * frame_size :] = message.frames.encrypt_final(
                first + regular + 1, content[regular * DEFAULT_FRAME_LENGTH :]
            )
    return data
