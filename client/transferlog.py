"""How far a transfer of a large object is, in a file beside it: an interrupted one is gone on with.

The first line says which transfer it is and what it needs to go on, each further line what is through. A line
is on the disk before what it stands for is relied on: before a part is sent, after a part was written. It
holds no plaintext and no key: a message's header, hashes of ciphertext, numbers of parts.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from client.awsfailures import file_failure
from client.problems import UsageError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no advisory locks; there, two transfers at once may disturb each other.
    fcntl = None

_FORMAT = "sealed transfer 1"
_LONGEST_FILE = 16 * 1024 * 1024
# Not through a link that somebody else put there.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

Entry = dict[str, Any]


class TransferLog:
    """An open log. One transfer at a time holds it.

    Parameters
    ----------
    path
        Where it is or will be.
    identity
        Which transfer this is. A log of another one is not gone on with.

    Raises
    ------
    UsageError
        It cannot be written, is something else, or another command is using it.
    """

    def __init__(self, path: Path, *, identity: Mapping[str, Any]) -> None:
        self.path = path
        self._identity = dict(identity)
        self._stream = locked_file(path)
        try:
            #: What the interrupted transfer began with, or None where there is none to go on with.
            self.state: Entry | None = None
            #: What it got through with.
            self.entries: list[Entry] = []
            #: The state of a transfer of another content, which is given up.
            self.given_up: Entry | None = None
            self._read()
        except BaseException:
            self._stream.close()
            raise

    def begin(self, state: Mapping[str, Any]) -> None:
        """Begin anew with what the transfer needs to go on."""
        self.state, self.entries = dict(state), []
        self._stream.seek(0)
        self._stream.truncate(0)
        self._write({"format": _FORMAT, "identity": self._identity, "state": self.state})

    def append(self, entry: Entry) -> None:
        """Add a line; when this returns it is on the disk."""
        self.entries.append(entry)
        self._write(entry)

    def remove(self) -> None:
        """Remove the log: the transfer is complete, or given up."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the log, and leave it for the next run."""
        self._stream.close()

    def _read(self) -> None:
        content = self._stream.read(_LONGEST_FILE)
        whole, _, _ = content.rpartition(b"\n")
        lines = [_parsed(line) for line in whole.split(b"\n")] if whole else []
        if content and (not lines or lines[0].get("format") != _FORMAT):
            if lines or not b'{"format": "sealed'.startswith(content[:18]):
                raise UsageError(f"{self.path} is in the way, and is no log of a transfer: move it")
            lines = []  # a first line that a crash cut off
        if lines and lines[0].get("identity") == self._identity:
            self.state = lines[0].get("state")
            self.entries = lines[1:]
            # Cut off what a crash may have left of a last line, so that the next one stands alone.
            self._stream.truncate(len(whole) + 1)
        elif lines:
            self.given_up = lines[0].get("state")
        self._stream.seek(0, os.SEEK_END)

    def _write(self, entry: Entry) -> None:
        try:
            self._stream.write(json.dumps(entry).encode() + b"\n")
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise file_failure(error, name=str(self.path)) from None


def locked_file(path: Path) -> BinaryIO:
    """Open a file of our own for reading and writing, and lock it.

    Raises
    ------
    UsageError
        It cannot be opened, is no regular file, or another command is using it.
    """
    try:
        stream = open(os.open(path, _FLAGS, 0o600), "r+b", buffering=0)  # noqa: PTH123, SIM115
    except OSError as error:
        raise file_failure(error, name=str(path)) from None
    try:
        if fcntl is not None:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise UsageError(f"another command is using {path}") from None
    return stream


def _parsed(line: bytes) -> Entry:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
