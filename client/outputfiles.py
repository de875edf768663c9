"""Where plaintext or a message is written: a file that appears whole or not at all.

What must stay true: a file bears its final name only when all of it is written, verified and on the disk.
Until then it is `.NAME.part` in the same folder, readable by its owner alone.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from client.awsfailures import file_failure
from client.inputs import STANDARD
from client.problems import ConflictError, UsageError
from client.transferlog import locked_file


class OutputFile:
    """A file that is being written under another name.

    Parameters
    ----------
    path
        The final name.
    overwrite
        Whether it may replace a file that bears this name.
    keep
        Whether what an earlier run left is kept, to be gone on with.
    """

    def __init__(self, path: Path, *, overwrite: bool, keep: bool = False) -> None:
        check_absent(path, overwrite=overwrite)
        self.path = path
        self.part_path = path.with_name(f".{path.name}.part")
        self._overwrite = overwrite
        self.stream: BinaryIO = locked_file(self.part_path)
        if os.fstat(self.stream.fileno()).st_nlink > 1:
            # A run that was killed between the two steps of `_link` left the finished file under both names:
            # writing into it would write into the finished file.
            self.part_path.unlink()
            self.stream.close()
            self.stream = locked_file(self.part_path)
        if not keep:
            self.stream.truncate(0)

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        """Write at the current position."""
        with self.failures():
            return self.stream.write(data)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write anywhere; safe to call from several threads."""
        with self.failures():
            rest = memoryview(data)
            while rest:
                written = os.pwrite(self.stream.fileno(), rest, offset)
                rest, offset = rest[written:], offset + written

    def read_at(self, offset: int, length: int) -> bytes:
        """Return what was written, as far as it is there."""
        with self.failures():
            return os.pread(self.stream.fileno(), length, offset)

    def sync(self) -> None:
        """Have what was written put on the disk."""
        with self.failures():
            os.fsync(self.stream.fileno())

    def finish(self) -> None:
        """Give the file its final name, once all of it is on the disk."""
        self.sync()
        with self.failures():
            if self._overwrite:
                self.part_path.replace(self.path)
            else:
                self._link()
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self.stream.close()

    def leave(self) -> None:
        """Close the file and leave it for the next run."""
        self.stream.close()

    def discard(self) -> None:
        """Remove what was written."""
        self.part_path.unlink(missing_ok=True)
        self.stream.close()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn the operating system's errors into messages."""
        try:
            yield
        except OSError as error:
            raise file_failure(error, name=str(self.path)) from None

    def _link(self) -> None:
        """Take the final name only if nobody has it meanwhile."""
        try:
            os.link(self.part_path, self.path)
        except FileExistsError:
            raise _exists(self.path) from None
        except OSError:
            # A file system without hard links.
            check_absent(self.path, overwrite=False)
            self.part_path.replace(self.path)
        else:
            self.part_path.unlink()


@contextmanager
def open_output(
    name: str, *, overwrite: bool, stream_allowed: bool = True
) -> Iterator[OutputFile | BinaryIO]:
    """Open a file that appears when the block ends well; `-`, a pipe or a device is written at once.

    Parameters
    ----------
    name
        A path, or `-`.
    overwrite
        Whether the file may replace one of this name.
    stream_allowed
        Whether it may be a pipe or a device. Where nobody named it, who knows who put it there.
    """
    if name == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if stream_allowed and is_stream(name):
        try:
            with _opened_stream(path) as stream:
                yield stream
        except OSError as error:
            raise file_failure(error, name=name) from None
        return
    output = OutputFile(path, overwrite=overwrite)
    try:
        yield output
        output.finish()
    except BaseException:
        with suppress(OSError):
            output.discard()
        raise


def _opened_stream(path: Path) -> BinaryIO:
    """Open a pipe or a device.

    In a folder that others may write to, somebody may have put a pipe where a file was to be made, and read
    what is written into it; or a file where the pipe was.
    """
    # Neither made nor emptied, in case it is no longer what it was.
    stream = open(os.open(path, os.O_WRONLY), "wb", buffering=0)  # noqa: PTH123, SIM115
    found = os.fstat(stream.fileno())
    own = getattr(os, "geteuid", lambda: found.st_uid)()
    if stat.S_ISREG(found.st_mode) or (stat.S_ISFIFO(found.st_mode) and found.st_uid != own):
        stream.close()
        raise UsageError(
            f"{path} is a pipe of somebody else, or a file by now: give -, or a name that nothing bears yet"
        )
    return stream


def check_absent(path: Path, *, overwrite: bool) -> None:
    """Raise ConflictError where a file bears this name already and may not be replaced."""
    try:
        if path.is_dir():
            raise ConflictError(f"{path} is a folder: name a file")
        if not path.parent.is_dir():
            raise UsageError(f"{path} cannot be written: there is no folder {path.parent}")
        if not overwrite and path.exists():
            raise _exists(path)
    except OSError as error:
        # A name that is too long, or a folder that may not be looked into.
        raise file_failure(error, name=str(path)) from None


def _exists(path: Path) -> ConflictError:
    return ConflictError(f"{path} exists already: --overwrite replaces it")


def is_stream(name: str) -> bool:
    """Tell whether an output is written once from its beginning to its end: `-`, a pipe, a device."""
    if name == STANDARD:
        return True
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
