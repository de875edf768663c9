"""What memory 64 MiB take while they stream from file to file: each contender in processes of its own."""

import filecmp
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.peers import names
from benchmarks.peers.cases import DIRECTIONS
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.rounds import CheckError
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.stream_process import STATUS
from benchmarks.peers.streams import CONTENDERS, FRAMES, MIB, STREAM_MIB, TARGET_FRAME

ID = "stream-memory"
MOST_MIB = 8
_HEAD = ("frames", "who", "imports, MiB", "encrypt, MiB above", "decrypt, MiB above")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes that a process has in memory once its imports are done, and the most above that."""

    imported: int
    above: int


def growths(name: str, frame_length: int, *, plaintext: Path) -> dict[str, Growth]:
    """Return what a contender takes, by direction.

    Parameters
    ----------
    name
        The contender.
    frame_length
        Bytes.
    plaintext
        The file to encrypt; message and copy are put beside it.

    Raises
    ------
    CheckError
        It does not decrypt what it encrypted.
    """
    message, copy = plaintext.with_suffix(".message"), plaintext.with_suffix(".copy")
    measured = {
        "encrypt": _growth(name, "encrypt", frame_length, plaintext, message),
        "decrypt": _growth(name, "decrypt", frame_length, message, copy),
    }
    if not filecmp.cmp(plaintext, copy, shallow=False):
        raise CheckError(f"{name}: what was decrypted is not what was encrypted")
    return measured


def outcomes(measured: Mapping[str, Growth]) -> Iterator[Outcome]:
    """Yield the targets' figures, of ours."""
    for direction in DIRECTIONS:
        yield Outcome(
            f"memory of a stream of {STREAM_MIB} MiB, frames of {FRAMES[TARGET_FRAME]}, above its imports",
            direction,
            "its imports",
            measured[direction].above / MIB,
            MOST_MIB,
            at_most=True,
            unit="MiB",
        )


def _measure(quick: bool, told: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as a part is called
    if not STATUS.exists():
        return Sheet(ID, _HEAD, ())
    rows: list[tuple[Cell, ...]] = []
    reached: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        plaintext = Path(folder) / "stream"
        plaintext.write_bytes(os.urandom(STREAM_MIB * MIB))
        for frame_length, name in _settings(quick):
            measured = growths(name, frame_length, plaintext=plaintext)
            imported = max(one.imported for one in measured.values())
            above = (measured[direction].above / MIB for direction in DIRECTIONS)
            rows.append((FRAMES[frame_length], name, imported / MIB, *above))
            if name == names.MESSAGE_RAW and frame_length == TARGET_FRAME:
                reached += outcomes(measured)
            told()
    return Sheet(ID, _HEAD, tuple(rows), tuple(reached))


def _growth(name: str, direction: str, frame_length: int, source: Path, sink: Path) -> Growth:
    module = "benchmarks.peers.stream_process"
    done = subprocess.run(  # noqa: S603 - this interpreter, and what is given above
        [sys.executable, "-m", module, name, direction, str(frame_length), str(source), str(sink)],
        env={**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'lambda_src'}"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Growth(*map(int, done.stdout.split()))


def _settings(quick: bool) -> list[tuple[int, str]]:  # noqa: FBT001 - as a part is called
    """Return frame lengths and contenders."""
    return [(TARGET_FRAME, names.MESSAGE_RAW)] if quick else list(product(FRAMES, CONTENDERS))


PART = Part(ID, "streams: memory", steps=lambda quick: len(_settings(quick)), measure=_measure)
