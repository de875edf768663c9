"""Reads big-endian fields off stored bytes; every reader of the formats goes through it.

What must stay true: nothing is read past the end, and text is valid UTF-8, or MalformedItemError is raised.
"""

from typing import Protocol

from .errors import IntegrityError, MalformedItemError


class FieldReader(Protocol):
    """What reads the fields of a header, off bytes in memory or off a stream."""

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes, all of them."""

    def unsigned(self, width: int) -> int:
        """Return the next `width` bytes as an unsigned integer."""

    def text(self, length: int) -> str:
        """Return the next `length` bytes as UTF-8 text."""


class ByteReader:
    """A position in a byte string that only moves forward."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def position(self) -> int:
        """Bytes consumed so far."""
        return self._position

    @property
    def remaining(self) -> int:
        """Bytes not yet consumed."""
        return len(self._data) - self._position

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        end = self._position + length
        if end > len(self._data):
            raise MalformedItemError("the stored bytes end before the field that they announce")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def unsigned(self, width: int) -> int:
        """Return the next `width` bytes as an unsigned integer."""
        return int.from_bytes(self.take(width), "big")

    def text(self, length: int) -> str:
        """Return the next `length` bytes as UTF-8 text."""
        return decode_text(self.take(length))


def decode_text(data: bytes | bytearray, *, error: type[IntegrityError] = MalformedItemError) -> str:
    """Return `data` as text; raises `error` where it is not valid UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    # Raised out here because a UnicodeDecodeError in the chain would carry the bytes, which may be plaintext.
    raise error("a stored text is not valid UTF-8")
