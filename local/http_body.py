"""Read the body of an HTTP request: by its length, or in chunks."""

from email.message import Message
from io import BufferedIOBase

_LONGEST_LINE = 64


class BodyError(Exception):
    """The body's length cannot be understood; the connection cannot be used further."""


def read(headers: Message, stream: BufferedIOBase, *, limit: int) -> bytes | None:
    """Return the whole body, or None if it is longer than ``limit`` bytes; it is then still read to its end.

    Raises
    ------
    BodyError
        If the length is not given as HTTP asks for.
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(stream, limit=limit)
    declared = headers.get("Content-Length", "0")
    if not declared.isdigit():
        raise BodyError
    length = int(declared)
    if length <= limit:
        return stream.read(length)
    _skip(stream, length)
    return None


def _read_chunks(stream: BufferedIOBase, *, limit: int) -> bytes | None:
    body = bytearray()
    too_long = False
    while size := _chunk_size(stream.readline(_LONGEST_LINE)):
        too_long = too_long or len(body) + size > limit
        if too_long:
            _skip(stream, size)
        else:
            body += stream.read(size)
        stream.readline(_LONGEST_LINE)
    while stream.readline(1 << 16).strip():
        pass  # trailers
    return None if too_long else bytes(body)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise BodyError from error


def _skip(stream: BufferedIOBase, length: int) -> None:
    while length > 0 and (piece := stream.read(min(length, 1 << 20))):
        length -= len(piece)
