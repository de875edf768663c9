"""How far a transfer of a large object is, in a file beside it: an interrupted one is gone on with.

The first line says which transfer it is and what it needs to go on, each further line what is through. A
line is on the disk, whole, before what it stands for is relied on: before a part is sent, after a part was
written. It holds no plaintext and no key: a message's header, numbers of parts, and message authentication
codes under a key that only a holder of the message's data key can derive. Without these nothing is believed.
"""

import hashlib
import hmac
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from client.awsfailures import file_failure
from client.problems import UsageError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no such locks: there nothing is gone on with (`CAN_RESUME`).
    fcntl = None

#: Two runs that go on with one upload could encrypt two states of a file under the same numbers.
CAN_RESUME = fcntl is not None

_FORMAT = "sealed transfer 2"
# As `begin` writes it.
_BEGINNING = json.dumps({"format": _FORMAT}).removesuffix("}").encode()
_LONGEST_FILE = 16 * 1024 * 1024
# Not through a link that somebody else put there, and without waiting for the other end of a pipe.
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_ATTEMPTS = 10

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
            #: Whether the last line is not whole: something was begun, and what is not known.
            self.torn = False
            self._read()
        except BaseException:
            self._stream.close()
            raise

    def begin(self, state: Mapping[str, Any]) -> None:
        """Begin anew with what the transfer needs to go on; until that is on the disk there is no state."""
        self.state, self.entries, self.torn = None, [], False
        self._stream.seek(0)
        self._stream.truncate(0)
        self._write({"format": _FORMAT, "identity": self._identity, "state": dict(state)})
        self.state = dict(state)

    def append(self, entry: Entry) -> None:
        """Add a line; when this returns all of it is on the disk."""
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
        content = b""
        while len(content) < _LONGEST_FILE and (data := self._stream.read(_LONGEST_FILE - len(content))):
            content += data
        whole, _, torn = content.rpartition(b"\n")
        lines = [_parsed(line) for line in whole.split(b"\n")] if whole else []
        self.torn = bool(torn)
        # Of a first line that is torn there may be less than its beginning.
        torn_at_first = content.startswith(_BEGINNING) or _BEGINNING.startswith(content)
        is_ours = lines[0].get("format") == _FORMAT if lines else torn_at_first
        if not is_ours:
            raise UsageError(f"{self.path} is in the way, and is no log of this command: move it")
        if not lines:
            return
        state = lines[0].get("state")
        if lines[0].get("identity") == self._identity and isinstance(state, dict):
            self.state, self.entries = state, lines[1:]
            # Cut off what a crash may have left of a last line, so that the next one stands alone.
            self._stream.truncate(len(whole) + 1)
        elif isinstance(state, dict):
            self.given_up = state
        self._stream.seek(0, os.SEEK_END)

    def _write(self, entry: Entry) -> None:
        """Write a line, all of it: of a part whose line is cut off nobody knows later what was sent."""
        try:
            rest = memoryview(json.dumps(entry).encode() + b"\n")
            while rest:
                rest = rest[self._stream.write(rest) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise file_failure(error, name=str(self.path)) from None


def proof_of(data: bytes | bytearray | memoryview, *, number: int, key: bytes) -> str:
    """Return the code by which a part is known again.

    Parameters
    ----------
    data
        The part: what is sent of it, or what was written.
    number
        Which part it is.
    key
        The message's `local_key`.
    """
    return proof_of_digest(hashlib.sha256(data).digest(), number=number, key=key)


def proof_of_digest(digest: bytes, *, number: int, key: bytes) -> str:
    """Return the code of a part that has this SHA-256."""
    return hmac.digest(key, number.to_bytes(8, "big") + digest, "sha256").hex()


def proof_of_state(*fields: str, key: bytes) -> str:
    """Return the code by which what a transfer began with is known again."""
    return hmac.digest(key, json.dumps(["state", *fields]).encode(), "sha256").hex()


def is_proof(found: object, expected: str) -> bool:
    """Compare two codes without telling by the time it takes where they differ."""
    return isinstance(found, str) and hmac.compare_digest(found.encode(), expected.encode())


def locked_file(path: Path) -> BinaryIO:
    """Open a file that is ours alone for reading and writing, and lock it.

    Raises
    ------
    UsageError
        It cannot be opened, is not ours alone, or another command is using it.
    """
    for _ in range(_ATTEMPTS):
        stream = _opened(path)
        try:
            if fcntl is not None:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            raise UsageError(f"another command is using {path}") from None
        if _is_still(path, stream):
            return stream
        stream.close()
    raise UsageError(f"another command is using {path}")


def _opened(path: Path) -> BinaryIO:
    try:
        try:
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            descriptor = os.open(path, _FLAGS)
        stream = open(descriptor, "r+b", buffering=0)  # noqa: PTH123, SIM115
    except OSError as error:
        raise file_failure(error, name=str(path)) from None
    found = os.fstat(stream.fileno())
    if not stat.S_ISREG(found.st_mode) or not _is_ours_alone(found):
        stream.close()
        raise UsageError(f"{path} is in the way, and belongs to somebody else or is open to others: move it")
    return stream


def _is_ours_alone(found: os.stat_result) -> bool:
    """Tell whether nobody else can read or change a file: it may have been put there for us to write into."""
    own = getattr(os, "geteuid", lambda: found.st_uid)()
    return found.st_uid == own and (os.name != "posix" or not found.st_mode & 0o077)


def _is_still(path: Path, stream: BinaryIO) -> bool:
    """Tell whether the locked file still bears the name: its last holder may have renamed or removed it."""
    try:
        now = path.stat(follow_symlinks=False)
    except OSError:
        return False
    found = os.fstat(stream.fileno())
    return (found.st_dev, found.st_ino) == (now.st_dev, now.st_ino)


def _parsed(line: bytes) -> Entry:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
