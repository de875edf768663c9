"""The progress file of an import: which lines are stored, so that an interrupted import goes on where it was.

It holds line numbers and the identity of the import (the file's size and SHA-256, the endpoint, the tenant),
and nothing of any record. Each number is appended by one unbuffered write after the API confirmed the line.
A crash can lose the last numbers only, and a lost number means that a line is sent twice, which does no harm.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from client.problems import UsageError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no advisory locks; there, two imports at once only do work twice.
    fcntl = None

_FORMAT = "sealed import progress 1"
_LONGEST_HEADER = 8192
_LONGEST_NUMBER = 15
_SYNC_EVERY = 200
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportIdentity:
    """What an import is: the same file's content, sent to the same place in the same way."""

    size: int
    sha256: str
    endpoint: str
    tenant: str | None
    create_only: bool


def measured(path: Path) -> tuple[int, str, int]:
    """Return a file's size, SHA-256 and number of lines, read once in pieces."""
    digest = hashlib.sha256()
    size = lines = 0
    last = b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return size, digest.hexdigest(), lines + (last != b"\n")


def default_journal_path(source: Path, *, endpoint: str, tenant: str | None) -> Path:
    """Return the progress file's place: beside the input, one for each endpoint and tenant."""
    place = hashlib.sha256(json.dumps([endpoint, tenant]).encode()).hexdigest()[:8]
    return source.with_name(f"{source.name}.{place}.progress")


class Journal:
    """An open progress file. One import at a time holds it; use `open_journal`."""

    def __init__(self, path: Path, *, stream: BinaryIO, stored: bytearray, restarted: bool) -> None:
        self.path = path
        self.restarted = restarted
        self._stream = stream
        self._stored = stored
        self._since_sync = 0

    def is_stored(self, number: int) -> bool:
        """Tell whether the line of this number is known to be stored."""
        index, bit = divmod(number, 8)
        return index < len(self._stored) and bool(self._stored[index] & (1 << bit))

    def mark(self, number: int) -> None:
        """Record that the line of this number is stored."""
        _set(self._stored, number)
        try:
            self._stream.write(b"%d\n" % number)
        except OSError as error:
            raise UsageError(f"the progress file {self.path} cannot be written: {error.strerror}") from None
        self._since_sync += 1
        if self._since_sync >= _SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Have the operating system write out what was recorded."""
        os.fsync(self._stream.fileno())
        self._since_sync = 0

    def close(self, *, finished: bool) -> None:
        """Let go of the file; when every line is stored, remove it."""
        if finished:
            self.path.unlink(missing_ok=True)
        else:
            self.sync()
        self._stream.close()


def open_journal(path: Path, *, identity: ImportIdentity, resume: bool) -> Journal:
    """Open or begin the progress file at `path`.

    Parameters
    ----------
    path
        Where it is or will be.
    identity
        What is imported. A file about other content at the same endpoint and tenant begins anew.
    resume
        False to begin anew in any case.

    Raises
    ------
    UsageError
        Where the file cannot be written, is no progress file, is in use, or belongs to an import to another
        endpoint or tenant.
    """
    try:
        stream = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)  # noqa: PTH123, SIM115
    except OSError as error:
        raise UsageError(
            f"the progress file {path} cannot be written ({error.strerror}): give --progress-file PATH"
        ) from None
    try:
        return _journal_on(stream, path=path, identity=identity, resume=resume)
    except BaseException:
        stream.close()
        raise


def _journal_on(stream: BinaryIO, *, path: Path, identity: ImportIdentity, resume: bool) -> Journal:
    _lock(stream, path=path)
    content = stream.read()
    header, _, rest = content.partition(b"\n")
    found = _identity_in(header)
    if content and found is None:
        raise UsageError(f"{path} is not a progress file of an import: name another with --progress-file")
    if found is not None and resume and _place(found) != _place(identity):
        raise UsageError(
            f"{path} belongs to an import to another endpoint or tenant: name another with --progress-file, "
            "or begin anew with --no-resume"
        )
    stored = bytearray()
    same = found == identity and resume
    if same:
        complete, _, _ = rest.rpartition(b"\n")
        for entry in complete.split(b"\n"):
            if entry.isdigit() and len(entry) <= _LONGEST_NUMBER and int(entry) <= identity.size:
                _set(stored, int(entry))
        # Cut off what a crash may have left of a last number, so that the next one stands alone.
        stream.truncate(len(header) + 1 + (len(complete) + 1 if complete else 0))
    else:
        stream.truncate(0)
    stream.seek(0, os.SEEK_END)
    journal = Journal(path, stream=stream, stored=stored, restarted=found is not None and resume and not same)
    if not same:
        stream.write(json.dumps({"format": _FORMAT, **asdict(identity)}).encode() + b"\n")
        journal.sync()
    return journal


def _lock(stream: BinaryIO, *, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"another import is using {path}") from None


def _identity_in(header: bytes) -> ImportIdentity | None:
    try:
        fields = json.loads(header[:_LONGEST_HEADER])
        if fields.pop("format") != _FORMAT:
            return None
        return ImportIdentity(**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _place(identity: ImportIdentity) -> tuple[str, str | None]:
    return identity.endpoint, identity.tenant


def _set(stored: bytearray, number: int) -> None:
    index, bit = divmod(number, 8)
    if index >= len(stored):
        stored.extend(bytes(index + 1 - len(stored)))
    stored[index] |= 1 << bit
