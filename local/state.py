"""The state directory: who holds it, and what others need to know of the one who does.

One process holds the lock for as long as it lives; the system releases it however that process ends. So a
held lock means that one runs, and a state file without a held lock is what a crash has left.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from local.build_cache import ROOT


class HeldError(Exception):
    """Another process holds the state directory."""


class UnusableError(Exception):
    """The state directory cannot be made or written. Its text says why."""


def chosen(argument: str | None) -> Path:
    """Return the state directory: as given, from LOCAL_STATE, or ``.local`` in the project."""
    return Path(argument or os.environ.get("LOCAL_STATE") or ROOT / ".local").resolve()


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the state directory.

    Raises
    ------
    HeldError
        If another process does.
    UnusableError
        If there can be no such directory.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = (directory / "lock").open("w")
    except OSError as error:
        raise UnusableError(f"{directory} cannot be the state directory: {error.strerror}") from None
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeldError from error
        yield


def is_held(directory: Path) -> bool:
    """Tell whether a process holds the state directory."""
    if not (directory / "lock").exists():
        return False
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read(directory: Path) -> dict[str, Any] | None:
    """Return what the state file says, or None if there is none that can be read."""
    try:
        content = json.loads((directory / "state.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write(directory: Path, content: dict[str, Any]) -> None:
    """Write the state file, readable by its owner only: it holds keys and the control token."""
    unfinished = directory / "state.json.new"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
    unfinished.replace(directory / "state.json")


def remove(directory: Path) -> None:
    """Remove the state file."""
    (directory / "state.json").unlink(missing_ok=True)


def empty(directory: Path) -> None:
    """Remove everything but the lock, which whoever empties the directory holds."""
    for entry in directory.iterdir():
        if entry.name == "lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                entry.unlink()
