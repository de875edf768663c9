"""Reading from sources of every temper: slow ones, pipes, empty ones, and what is no message at all."""

import base64
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from envelope import (
    ConfigurationError,
    MalformedMessageError,
    MessageReader,
    MessageWriter,
    TruncatedMessageError,
    read_range,
)
from envelope.byte_streams import ByteSource
from envelope.message_header import read_header
from tests.unit.message_cases import PiecewiseSource, StaticKeyring, UnusedKeyring, opened, reader_of
from tests.unit.message_reference import V1_SUITES, Message

_TEXT = b"0123456789" * 3 + b"01"
_SUITES = pytest.mark.parametrize("suite", [0x0478, 0x0578, *V1_SUITES], ids=lambda suite: f"{suite:04x}")


def _read(source: ByteSource) -> bytes:
    return MessageReader(
        source, keyring=StaticKeyring(), encryption_context={}, allow_uncommitted=True
    ).read()


@_SUITES
@pytest.mark.parametrize("frame_length", [0, 10, 16, 100])
@pytest.mark.parametrize("at_most", [1, 3, 1000])
def test_sources_may_hand_out_as_little_as_they_like(suite: int, frame_length: int, at_most: int) -> None:
    message = Message(_TEXT, suite=suite, frame_length=frame_length).whole()
    assert _read(PiecewiseSource(message, at_most=at_most)) == _TEXT


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_message_goes_through_a_named_pipe(tmp_path: Path, buffering: int) -> None:
    pipe, plaintext = tmp_path / "pipe", os.urandom(300_000)
    os.mkfifo(pipe)

    def write() -> None:
        with (
            pipe.open("wb", buffering=buffering) as sink,
            MessageWriter(sink, keyring=StaticKeyring(), encryption_context={}) as writer,
        ):
            for at in range(0, len(plaintext), 7000):
                writer.write(plaintext[at : at + 7000])

    writing = threading.Thread(target=write)
    writing.start()
    with pipe.open("rb", buffering=buffering) as source:
        assert _read(source) == plaintext
    writing.join()


def test_a_writer_that_dies_at_the_other_end_of_a_pipe_is_noticed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    message = Message(_TEXT).whole()
    writing = threading.Thread(target=lambda: pipe.write_bytes(message[:-10]))
    writing.start()
    with pipe.open("rb") as source, pytest.raises(TruncatedMessageError, match="ends within frame 4"):
        _read(source)
    writing.join()


@pytest.mark.parametrize("beginning", [b"", Message().whole()[:40]], ids=len)
def test_a_source_that_does_not_block_is_not_taken_for_one_that_has_ended(beginning: bytes) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as source, os.fdopen(writing, "wb", buffering=0) as sink:
        sink.write(beginning)
        with pytest.raises(ConfigurationError, match="blocking"):
            _read(source)


def test_empty_files_are_no_messages(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with empty.open("rb") as source, pytest.raises(TruncatedMessageError, match="empty file"):
        _read(source)
    with empty.open("rb") as source, pytest.raises(TruncatedMessageError, match="empty file"):
        read_range(source, 0, 1, keyring=UnusedKeyring(), encryption_context={})
    with pytest.raises(TruncatedMessageError, match="empty file"):
        opened(b"")


@_SUITES
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes, base64.urlsafe_b64encode])
def test_base64_in_place_of_bytes_is_named(suite: int, encode: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedMessageError, match="base64: decode"):
        opened(encode(Message(suite=suite).whole()))


@pytest.mark.parametrize(
    "data", [b"{}", b"PK\x03\x04", b"\x1f\x8b", b"Ag", b"AgR", b"hello world\n", b"\x7f"]
)
def test_other_files_are_named_as_no_messages(data: bytes) -> None:
    with pytest.raises(MalformedMessageError, match="not a message"):
        opened(data)


def test_text_files_are_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_bytes(Message().whole())
    for encoding in ("utf-8", "latin-1"):
        with path.open(encoding=encoding) as source, pytest.raises(ConfigurationError, match="binary mode"):
            _read(source)  # type: ignore[arg-type]
        with path.open(encoding=encoding) as source, pytest.raises(ConfigurationError, match="binary mode"):
            read_range(
                source,  # type: ignore[arg-type]
                0,
                1,
                keyring=UnusedKeyring(),
                encryption_context={},
            )


class _Odd(io.BytesIO):
    """Answers the call with this number oddly."""

    def __init__(self, data: bytes, *, call: int, answer: Callable[[bytes], object]) -> None:
        super().__init__(data)
        self._call, self._answer = call, answer

    def read(self, size: int | None = -1, /) -> bytes:
        self._call -= 1
        data = super().read(size)
        return self._answer(data) if self._call == 0 else data  # type: ignore[return-value]


@pytest.mark.parametrize(
    "answer",
    [lambda _: None, bytearray, lambda data: data.decode("latin-1"), lambda data: data + b"\0", lambda _: 1],
    ids=["None", "bytearray", "text", "more", "number"],
)
def test_sources_that_break_the_contract_are_refused_at_whichever_call(
    answer: Callable[[bytes], object],
) -> None:
    message = Message(_TEXT).whole()
    for call in range(1, 30):
        source = _Odd(message, call=call, answer=answer)
        try:
            assert _read(source) == _TEXT
        except ConfigurationError:
            continue
        except MalformedMessageError as error:
            # The one byte too many came in answer to the question whether there is one.
            assert "bytes follow" in str(error)  # noqa: PT017
    message = Message(bytes(5000), frame_length=1000).whole()
    for call in range(1, 3):
        with pytest.raises(ConfigurationError, match="source gave"):
            read_range(
                _Odd(message, call=call, answer=answer), 0, 1, keyring=StaticKeyring(), encryption_context={}
            )


def test_the_reader_is_a_binary_file_for_whoever_takes_one() -> None:
    made = Message(b"first line\nsecond\n\nlast", frame_length=7)
    assert reader_of(made.whole()).readlines() == [b"first line\n", b"second\n", b"\n", b"last"]
    assert io.TextIOWrapper(reader_of(made.whole())).read() == made.plaintext.decode()
    reader, into = reader_of(made.whole()), bytearray(5)
    assert (reader.readable(), reader.writable(), reader.seekable()) == (True, False, False)
    assert (reader.readinto(into), into) == (5, b"first")
    assert reader.read(None) == made.plaintext[5:]


def test_a_message_within_a_message_is_read_as_it_streams() -> None:
    inner = Message(_TEXT)
    outer = Message(inner.whole(), frame_length=9, message_id=bytes(32))
    assert _read(reader_of(outer.whole())) == _TEXT
    with pytest.raises(TruncatedMessageError):
        _read(reader_of(outer.whole()[:-1]))


def test_sources_are_left_open() -> None:
    source = io.BytesIO(Message(_TEXT).whole())
    with MessageReader(source, keyring=StaticKeyring(), encryption_context={}) as reader:
        assert reader.read() == _TEXT
    assert not source.closed
    assert read_range(source, 0, 1, keyring=StaticKeyring(), encryption_context={}) == b"0"
    assert not source.closed


def test_bytes_in_memory_are_taken_to_the_end_of_the_header_as_those_of_a_stream_are() -> None:
    made = Message(_TEXT)
    header, before = made.header(), b"what is before the message"
    source = io.BytesIO(before + made.whole() + b"after")
    source.seek(len(before))
    assert read_header(source).serialized == header
    assert source.tell() == len(before) + len(header)
    for length in range(len(header)):
        in_memory, streamed = io.BytesIO(header[:length]), io.BufferedReader(io.BytesIO(header[:length]))  # type: ignore[arg-type]
        refusals = []
        for begun in (in_memory, streamed):
            with pytest.raises(TruncatedMessageError) as refused:
                read_header(begun)
            refusals.append(str(refused.value))
        assert refusals[0] == refusals[1]


@pytest.mark.parametrize("frame_length", [1, 9, 32, 33, 64 * 1024])
def test_a_file_in_memory_may_grow_while_it_is_read(frame_length: int) -> None:
    message = Message(_TEXT, frame_length=frame_length).whole()
    header_length = len(Message(_TEXT, frame_length=frame_length).header())
    source = io.BytesIO(message[:header_length])
    reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={})
    source.seek(0, io.SEEK_END)
    source.write(message[header_length:])
    source.seek(header_length)
    assert reader.read() == _TEXT
