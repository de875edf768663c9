"""A command on large content that is asked to end leaves no plaintext behind."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.object_commands import Commands

# More than is read at once.
SIZE = 4 * 1024 * 1024


def _decrypting(sealed_here: Commands, *, ignored: signal.Signals | None = None) -> subprocess.Popen[bytes]:
    """Begin to decrypt what standard input will give; some signal is ignored, as `nohup` has it."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if ignored is not None:
            signal.signal(ignored, signal.SIG_IGN)

    words = ("decrypt", "-", "--tenant", "acme", "--object", "t", "--output", "out")
    return subprocess.Popen(
        sealed_here.command(*words),
        cwd=sealed_here.folder,
        env=sealed_here.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=prepare,  # noqa: PLW1509 - no thread is begun here
    )


def _feed(running: subprocess.Popen[bytes], data: bytes) -> None:
    assert running.stdin is not None
    running.stdin.write(data)
    running.stdin.flush()


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that within 30 seconds")


def _has_plaintext(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


@pytest.fixture
def message(sealed_here: Commands) -> bytes:
    sealed_here.file("in", SIZE)
    sealed_here("encrypt", "in", "--tenant", "acme", "--object", "t").document()
    stored = (sealed_here.folder / "in.sealed").read_bytes()
    (sealed_here.folder / "in.sealed").unlink()
    return stored


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_asked_to_end_takes_away_what_is_not_whole(
    sealed_here: Commands, message: bytes, by: signal.Signals
) -> None:
    running = _decrypting(sealed_here)
    _feed(running, message[: SIZE // 2])
    _wait_until(lambda: _has_plaintext(sealed_here.folder / ".out.part"))
    running.send_signal(by)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, b"")
    assert err.endswith(b"interrupted\n")
    assert b"Traceback" not in err
    assert sealed_here.names() == ["in"]


@pytest.mark.parametrize("ignored", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_so(
    sealed_here: Commands, message: bytes, ignored: signal.Signals
) -> None:
    running = _decrypting(sealed_here, ignored=ignored)
    _feed(running, message[: SIZE // 2])
    _wait_until(lambda: _has_plaintext(sealed_here.folder / ".out.part"))
    running.send_signal(ignored)
    running.communicate(message[SIZE // 2 :], timeout=30)
    assert running.returncode == 0
    assert (sealed_here.folder / "out").read_bytes() == (sealed_here.folder / "in").read_bytes()
