"""Writing over sinks of every temper, and what a writer leaves that was given up."""

import contextlib
import gc
import io
import itertools
import os
import random
from typing import Any

import pytest

from envelope import ConfigurationError, IntegrityError, KeyServiceError, MessageWriter, encrypt
from envelope.message_frames import MAX_SEQUENCE, FrameCipher
from tests.unit.message_cases import FullSink, PiecewiseSink, StaticKeyring, opened
from tests.unit.message_reference import DATA_KEY, Message

_TEXT = b"0123456789" * 4


def _writer(sink: Any, **settings: Any) -> MessageWriter:
    return MessageWriter(
        sink, **({"keyring": StaticKeyring(), "encryption_context": {}, "frame_length": 10} | settings)
    )


@pytest.mark.parametrize(
    "takes",
    [lambda _: 1, lambda size: (size + 1) // 2, lambda size: size, lambda _: None, lambda size: min(size, 7)],
    ids=["one byte", "half", "all", "None", "seven"],
)
@pytest.mark.parametrize("signed", [False, True])
def test_sinks_that_take_less_than_they_are_given_get_the_whole_message(takes: Any, *, signed: bool) -> None:
    sink = PiecewiseSink(takes)
    with _writer(sink, signed=signed) as writer:
        writer.write(_TEXT)
    assert opened(bytes(sink.taken)) == _TEXT


def test_a_sink_that_takes_nothing_fails_the_message() -> None:
    for answers in (iter([0]), iter([-1])):
        with pytest.raises(ConfigurationError, match="takes no bytes"):
            _writer(PiecewiseSink(lambda _, answers=answers: next(answers)))
    left = iter([1000, 0, 1000])
    writer = _writer(PiecewiseSink(lambda size: min(size, next(left))))
    with pytest.raises(ConfigurationError, match="takes no bytes"):
        writer.write(_TEXT)
    with pytest.raises(ConfigurationError, match="given up"):
        writer.close()


def test_a_pipe_that_is_full_and_does_not_block_fails_the_message() -> None:
    """Such a file answers None, which from others means that they took everything."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        writer = _writer(sink, frame_length=64 * 1024)
        with pytest.raises(ConfigurationError, match="blocking"):
            writer.write(bytes(2**20))
        with pytest.raises(ConfigurationError, match="given up"):
            writer.close()
        sink.close()
        with pytest.raises(IntegrityError):
            opened(source.read())


def test_plaintext_may_arrive_in_any_pieces_and_kinds_of_buffers() -> None:
    chosen = random.Random(4)  # noqa: S311 - reproducible pieces, no secrets
    for _ in range(50):
        sink, at = io.BytesIO(), 0
        with _writer(sink) as writer:
            while at < len(_TEXT):
                piece = _TEXT[at : at + chosen.randrange(25)]
                kind = chosen.choice([bytes, bytearray, memoryview])
                assert writer.write(kind(piece)) == len(piece)
                at += len(piece)
        assert opened(sink.getvalue()) == _TEXT


def test_wider_elements_count_by_their_bytes_and_the_caller_may_reuse_its_buffer() -> None:
    sink, buffer = io.BytesIO(), bytearray(b"12345678")
    with _writer(sink) as writer:
        assert writer.write(memoryview(buffer).cast("I")) == 8
        buffer[:] = b"........"
        assert writer.write(buffer) == 8
        buffer.clear()
    assert opened(sink.getvalue()) == b"12345678........"


def test_frames_are_written_as_soon_as_another_follows() -> None:
    sink = io.BytesIO()
    header = len(Message().header())
    with _writer(sink) as writer:
        sizes = [sink.tell() - header]
        for size in (0, 9, 1, 1, 9, 30):
            writer.write(bytes(size))
            sizes.append(sink.tell() - header)
    assert sizes == [0, 0, 0, 0, 42, 42, 4 * 42]
    assert sink.tell() - header == 4 * 42 + 50


def test_a_closed_writer_takes_nothing_more_and_may_be_closed_again() -> None:
    sink = io.BytesIO()
    writer = _writer(sink)
    writer.write(b"text")
    writer.close()
    written = sink.getvalue()
    writer.close()
    with writer:
        pass
    with pytest.raises(ConfigurationError, match="complete"):
        writer.write(b"")
    assert sink.getvalue() == written
    assert opened(written) == b"text"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("size", [0, 5, 10, 40])
def test_a_message_given_up_by_an_exception_is_refused(size: int, *, signed: bool) -> None:
    sink = io.BytesIO()
    writer = _writer(sink, signed=signed)
    with contextlib.suppress(ZeroDivisionError), writer:
        writer.write(_TEXT[:size])
        raise ZeroDivisionError
    for again in (writer.close, lambda: writer.write(b"")):
        with pytest.raises(ConfigurationError, match="given up"):
            again()
    with pytest.raises(IntegrityError):
        opened(sink.getvalue())


@pytest.mark.parametrize("size", [0, 5, 10, 40])
def test_a_writer_that_was_forgotten_completes_nothing(size: int) -> None:
    sink = io.BytesIO()
    writer = _writer(sink)
    writer.write(_TEXT[:size])
    written = sink.getvalue()
    del writer
    gc.collect()
    assert sink.getvalue() == written
    with pytest.raises(IntegrityError):
        opened(written)


@pytest.mark.parametrize("signed", [False, True])
def test_a_sink_that_fails_at_any_byte_leaves_a_message_that_is_refused(*, signed: bool) -> None:
    whole = io.BytesIO()
    with _writer(whole, signed=signed) as writer:
        writer.write(_TEXT)
    header = len(writer.header.serialized)
    for room in range(len(whole.getvalue())):
        sink = FullSink(room)
        if room < header:
            with pytest.raises(OSError, match="no space"):
                _writer(sink, signed=signed)
            continue
        writer = _writer(sink, signed=signed)
        with pytest.raises(OSError, match="no space"), writer:
            writer.write(_TEXT)
        before = bytes(sink.taken)
        for again in (writer.close, lambda writer=writer: writer.write(b"x")):
            with pytest.raises(ConfigurationError, match="given up"):
                again()
        assert bytes(sink.taken) == before
        with pytest.raises(IntegrityError):
            opened(before)


def test_catching_the_failure_within_the_block_does_not_complete_the_message() -> None:
    sink = FullSink(len(Message().header()) + 50)
    writer = _writer(sink).__enter__()
    with pytest.raises(OSError, match="no space"):
        writer.write(_TEXT)
    with pytest.raises(ConfigurationError, match="given up"):
        writer.write(b"more")
    with pytest.raises(ConfigurationError, match="given up"):
        writer.__exit__(None, None, None)
    with pytest.raises(IntegrityError):
        opened(bytes(sink.taken))


def test_text_is_not_taken_for_bytes() -> None:
    sink = io.BytesIO()
    with pytest.raises(TypeError), _writer(sink) as writer:
        writer.write("text")  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        opened(sink.getvalue())


def test_nothing_is_written_where_no_key_could_be_made() -> None:
    class Failing(StaticKeyring):
        def generate(self, encryption_context: Any) -> Any:  # noqa: ARG002
            raise KeyServiceError("throttled")

    sink = io.BytesIO()
    with pytest.raises(KeyServiceError):
        _writer(sink, keyring=Failing())
    assert sink.getvalue() == b""


def test_no_sequence_number_is_used_twice_and_the_last_one_is_kept_for_the_end() -> None:
    cipher = FrameCipher(DATA_KEY, message_id=bytes(32), frame_length=1)
    into = memoryview(bytearray(cipher.frame_size))
    cipher.encrypt_regular(MAX_SEQUENCE - 1, b"x", into)
    assert cipher.decrypt_regular(into, sequence=MAX_SEQUENCE - 1) == b"x"
    for sequence in (0, MAX_SEQUENCE, MAX_SEQUENCE + 1):
        with pytest.raises(ConfigurationError, match="at most 4294967295 frames"):
            cipher.encrypt_regular(sequence, b"x", into)
    sink = io.BytesIO()
    with _writer(sink, frame_length=1) as writer:
        writer.write(bytes(300))
    frames = sink.getvalue()[len(writer.header.serialized) :]
    ivs = [frames[at + 4 : at + 16] for at in range(0, 299 * 33, 33)]
    assert ivs == [number.to_bytes(12, "big") for number in range(1, 300)]
    assert frames[299 * 33 :][4:20] == (300).to_bytes(4, "big") + (300).to_bytes(12, "big")


@pytest.mark.parametrize("pieces", list(itertools.product((0, 1, 9, 10, 11, 25), repeat=3)))
def test_pieces_of_any_length_make_the_message_that_one_piece_makes(pieces: tuple[int, ...]) -> None:
    plaintext, at, sink = bytes(range(75)), 0, io.BytesIO()
    with MessageWriter(sink, keyring=StaticKeyring(), encryption_context={}, frame_length=10) as writer:
        for length in pieces:
            piece = bytearray(plaintext[at : at + length])
            writer.write(piece)
            piece[:] = bytes(length)  # the caller's buffer is the caller's again
            at += length
    assert opened(sink.getvalue()) == plaintext[:at]
    at_once = encrypt(plaintext[:at], keyring=StaticKeyring(), encryption_context={}, frame_length=10)
    assert len(sink.getvalue()) == len(at_once)
