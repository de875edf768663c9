"""`copy_to`: the whole of a message into a sink, through one buffer that nobody else may see changing."""

import io
import os
from collections.abc import Callable

import pytest

from envelope import ConfigurationError, MessageReader, MessageWriter, TagError
from tests.unit.message_cases import PiecewiseSource, StaticKeyring, reader_of
from tests.unit.message_reference import V1_SUITES, Message

_TEXT = b"".join(b"%09d " % number for number in range(7))
_MADE = Message(_TEXT, frame_length=10)


class _Refusing:
    """Keeps what it takes, and refuses one of the writes."""

    def __init__(self, failure: BaseException, *, refused: int) -> None:
        self.kept: list[bytes] = []
        self._failure, self._refused = failure, refused

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        if len(self.kept) == self._refused:
            self._refused = -1
            raise self._failure
        self.kept.append(bytes(data))
        return len(data)


@pytest.mark.parametrize("suite", [0x0478, 0x0578, *V1_SUITES])
@pytest.mark.parametrize("frame_length", [0, 1, 10, 35, 70, 100, 2**20 + 1])
def test_all_of_a_message_is_copied_whatever_its_frames_are(suite: int, frame_length: int) -> None:
    message = Message(_TEXT, suite=suite, frame_length=frame_length).whole()
    for source in (io.BytesIO(message), io.BufferedReader(io.BytesIO(message)), PiecewiseSource(message)):
        sink = io.BytesIO()
        reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={}, allow_uncommitted=True)
        assert (reader.copy_to(sink), sink.getvalue()) == (len(_TEXT), _TEXT)
        assert (reader.copy_to(sink), reader.read()) == (0, b"")


@pytest.mark.parametrize("before", [1, 10, 13, 70])
def test_a_copy_goes_on_where_reading_ended(before: int) -> None:
    reader, sink = reader_of(_MADE.whole()), io.BytesIO()
    assert reader.read(before) == _TEXT[:before]
    assert reader.copy_to(sink) == len(_TEXT) - before
    assert sink.getvalue() == _TEXT[before:]


@pytest.mark.parametrize("failure", [OSError("no space left"), KeyboardInterrupt("no more")], ids=repr)
def test_after_a_sink_that_failed_nothing_is_read_as_if_nothing_were_missing(failure: BaseException) -> None:
    reader, sink = reader_of(_MADE.whole()), _Refusing(failure, refused=2)
    again: list[Callable[[], object]] = [
        lambda: reader.copy_to(sink),
        reader.read,
        lambda: [*reader.frames()],
    ]
    for read in (lambda: reader.copy_to(sink), *again):
        with pytest.raises(type(failure), match=str(failure)):
            read()
    assert b"".join(sink.kept) == _TEXT[:20]


class _ReadingMeanwhile:
    """Reads from the reader once it has so many bytes, before it takes more; takes so many at a time."""

    def __init__(self, read: Callable[[], bytes], *, once_it_has: int = 0, at_most: int) -> None:
        self.found: bytes | None = None
        self.taken = bytearray()
        self._read, self._once_it_has, self._at_most = read, once_it_has, at_most

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        if self.found is None and len(self.taken) >= self._once_it_has:
            self.found = b""
            self.found = self._read()
        self.taken += data[: self._at_most]
        return len(data[: self._at_most])


def _copied(reader: MessageReader) -> bytes:
    sink = io.BytesIO()
    reader.copy_to(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("at_most", "once_it_has", "frame_end"),
    [(10, 0, 10), (10, 20, 30), (3, 0, 10), (3, 6, 10), (3, 20, 30), (3, 46, 50)],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda reader: reader.read(25),
        lambda reader: reader.read(40),
        lambda reader: reader.read1(4),
        lambda reader: next(reader.frames()),
        lambda reader: b"".join(list(reader.frames())),
        MessageReader.read,
        _copied,
    ],
    ids=["read 25", "read 40", "read1", "frame", "frames", "read", "copy"],
)
def test_a_sink_that_reads_meanwhile_gets_its_own_frame_and_in_order_what_it_did_not_read(
    read: Callable[[MessageReader], bytes], *, at_most: int, once_it_has: int, frame_end: int
) -> None:
    reader = reader_of(_MADE.whole())
    sink = _ReadingMeanwhile(lambda: read(reader), once_it_has=once_it_has, at_most=at_most)
    assert reader.copy_to(sink) == len(sink.taken)
    assert sink.found
    assert sink.taken[:frame_end] + sink.found + sink.taken[frame_end:] == _TEXT
    assert reader.read() == b""


@pytest.mark.parametrize("at_most", [3, 10])
def test_a_sink_that_meets_a_broken_frame_meanwhile_takes_nothing_but_what_is_authentic(at_most: int) -> None:
    frames = _MADE.frames()
    frames[2] = frames[2][:-1] + bytes([frames[2][-1] ^ 1])
    reader = reader_of(_MADE.whole(*frames))

    def refused() -> bytes:
        with pytest.raises(TagError, match="frame 3 does not authenticate"):
            reader.read(20)
        return b""

    sink = _ReadingMeanwhile(refused, at_most=at_most)
    with pytest.raises(TagError, match="frame 3 does not authenticate"):
        reader.copy_to(sink)
    assert sink.taken == _TEXT[:10]


def test_a_frame_that_does_not_authenticate_is_not_left_in_the_buffer() -> None:
    frames = _MADE.frames()
    broken = bytearray(frames[1])
    broken[-1] ^= 1
    buffers: list[memoryview] = []

    class Keeping(io.BytesIO):
        def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
            buffers.append(memoryview(data))
            return super().write(data)

    sink = Keeping()
    reader = reader_of(_MADE.header() + frames[0] + bytes(broken) + b"".join(frames[2:]))
    with pytest.raises(TagError, match=r"frame 2 does not authenticate.*; the 10 bytes that were handed out"):
        reader.copy_to(sink)
    assert (sink.getvalue(), bytes(buffers[0])) == (_TEXT[:10], bytes(10))


def test_a_file_that_has_nothing_yet_and_does_not_wait_is_refused() -> None:
    begun, ended = os.pipe()
    try:
        os.write(ended, _MADE.whole()[:-100])
        os.set_blocking(begun, False)
        with open(begun, "rb", buffering=0, closefd=False) as source:
            reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={})
            with pytest.raises(ConfigurationError, match="the source gave no bytes"):
                reader.copy_to(io.BytesIO())
    finally:
        os.close(begun)
        os.close(ended)


@pytest.mark.parametrize("base", [io.RawIOBase, io.BytesIO, io.BufferedIOBase])
def test_a_class_of_ones_own_is_read_by_its_read(base: type) -> None:
    class Own(base):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = _MADE.whole()

        def read(self, size: int = -1, /) -> bytes:
            taken, self.left = self.left[:size], self.left[size:]
            return taken

    sink = io.BytesIO()
    MessageReader(Own(), keyring=StaticKeyring(), encryption_context={}).copy_to(sink)
    assert sink.getvalue() == _TEXT


def test_what_was_written_by_the_writer_is_copied() -> None:
    message, sink = io.BytesIO(), io.BytesIO()
    with MessageWriter(message, keyring=StaticKeyring(), encryption_context={}) as writer:
        writer.write(_TEXT * 10_000)
    message.seek(0)
    assert MessageReader(message, keyring=StaticKeyring(), encryption_context={}).copy_to(sink) == 700_000
    assert sink.getvalue() == _TEXT * 10_000


@pytest.mark.parametrize("frame_length", [2**20, 2**20 + 1, 2**22])
def test_frames_of_a_mebibyte_and_more_are_copied_through_one_buffer_too(frame_length: int) -> None:
    plaintext = os.urandom(2 * frame_length + 5)
    message = Message(plaintext, frame_length=frame_length).whole()
    for source in (io.BytesIO(message), PiecewiseSource(message, at_most=300_000)):
        written: list[tuple[object, bytes]] = []

        class Keeping(io.BytesIO):
            def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
                written.append((memoryview(data).obj, bytes(data)))  # noqa: B023 - used within this turn
                return len(data)

        reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={})
        assert reader.copy_to(Keeping()) == len(plaintext)
        assert b"".join(data for _, data in written) == plaintext
        assert written[0][0] is written[1][0]
