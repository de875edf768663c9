"""How fast 64 MiB stream through each contender, from memory to memory and from file to file."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import names
from benchmarks.peers.cases import DIRECTIONS, FLOOR, OURS, PEER, Contender
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.rounds import CheckError, Measured, Plan, measure
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.spread import Spread
from benchmarks.peers.stream_ciphers import StreamCipher
from benchmarks.peers.stream_places import COPY, MESSAGE, PLAINTEXT, Content, InMemory, OnDisk, Place
from benchmarks.peers.streams import CONTENDERS, FRAMES, MIB, STREAM_MIB, TARGET_FRAME, loaded

ID = "stream-speed"
IN_MEMORY, IN_FILES = "memory", "files"
#: What ours is held to: at least so many times as fast as the other.
TARGETS = (
    ("bare AES-GCM with the same reads and writes", names.BARE, 0.85),
    ("aws-encryption-sdk as documented", names.STREAM_ITERATED, 3.0),
)
_HEAD = ("frames", "in", "who", "encrypt, MiB/s", "x bare", "decrypt, MiB/s", "x bare")
_KINDS = {names.BARE: FLOOR, names.MESSAGE_RAW: OURS}

# The fastest contenders take 10 ms for a stream, which is too short to be timed by itself.
_TURN_SECONDS = 0.05

#: By contender and direction.
Speeds = Mapping[str, Mapping[str, Measured]]


@dataclass(frozen=True, slots=True)
class Setting:
    """A frame length and where the streams lie; and how many rounds that is worth."""

    frame_length: int
    place: str
    rounds: int


_THOROUGH = (
    Setting(4 * 1024, IN_MEMORY, rounds=5),
    Setting(TARGET_FRAME, IN_MEMORY, rounds=31),
    Setting(TARGET_FRAME, IN_FILES, rounds=21),
    Setting(MIB, IN_MEMORY, rounds=9),
)
_QUICK = (Setting(TARGET_FRAME, IN_MEMORY, rounds=5),)


def contender(cipher: StreamCipher, place: Place) -> Contender:
    """Return a cipher that streams within a place, to be measured in turns with others."""

    def encrypt() -> str:
        # Before the first byte: whoever fails midway has written over the other's message all the same.
        place.author = cipher.name
        with place.reading(PLAINTEXT) as source, place.writing(MESSAGE) as sink:
            cipher.encrypt(source, sink)
        return cipher.name

    def decrypt(author: str) -> Content:
        if place.author != author:
            raise CheckError(f"{author}: its message is gone, since {place.author} wrote over it")
        with place.reading(MESSAGE) as source, place.writing(COPY) as sink:
            cipher.decrypt(source, sink)
        return Content(place, COPY)

    bound = cipher.name != names.BARE
    return Contender(
        cipher.name,
        _KINDS.get(cipher.name, PEER),
        names.BY_LOCAL_KEY,
        commits=bound,
        binds=bound,
        encrypt=encrypt,
        decrypt=decrypt,
        plaintext=Content(place, PLAINTEXT),
    )


def rows(setting: Setting, speeds: Speeds) -> Iterator[tuple[Cell, ...]]:
    """Yield a setting's lines of the table."""
    bare = speeds[names.BARE]
    for name, measured in speeds.items():
        cells: list[Cell] = [FRAMES[setting.frame_length], setting.place, name]
        for direction in DIRECTIONS:
            cells += [_mebibytes_per_second(measured[direction]), _ratio(measured, bare, direction)]
        yield tuple(cells)


def outcomes(setting: Setting, speeds: Speeds) -> Iterator[Outcome]:
    """Yield the targets' figures of a setting."""
    ours, frames = speeds[names.MESSAGE_RAW], FRAMES[setting.frame_length]
    for words, against, bound in TARGETS:
        for direction in DIRECTIONS:
            yield Outcome(
                f"speed of a stream of {STREAM_MIB} MiB, frames of {frames}, against {words}",
                f"{direction}, in {setting.place}",
                against,
                _ratio(ours, speeds[against], direction),
                bound,
                at_most=False,
            )


def _measure(quick: bool, told: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as a part is called
    lines: list[tuple[Cell, ...]] = []
    reached: list[Outcome] = []
    for setting in _settings(quick):
        with _place(setting.place) as place:
            speeds = _speeds(setting, place, told)
        lines += rows(setting, speeds)
        if setting.frame_length == TARGET_FRAME:
            reached += outcomes(setting, speeds)
    return Sheet(ID, _HEAD, tuple(lines), tuple(reached))


def _speeds(setting: Setting, place: Place, told: Callable[[], None]) -> Speeds:
    with place.writing(PLAINTEXT) as sink:
        sink.write(os.urandom(STREAM_MIB * MIB))
    ciphers = (loaded(name)(setting.frame_length) for name in CONTENDERS)
    contenders = [contender(cipher, place) for cipher in ciphers]
    plan = Plan(setting.rounds, turn_seconds=_TURN_SECONDS)
    return measure(contenders, plan, kms_calls=lambda: 0, told=told)


@contextmanager
def _place(name: str) -> Iterator[Place]:
    if name == IN_MEMORY:
        yield InMemory()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield OnDisk(Path(folder))


def _settings(quick: bool) -> Sequence[Setting]:  # noqa: FBT001 - as a part is called
    return _QUICK if quick else _THOROUGH


def _ratio(one: Mapping[str, Measured], other: Mapping[str, Measured], direction: str) -> float:
    """Return how many times as fast one is as the other."""
    return other[direction].seconds.median / one[direction].seconds.median


def _mebibytes_per_second(measured: Measured) -> str:
    """Return the median, and between what four of five turns lie: the longest turn is the slowest."""
    seconds = measured.seconds
    return Spread(
        STREAM_MIB / seconds.median, low=STREAM_MIB / seconds.high, high=STREAM_MIB / seconds.low
    ).told()


PART = Part(
    ID,
    "streams: speed",
    steps=lambda quick: sum(setting.rounds for setting in _settings(quick)),
    measure=_measure,
)
