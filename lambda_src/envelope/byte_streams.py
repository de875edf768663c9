"""Whole reads and writes over anything that is like a binary file: a file, a pipe, a network answer."""

import io
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from .errors import ConfigurationError


class ByteSource(Protocol):
    """What bytes are read from. It may hand out fewer than asked for; none means that it has ended."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""


class ByteSink(Protocol):
    """What bytes are written to. It may take fewer than it is given, and then says how many."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int | None:
        """Take bytes; return how many, or None where it always takes all."""


def read_up_to(source: ByteSource, length: int) -> bytes:
    """Return `length` bytes, or fewer only where the source ends."""
    data = read_some(source, length)
    if len(data) == length or not data:
        return data
    parts = [data]
    missing = length - len(data)
    while missing > 0 and (data := read_some(source, missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


# What says nothing about a read but how many bytes there are. Who derives a class of them means `read`.
_FILES = (io.FileIO, io.BufferedReader, io.BufferedRandom, io.BytesIO)


def whole_reads(source: ByteSource) -> Callable[[int], bytes]:
    """Return what reads a source as `read_up_to` does, by the shortest way."""
    # Bytes in memory hand out all that is asked for and there. A class derived of them may not.
    return source.read if type(source) is io.BytesIO else partial(read_up_to, source)


class Filler:
    """Reads a source into one buffer, over and over, without an object for what each call gives where it can.

    Parameters
    ----------
    source
        Where it is read from.
    length
        Bytes of the buffer.
    """

    def __init__(self, source: ByteSource, length: int) -> None:
        self._source = source
        self._buffer = memoryview(bytearray(length))
        # Looked at once, since the look costs as much as a call.
        self._read_into: Callable[[memoryview], int | None] = (
            cast("io.BytesIO", source).readinto if type(source) in _FILES else self._read_and_copy
        )

    def next(self) -> memoryview:
        """Return the buffer, with what comes next; a part of it only where the source ends."""
        buffer, filled = self._buffer, 0
        while taken := self._read_into(buffer[filled:] if filled else buffer):
            filled += taken
            if filled == len(buffer):
                return buffer
        if taken is None:
            raise _no_bytes()
        return buffer[:filled]

    def _read_and_copy(self, buffer: memoryview) -> int:
        data = read_some(self._source, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_some(source: ByteSource, size: int) -> bytes:
    """Return what one call of the source gives, after a look at whether it is a source of bytes."""
    data = None if _is_text(source) else source.read(size)
    if not isinstance(data, bytes):
        raise _no_bytes()
    if len(data) > size:
        raise ConfigurationError("the source gave more bytes than it was asked for")
    return data


def _no_bytes() -> ConfigurationError:
    return ConfigurationError("the source gave no bytes: open it in binary mode, and blocking")


def _is_text(source: object) -> bool:
    """Tell a text file, which must not even be asked: it would decode first, and fail in a way of its own."""
    return type(source) not in _FILES and isinstance(source, io.TextIOBase)


def write_all(sink: ByteSink, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`, in as many calls as the sink needs."""
    while data:
        taken = sink.write(data)
        if taken == len(data):
            return
        if taken is None and not isinstance(sink, io.RawIOBase):
            return
        # A raw file says None where it is not blocking and took nothing.
        if taken is None or taken <= 0:
            raise ConfigurationError("the sink takes no bytes: open it blocking")
        data = memoryview(data)[taken:]
