"""Whole reads and writes over anything that is like a binary file: a file, a pipe, a network answer."""

from typing import Protocol

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
    data = source.read(length)
    if not isinstance(data, bytes):
        raise ConfigurationError("the source gave no bytes: open it in binary mode, and blocking")
    if len(data) == length or not data:
        return data
    parts = [data]
    missing = length - len(data)
    while missing > 0 and (data := source.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def write_all(sink: ByteSink, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`, in as many calls as the sink needs."""
    rest = memoryview(data)
    while rest:
        taken = sink.write(rest)
        if taken is None:
            return
        if taken <= 0:
            raise ConfigurationError("the sink takes no bytes: open it blocking")
        rest = rest[taken:]
