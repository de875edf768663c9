"""The log of a transfer, and the files that are ours alone."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from client import transferlog
from client.outputfiles import OutputFile, open_output
from client.problems import UsageError
from client.transferlog import TransferLog, locked_file

IDENTITY = {"key": "k"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".a.upload"


def _begun(path: Path) -> TransferLog:
    log = TransferLog(path, identity=IDENTITY)
    log.begin({"upload_id": "u"})
    return log


class _ShortWrites:
    """A file that takes a few bytes at a time, as a nearly full disk may."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, data: memoryview) -> int:
        return int(self._stream.write(data[:3]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def test_a_name_that_no_file_can_have_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="File name too long"):
        OutputFile(tmp_path / ("a" * 300), overwrite=False)


def test_a_line_is_written_whole_in_however_many_writes(path: Path) -> None:
    log = _begun(path)
    log._stream = _ShortWrites(log._stream)  # type: ignore[assignment]
    log.append({"part": 1})
    log.close()
    again = TransferLog(path, identity=IDENTITY)
    assert (again.entries, again.torn) == ([{"part": 1}], False)
    again.close()


def test_a_torn_line_is_known_as_such_and_cut_off(path: Path) -> None:
    _begun(path).close()
    with path.open("ab") as stream:
        stream.write(b'{"part": 1}\n{"par')
    log = TransferLog(path, identity=IDENTITY)
    assert (log.entries, log.torn) == ([{"part": 1}], True)
    log.append({"part": 2})
    log.close()
    again = TransferLog(path, identity=IDENTITY)
    assert (again.entries, again.torn) == ([{"part": 1}, {"part": 2}], False)
    again.close()


def test_another_transfer_is_not_gone_on_with_and_its_state_is_told(path: Path) -> None:
    _begun(path).close()
    log = TransferLog(path, identity={"key": "other"})
    assert (log.state, log.given_up) == (None, {"upload_id": "u"})
    log.close()


@pytest.mark.parametrize(
    "content",
    [
        b"{}\n",
        b"hello\n",
        b'{"format": "sealed import progress 1"}\n',
        b"notes without a line's end",
        b'\n{"format": "sealed transfer 2"',
        b'{"format": "sealed import progress 1"',
    ],
)
def test_a_file_of_another_kind_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no log of this command"):
        TransferLog(path, identity=IDENTITY)
    assert path.read_bytes() == content


@pytest.mark.parametrize("length", [0, 1, 20, 40])
def test_a_log_whose_first_line_is_torn_is_begun_anew(path: Path, length: int) -> None:
    _begun(path).close()
    path.write_bytes(path.read_bytes()[:length])
    log = TransferLog(path, identity=IDENTITY)
    assert (log.state, log.torn) == (None, length > 0)
    log.begin({"upload_id": "v"})
    log.close()
    again = TransferLog(path, identity=IDENTITY)
    assert again.state == {"upload_id": "v"}
    again.close()


def test_a_log_is_held_by_one_at_a_time(path: Path) -> None:
    log = _begun(path)
    with pytest.raises(UsageError, match="another command is using"):
        TransferLog(path, identity=IDENTITY)
    log.remove()
    assert not path.exists()


@pytest.mark.parametrize("begun_anew", [False, True])
def test_who_locks_a_file_that_was_given_its_final_name_meanwhile_opens_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, begun_anew: bool
) -> None:
    first = OutputFile(tmp_path / "out", overwrite=False)
    first.write(b"all of it")
    lock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        # The other command has opened the unfinished file, and before it locks it this one finishes.
        monkeypatch.setattr(transferlog.fcntl, "flock", lock)
        first.finish()
        if begun_anew:
            # A third command has put a file of its own where the unfinished one was.
            (tmp_path / ".out.part").touch(0o600)
        lock(descriptor, operation)

    monkeypatch.setattr(transferlog.fcntl, "flock", late)
    other = locked_file(tmp_path / ".out.part")
    other.truncate(0)
    other.close()
    assert (tmp_path / "out").read_bytes() == b"all of it"


def test_a_finished_file_that_still_bears_its_first_name_too_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / ".out.part").write_bytes(b"finished")
    (tmp_path / ".out.part").chmod(0o600)
    os.link(tmp_path / ".out.part", tmp_path / "out")
    again = OutputFile(tmp_path / "out", overwrite=True)
    again.write(b"x")
    assert (tmp_path / "out").read_bytes() == b"finished"
    again.finish()
    assert (tmp_path / "out").read_bytes() == b"x"


@pytest.mark.parametrize("whose", ["ours", "somebody else's"])
def test_a_pipe_of_somebody_else_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    pipe = tmp_path / "out"
    os.mkfifo(pipe, 0o600)
    received: list[bytes] = []
    reader = threading.Thread(daemon=True, target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    if whose == "ours":
        with open_output(str(pipe), overwrite=False) as stream:
            stream.write(b"plaintext")
    else:
        # Only root can give a pipe away: so it is we who are somebody else.
        monkeypatch.setattr(os, "geteuid", lambda: pipe.stat().st_uid + 1)
        with (
            pytest.raises(UsageError, match="a pipe of somebody else"),
            open_output(str(pipe), overwrite=False) as stream,
        ):
            stream.write(b"plaintext")
    reader.join(30)
    assert received == [b"plaintext" if whose == "ours" else b""]
