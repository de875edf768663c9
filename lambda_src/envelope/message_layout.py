"""Where everything stands in a framed message, by arithmetic: for reading a part of it without the rest.

What must stay true: lengths come from outside (a file's or an object's size), so nothing here is proof. A
part is proven by the tags of its frames, the whole length by the tag of the last frame.
"""

from dataclasses import dataclass
from typing import Self

from .errors import MalformedMessageError
from .message_frames import FINAL_OVERHEAD, REGULAR_OVERHEAD


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """The layout of an unsigned framed message.

    Parameters
    ----------
    header_length
        Bytes of the header with its tag.
    frame_length
        Bytes of plaintext in every frame but the last.
    plaintext_length
        Bytes of plaintext in all.
    regular_frames
        Number of frames before the last.
    """

    header_length: int
    frame_length: int
    plaintext_length: int
    regular_frames: int

    @classmethod
    def of_plaintext(cls, length: int, *, header_length: int, frame_length: int) -> Self:
        """Return the layout of a message as it is written here: only an empty one ends in an empty frame."""
        regular_frames = max(0, length - 1) // frame_length
        return cls(header_length, frame_length, length, regular_frames)

    @classmethod
    def of_message(cls, length: int, *, header_length: int, frame_length: int) -> Self:
        """Return the layout of a stored message of this many bytes.

        The last frame has 0 to `frame_length` bytes of content, fewer than a regular frame takes, so the
        length fixes how many there are.
        """
        regular_frames, last = divmod(
            length - header_length - FINAL_OVERHEAD, frame_length + REGULAR_OVERHEAD
        )
        if regular_frames < 0 or last > frame_length:
            raise MalformedMessageError(
                f"a message of {length} bytes cannot have frames of {frame_length}: "
                "it is truncated or extended"
            )
        return cls(header_length, frame_length, regular_frames * frame_length + last, regular_frames)

    @property
    def frame_size(self) -> int:
        """Bytes that a regular frame takes."""
        return self.frame_length + REGULAR_OVERHEAD

    @property
    def last_length(self) -> int:
        """Bytes of plaintext in the last frame."""
        return self.plaintext_length - self.regular_frames * self.frame_length

    @property
    def message_length(self) -> int:
        """Bytes of the whole message."""
        return self.offset(self.regular_frames) + FINAL_OVERHEAD + self.last_length

    def offset(self, index: int) -> int:
        """Return where frame `index` begins; counted from 0, the last is `regular_frames`."""
        return self.header_length + index * self.frame_size

    def end(self, index: int) -> int:
        """Return where frame `index` ends."""
        return self.message_length if index == self.regular_frames else self.offset(index + 1)

    def index_of(self, position: int) -> int:
        """Return which frame holds the byte of plaintext at `position`."""
        return min(position // self.frame_length, self.regular_frames)
