"""What is encrypted: a file, or anything that bytes come out of."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from client.awsfailures import file_failure
from client.output import say
from client.problems import ConflictError, UsageError
from client.standardstreams import standard_input

STANDARD = "-"


class SourceChangedError(ConflictError):
    """A file changed while it was read, or since an interrupted transfer of it began."""


class ReadableFile(Protocol):
    """A binary file as Python opens it, buffered or not."""

    def fileno(self) -> int:
        """Return its descriptor."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer, or a part of it; return how much."""


@dataclass(frozen=True, slots=True)
class Input:
    """An open source of plaintext.

    Parameters
    ----------
    stream
        Unbuffered.
    name
        For messages.
    path, length, identity
        Of a regular file; None for a pipe, whose length nobody knows, and which cannot be read twice.
    """

    stream: ReadableFile
    name: str
    path: Path | None = None
    length: int | None = None
    identity: Mapping[str, Any] | None = None

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        try:
            return self.stream.read(size)
        except OSError as error:
            raise file_failure(error, name=self.name) from None

    def fill(self, into: memoryview) -> int:
        """Fill all of `into`, or less only where the source ends; return how much."""
        filled = 0
        try:
            while filled < len(into) and (count := self.stream.readinto(into[filled:])):
                filled += count
        except OSError as error:
            raise file_failure(error, name=self.name) from None
        return filled

    def check_unchanged(self, taken: int) -> None:
        """Raise SourceChangedError unless all was read of a file that is as it was when it was opened."""
        if self.identity is None:
            return
        if taken != self.length or _identity(os.fstat(self.stream.fileno())) != self.identity:
            raise changed(self.name)


def changed(name: str) -> SourceChangedError:
    """Return the error about a file that changed."""
    return SourceChangedError(
        f"{name} changed while it was read: nothing was stored. Run the command again when it stays as it is"
    )


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`."""
    if name == STANDARD:
        stream = standard_input()
        if stream.isatty():
            say("reading from the terminal; end it with Ctrl-D")
        yield Input(cast("ReadableFile", stream.buffer), "standard input")
        return
    path = Path(name)
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    with file:
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            yield Input(file, path.name, path, found.st_size, _identity(found))
        else:
            yield Input(file, path.name)


def _identity(found: os.stat_result) -> Mapping[str, Any]:
    return {
        "size": found.st_size,
        "modified": found.st_mtime_ns,
        # What a program that sets the time of modification cannot set.
        "changed": found.st_ctime_ns,
        "file": [found.st_dev, found.st_ino],
    }
