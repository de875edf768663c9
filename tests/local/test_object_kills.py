"""`sealed` killed at random moments: the next run ends with the same bytes, and no half file bears the name.

`make kills` runs 20 of each; a plain run of the tests one.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.local.object_commands import PART, Commands

KILLS = int(os.environ.get("SEALED_KILLS", "1"))
PARTS = 6
LENGTH = PARTS * PART - 77
_SECONDS_OF_A_PART = 0.15


@pytest.fixture
def content(sealed_here: Commands) -> bytes:
    return sealed_here.file("in", LENGTH, seed=9)


@pytest.fixture(params=range(KILLS))
def chance(request: pytest.FixtureRequest) -> random.Random:
    """A seed of its own for each kill, the same in every run."""
    return random.Random(f"{request.node.originalname}-{request.param}")  # noqa: S311


@pytest.fixture
def name() -> str:
    return f"k-{uuid4().hex[:12]}"


def _start(sealed_here: Commands, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        sealed_here.command(*words),
        cwd=sealed_here.folder,
        env=sealed_here.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(running: subprocess.Popen[bytes]) -> bool:
    """Kill it as the system would; tell whether it still ran."""
    running.send_signal(signal.SIGKILL)
    return running.wait(30) == -signal.SIGKILL


def _wait_for(running: subprocess.Popen[bytes], condition: Iterator[bool]) -> None:
    ends = time.monotonic() + 60
    while running.poll() is None and not next(condition):
        assert time.monotonic() < ends
        time.sleep(0.002)


def _asked_for(sealed_here: Commands, operation: str, *, times: int) -> Iterator[bool]:
    """Tell, as often as it is asked, whether an operation was asked for so often from now on."""
    begun = sum(request.operation == operation for request in sealed_here.aws.requests("s3"))
    while True:
        so_far = sum(request.operation == operation for request in sealed_here.aws.requests("s3"))
        yield so_far - begun >= times


def test_an_upload(sealed_here: Commands, content: bytes, name: str, chance: random.Random) -> None:
    sealed_here.aws.fail_next("s3", "UploadPart", delay=_SECONDS_OF_A_PART, times=PARTS)
    parts = _asked_for(sealed_here, "UploadPart", times=chance.randrange(PARTS))
    running = _start(sealed_here, "object", "put", "acme", name, "in", "--concurrency", "2")
    _wait_for(running, _there(sealed_here.folder, ".upload"))
    _wait_for(running, parts)
    time.sleep(chance.uniform(0, 2 * _SECONDS_OF_A_PART))
    _kill(running)
    sealed_here.aws.clear_faults()
    # An upload that S3 has begun and the log does not name yet is left to the bucket's lifecycle.
    unnamed = any(log.stat().st_size == 0 for log in sealed_here.folder.glob(".in.*.upload"))
    seen = sealed_here("object", "cat", "acme", name)
    assert (seen.code, seen.out) in ((3, b""), (0, content))
    ended = sealed_here("object", "put", "acme", name, "in")
    # Killed after it was done, and before it ended: the next run may find its log, or only the object.
    assert ended.code in ((0,) if seen.code else (0, 4)), ended.err
    assert sealed_here("object", "cat", "acme", name).out == content
    assert sealed_here.names() == ["in"]
    assert sealed_here.unfinished(name) <= unnamed


def test_a_download(sealed_here: Commands, content: bytes, name: str, chance: random.Random) -> None:
    sealed_here("object", "put", "acme", name, "in").document()
    sealed_here.aws.fail_next("s3", "GetObject", delay=_SECONDS_OF_A_PART, times=PARTS + 1)
    parts = _asked_for(sealed_here, "GetObject", times=1 + chance.randrange(PARTS))
    running = _start(sealed_here, "object", "get", "acme", name, "-o", "out", "--concurrency", "2")
    _wait_for(running, _there(sealed_here.folder, ".download"))
    _wait_for(running, parts)
    time.sleep(chance.uniform(0, 2 * _SECONDS_OF_A_PART))
    _kill(running)
    sealed_here.aws.clear_faults()
    is_there = (sealed_here.folder / "out").exists()
    if is_there:
        assert (sealed_here.folder / "out").read_bytes() == content
    ended = sealed_here("object", "get", "acme", name, "-o", "out")
    assert ended.code == (4 if is_there else 0), ended.err
    assert (sealed_here.folder / "out").read_bytes() == content
    assert sealed_here.names() == ["in", "out"]


@pytest.mark.parametrize("words", [("encrypt", "in"), ("decrypt", "in.sealed", "-o", "out")])
def test_a_file(
    sealed_here: Commands, content: bytes, name: str, chance: random.Random, words: tuple[str, ...]
) -> None:
    of = ("--tenant", "acme", "--object", name)
    big = sealed_here.file("in", 20 * PART, seed=9)
    out = "in.sealed"
    if words[0] == "decrypt":
        sealed_here("encrypt", "in", *of).document()
        out = "out"
    running = _start(sealed_here, *words, *of)
    _wait_for(running, _there(sealed_here.folder, ".part"))
    time.sleep(chance.uniform(0, 0.15))
    _kill(running)
    is_there = (sealed_here.folder / out).exists()
    ended = sealed_here(*words, *of)
    assert ended.code == (4 if is_there else 0), ended.err
    sealed_here("decrypt", "in.sealed", *of, "-o", "again").document()
    assert (sealed_here.folder / "again").read_bytes() == big
    if words[0] == "decrypt":
        assert (sealed_here.folder / "out").read_bytes() == big
    assert [found for found in sealed_here.names() if found.startswith(".")] == []


def _there(folder: Path, ending: str) -> Iterator[bool]:
    while True:
        yield any(path.name.endswith(ending) for path in folder.iterdir())
