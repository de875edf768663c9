"""Streams of the benchmarks: who takes part decrypts, memory is really seen, and targets are told."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers import names, stream_memory, stream_speed
from benchmarks.peers.outcomes import FALLS_SHORT, HOLDS
from benchmarks.peers.rounds import CheckError, Measured, check
from benchmarks.peers.spread import Spread
from benchmarks.peers.stream_ciphers import CONTEXT, KEY, BareStream, OurStream, Stream
from benchmarks.peers.stream_memory import Growth
from benchmarks.peers.stream_places import COPY, MESSAGE, PLAINTEXT, Content, InMemory, OnDisk, Place
from benchmarks.peers.stream_process import STATUS
from benchmarks.peers.stream_speed import IN_MEMORY, Setting, Speeds, contender
from benchmarks.peers.streams import CONTENDERS, FRAMES, MIB, TARGET_FRAME, loaded
from envelope import MessageReader, RawAesKeyring

_ROOT = Path(__file__).parents[2]
_PROC = pytest.mark.skipif(not STATUS.exists(), reason="reads its size from /proc")


def _filled(place: Place, length: int = 2 * MIB) -> Place:
    with place.writing(PLAINTEXT) as sink:
        sink.write(os.urandom(length))
    return place


@pytest.mark.parametrize("frame_length", FRAMES)
@pytest.mark.parametrize("name", CONTENDERS)
def test_each_contender_decrypts_what_it_encrypted(name: str, frame_length: int, tmp_path: Path) -> None:
    for place in (InMemory(), OnDisk(tmp_path)):
        _filled(place)
        check(contender(loaded(name)(frame_length), place))
        assert bytes(place.content(COPY)) == bytes(place.content(PLAINTEXT))


@pytest.mark.parametrize("name", [name for name in CONTENDERS if name != names.BARE])
def test_messages_are_in_the_frames_that_are_told_and_of_one_suite(name: str) -> None:
    place = _filled(InMemory())
    contender(loaded(name)(4096), place).encrypt()
    with place.reading(MESSAGE) as source:
        reader = MessageReader(
            source, keyring=RawAesKeyring("benchmark", "key", KEY), encryption_context=CONTEXT
        )
        assert (reader.header.fields.frame_length, reader.header.fields.suite.id) == (4096, 0x0478)
        assert reader.read() == bytes(place.content(PLAINTEXT))


class Broken(BareStream):
    """Does not decrypt what it encrypted."""

    def __init__(self, copy: bytes) -> None:
        super().__init__(TARGET_FRAME)
        self._copy = copy

    def decrypt(self, source: Stream, sink: Stream) -> None:
        super().decrypt(source, io.BytesIO())
        sink.write(self._copy)


@pytest.mark.parametrize("copy", ["nothing", "cut off", "too long", "flipped"])
def test_a_contender_that_does_not_decrypt_is_told_whatever_another_left(copy: str, tmp_path: Path) -> None:
    for place in (InMemory(), OnDisk(tmp_path)):
        _filled(place)
        plaintext = bytes(place.content(PLAINTEXT))
        check(contender(BareStream(TARGET_FRAME), place))
        flipped = bytes([plaintext[0] ^ 1]) + plaintext[1:]
        wrong = {"nothing": b"", "cut off": plaintext[:-1], "too long": plaintext + b"x", "flipped": flipped}
        with pytest.raises(CheckError, match="what was decrypted is not what was encrypted"):
            check(contender(Broken(wrong[copy]), place))


def test_what_another_wrote_in_between_is_decrypted_by_nobody_who_did_not_write_it() -> None:
    place = _filled(InMemory())
    bare, ours = (contender(loaded(name)(TARGET_FRAME), place) for name in (names.BARE, names.MESSAGE_RAW))
    stored = bare.encrypt()
    ours.encrypt()
    with pytest.raises(CheckError, match=f"{names.MESSAGE_RAW} wrote over it"):
        bare.decrypt(stored)


def test_a_message_is_gone_even_if_who_wrote_over_it_did_not_come_to_the_end() -> None:
    class Failing(OurStream):
        """Writes a good part of a message."""

        def encrypt(self, source: Stream, sink: Stream) -> None:
            super().encrypt(source, sink)
            raise OSError("no space left")

    place = _filled(InMemory())
    bare, failing = (contender(kind(TARGET_FRAME), place) for kind in (BareStream, Failing))
    stored = bare.encrypt()
    with pytest.raises(OSError, match="no space left"):
        failing.encrypt()
    with pytest.raises(CheckError, match=f"{names.MESSAGE_RAW} wrote over it"):
        bare.decrypt(stored)


def test_bare_aes_gcm_uses_no_nonce_twice_in_a_stream() -> None:
    sink = io.BytesIO()
    BareStream(4096).encrypt(io.BytesIO(bytes(MIB)), sink)
    frames = {sink.getvalue()[at : at + 4112] for at in range(0, len(sink.getvalue()), 4112)}
    assert len(frames) == MIB // 4096


def test_contents_are_compared_by_their_bytes_and_with_nothing_else() -> None:
    place = _filled(InMemory(), 10)
    assert Content(place, PLAINTEXT) == Content(place, PLAINTEXT)
    assert Content(place, PLAINTEXT) != bytes(place.content(PLAINTEXT))


def _speeds(ours: float) -> Speeds:
    seconds = {
        names.BARE: 0.0085,
        names.MESSAGE_RAW: ours,
        names.STREAM_ITERATED: 0.03,
        names.STREAM_FRAMES: 0.02,
    }
    return {
        name: {
            direction: Measured(Spread(one, one * 0.8, one * 2), kms_calls=0)
            for direction in ("encrypt", "decrypt")
        }
        for name, one in seconds.items()
    }


@pytest.mark.parametrize(("ours", "verdict"), [(0.01, HOLDS), (0.0101, FALLS_SHORT)])
def test_targets_of_speed_are_held_both_ways_by_the_median(ours: float, verdict: str) -> None:
    told = list(stream_speed.outcomes(Setting(TARGET_FRAME, IN_MEMORY, 1), _speeds(ours)))
    assert [one.verdict for one in told] == [verdict] * 4
    assert [one.asked for one in told] == ["at least 0.85 x"] * 2 + ["at least 3 x"] * 2
    assert [one.figure for one in told] == pytest.approx([0.0085 / ours] * 2 + [0.03 / ours] * 2)
    assert [one.way for one in told] == ["encrypt, in memory", "decrypt, in memory"] * 2


def test_speeds_are_told_in_mebibytes_with_their_spread_and_against_bare() -> None:
    rows = list(stream_speed.rows(Setting(TARGET_FRAME, IN_MEMORY, 1), _speeds(0.01)))
    assert [row[2] for row in rows] == list(CONTENDERS)
    ours = rows[1]
    assert ours[:4] == ("64 KiB", "memory", names.MESSAGE_RAW, "6,400 (3,200 to 8,000)")
    assert ours[4] == pytest.approx(0.85)


def _growth_of(run: str) -> int:
    program = f"from benchmarks.peers.stream_process import growth_of; print(growth_of(lambda: {run})[1])"
    paths = os.pathsep.join([str(_ROOT), str(_ROOT / "lambda_src")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


@_PROC
def test_memory_that_was_allocated_and_given_back_is_seen() -> None:
    assert _growth_of("None") < 2 * MIB
    assert 31 * MIB < _growth_of("bytes(b'x' * (32 * 2**20)) and None") < 34 * MIB


@_PROC
def test_a_stream_of_ours_takes_less_memory_than_its_content(tmp_path: Path) -> None:
    plaintext = tmp_path / "stream"
    plaintext.write_bytes(os.urandom(16 * MIB))
    measured = stream_memory.growths(names.MESSAGE_RAW, TARGET_FRAME, plaintext=plaintext)
    for growth in measured.values():
        assert 10 * MIB < growth.imported < 100 * MIB
        assert 0 < growth.above < 8 * MIB


@_PROC
def test_memory_of_a_stream_that_is_held_whole_is_seen(tmp_path: Path) -> None:
    plaintext = tmp_path / "stream"
    plaintext.write_bytes(os.urandom(16 * MIB))
    # The message is one frame, which no writer can let go before it is whole.
    measured = stream_memory.growths(names.MESSAGE_RAW, 16 * MIB, plaintext=plaintext)
    assert measured["encrypt"].above > 16 * MIB


def test_a_process_that_does_not_decrypt_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def growth(_name: str, _direction: str, _frame_length: int, _source: Path, sink: Path) -> Growth:
        sink.write_bytes(b"something else")
        return Growth(1, 1)

    monkeypatch.setattr(stream_memory, "_growth", growth)
    (tmp_path / "stream").write_bytes(b"plaintext")
    with pytest.raises(CheckError, match="ours"):
        stream_memory.growths(names.MESSAGE_RAW, TARGET_FRAME, plaintext=tmp_path / "stream")


@pytest.mark.parametrize(("above", "verdict"), [(8 * MIB, HOLDS), (8 * MIB + 1, FALLS_SHORT)])
def test_targets_of_memory_are_held_both_ways(above: int, verdict: str) -> None:
    both = {direction: Growth(30 * MIB, above) for direction in ("encrypt", "decrypt")}
    told = list(stream_memory.outcomes(both))
    assert [(one.way, one.verdict, one.asked) for one in told] == [
        ("encrypt", verdict, "at most 8 MiB"),
        ("decrypt", verdict, "at most 8 MiB"),
    ]


def test_parts_say_as_many_steps_as_they_take() -> None:
    steps: list[int] = []
    sheet = stream_speed.PART.measure(True, lambda: steps.append(1))  # noqa: FBT003 - as a part is called
    assert len(steps) == stream_speed.PART.steps(True)  # noqa: FBT003
    assert [row[:3] for row in sheet.rows] == [("64 KiB", "memory", name) for name in CONTENDERS]
    assert len(sheet.outcomes) == 4
