"""Where streams lie while they are measured: in memory, or in files of a temporary directory.

Whatever is written stays and is written over the next time, so that nobody pays for making it grow. All
contenders write their messages into the same stream: which pages of memory a buffer happened to get made more
of a difference than who used it. What must stay true: a stream ends where it was written to last, and its
author is known, so that nobody passes for what another left there.
"""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.peers.stream_ciphers import Stream

#: Names of streams: what is encrypted, what came of that last, and what was decrypted last.
PLAINTEXT, MESSAGE, COPY = "plaintext", "message", "copy"


class Place(Protocol):
    """Holds streams by their names."""

    author: str
    """Who wrote the message that is there."""

    def reading(self, name: str) -> AbstractContextManager[Stream]:
        """Give a stream to be read from its beginning."""

    def writing(self, name: str) -> AbstractContextManager[Stream]:
        """Give a stream to be written from its beginning: it ends where the last write ended."""

    def content(self, name: str) -> bytes | memoryview:
        """Return all of a stream."""


class InMemory:
    """Buffers of this process."""

    def __init__(self) -> None:
        self.author = ""
        self._streams: dict[str, io.BytesIO] = {}

    @contextmanager
    def reading(self, name: str) -> Iterator[Stream]:
        """Give a buffer from its beginning."""
        stream = self._streams[name]
        stream.seek(0)
        yield stream

    @contextmanager
    def writing(self, name: str) -> Iterator[Stream]:
        """Give the buffer that was written the last time."""
        stream = self._streams.setdefault(name, io.BytesIO())
        stream.seek(0)
        yield stream
        stream.truncate()

    def content(self, name: str) -> memoryview:
        """Return the buffer."""
        return self._streams[name].getbuffer()


class OnDisk:
    """Files, read and written without a buffer between; the system keeps them in its page cache."""

    def __init__(self, folder: Path) -> None:
        self.author = ""
        self._folder = folder

    @contextmanager
    def reading(self, name: str) -> Iterator[Stream]:
        """Give a file from its beginning."""
        with self._path(name).open("rb", buffering=0) as stream:
            yield stream

    @contextmanager
    def writing(self, name: str) -> Iterator[Stream]:
        """Give the file that was written the last time."""
        path = self._path(name)
        path.touch()
        with path.open("r+b", buffering=0) as stream:
            yield stream
            stream.truncate()

    def content(self, name: str) -> bytes:
        """Return all of a file."""
        return self._path(name).read_bytes()

    def _path(self, name: str) -> Path:
        return self._folder / name


class Content:
    """All of a stream, which is read only when it is compared with another."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, place: Place, name: str) -> None:
        self._place, self._name = place, name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.bytes() == other.bytes()

    def bytes(self) -> bytes | memoryview:
        """Return it."""
        return self._place.content(self._name)
