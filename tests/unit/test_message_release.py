"""When plaintext is handed out, and that an error stays an error: it never looks like the end."""

import io
import shutil

import pytest

from envelope import (
    EnvelopeError,
    IntegrityError,
    MalformedMessageError,
    MessageReader,
    SignatureError,
    TagError,
    TruncatedMessageError,
    decrypt,
)
from tests.unit.message_cases import BrokenSource, PiecewiseSource, StaticKeyring, opened, reader_of
from tests.unit.message_reference import V1_SUITES, Message

_TEXT = b"0123456789abcdefghijKLMNO"
_MADE = Message(_TEXT)


def _with_broken_tag(frame: bytes) -> bytes:
    return frame[:-1] + bytes([frame[-1] ^ 1])


@pytest.mark.parametrize("broken", range(3))
def test_nothing_of_a_frame_is_handed_out_before_its_tag_fits(broken: int) -> None:
    frames = _MADE.frames()
    frames[broken] = _with_broken_tag(frames[broken])
    reader = reader_of(_MADE.whole(*frames))
    assert b"".join(reader.read(1) for _ in range(10 * broken)) == _TEXT[: 10 * broken]
    with pytest.raises(TagError, match=f"frame {broken + 1} "):
        reader.read(1)


def test_nothing_is_read_ahead_of_the_frame_that_is_asked_for() -> None:
    source = io.BytesIO(_MADE.whole())
    reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={})
    assert source.tell() == len(_MADE.header())
    assert reader.read(1) == b"0"
    assert source.tell() == len(_MADE.header()) + len(_MADE.frames()[0])


def test_the_last_frame_waits_for_the_signature() -> None:
    made = _MADE.but(suite=0x0578)
    message = made.whole()
    unsigned = len(made.header()) + len(b"".join(made.frames()))
    for changed in (
        message[:unsigned],
        message[:-1],
        message[:-1] + bytes([message[-1] ^ 1]),
        message[: unsigned + 2] + made.but(message_id=bytes(32)).whole()[unsigned + 2 :],
        message + b"\0",
    ):
        reader = reader_of(changed)
        assert reader.read(20) == _TEXT[:20]
        for _ in range(2):
            with pytest.raises((SignatureError, MalformedMessageError)):
                reader.read(1)


@pytest.mark.parametrize("suite", [0x0578, 0x0378], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("frame_length", [0, 10, 25, 100])
def test_signatures_cover_header_and_every_frame(suite: int, frame_length: int) -> None:
    """Someone who has the data key can make all tags anew, and is refused by the signature alone."""
    made = Message(_TEXT, suite=suite, frame_length=frame_length)
    own_footer = made.whole()[
        len(made.header()) + len(b"".join(made.frames() if frame_length else [made.single_block()])) :
    ]
    assert opened(made.whole(), uncommitted=True) == _TEXT
    for forged in (made.but(plaintext=_TEXT[::-1]), made.but(plaintext=b"0123456789" + _TEXT[10:-1] + b"P")):
        frames = forged.frames() if frame_length else [forged.single_block()]
        with pytest.raises(SignatureError):
            opened(forged.header() + b"".join(frames) + own_footer, uncommitted=True)
    more = made.but(context={"more": "x"})
    frames = more.frames() if frame_length else [more.single_block()]
    with pytest.raises(SignatureError):
        opened(more.header() + b"".join(frames) + own_footer, uncommitted=True)


@pytest.mark.parametrize("suite", [0x0478, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
def test_nothing_of_a_single_block_is_handed_out_before_all_is_verified(suite: int) -> None:
    made = Message(_TEXT, suite=suite, frame_length=0)
    for changed in (made.whole()[:-1], _with_broken_tag(made.whole()), made.whole() + b"\0"):
        reader = reader_of(changed, uncommitted=True)
        for _ in range(2):
            with pytest.raises(IntegrityError):
                reader.read1(1)


def test_after_an_error_every_way_of_reading_raises_it_again() -> None:
    reader = reader_of(_MADE.whole()[:-1])
    assert reader.read(20) == _TEXT[:20]
    for again in (
        reader.read,
        reader.read1,
        lambda: reader.read(1),
        lambda: reader.readinto(bytearray(5)),
        reader.readline,
        reader.readlines,
        lambda: list(reader),
        lambda: list(reader.frames()),
        lambda: reader.copy_to(io.BytesIO()),
        lambda: shutil.copyfileobj(reader, io.BytesIO()),
        lambda: io.TextIOWrapper(reader).read(),
    ):
        with pytest.raises(TruncatedMessageError):
            again()


def test_errors_of_the_source_are_raised_again_though_the_source_recovers() -> None:
    class Recovering(BrokenSource):
        def read(self, size: int, /) -> bytes:
            try:
                return super().read(size)
            except OSError:
                self._file = io.BytesIO(b"")
                self.read = self._file.read  # type: ignore[method-assign]
                raise

    reader = MessageReader(Recovering(_MADE.whole()[:-30]), keyring=StaticKeyring(), encryption_context={})
    assert reader.read(20) == _TEXT[:20]
    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            reader.read(1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, StopIteration, GeneratorExit])
def test_interruptions_are_no_end_either(error: type[BaseException]) -> None:
    class Interrupted(PiecewiseSource):
        def read(self, size: int, /) -> bytes:
            data = super().read(size)
            if self.calls > len(_MADE.header()) + 50:
                raise error
            return data

    reader = MessageReader(Interrupted(_MADE.whole()), keyring=StaticKeyring(), encryption_context={})
    assert reader.read(1) == b"0"
    assert reader.read(9) == b"123456789"
    for _ in range(3):
        with pytest.raises((error, RuntimeError)):
            reader.read(1)


def test_errors_say_how_much_was_handed_out_and_that_it_is_not_the_whole() -> None:
    reader = reader_of(_MADE.whole()[:-1])
    assert reader.read(7) + reader.read1() + reader.read(4) == _TEXT[:14]
    assert reader.read1() == _TEXT[14:20]
    with pytest.raises(TruncatedMessageError, match=r"the 20 bytes .* authentic, but .* not the whole"):
        reader.read(1)
    released: list[bytes] = []
    with pytest.raises(TruncatedMessageError, match="the 20 bytes"):
        released.extend(reader_of(_MADE.whole()[:-1]).frames())
    assert b"".join(released) == _TEXT[:20]


def test_bytes_that_a_failed_call_did_not_return_do_not_count_as_handed_out() -> None:
    reader = reader_of(_MADE.whole()[:-1])
    assert reader.read(3) == b"012"
    with pytest.raises(TruncatedMessageError, match="the 3 bytes"):
        reader.read()
    for call in (lambda: opened(_MADE.whole()[:-1]), lambda: reader_of(_MADE.whole()[:-1]).read(21)):
        with pytest.raises(TruncatedMessageError) as refused:
            call()
        assert "handed out" not in str(refused.value)


def test_errors_before_the_first_byte_speak_of_none() -> None:
    with pytest.raises(EnvelopeError) as refused:
        opened(_MADE.whole(_with_broken_tag(_MADE.frames()[0])))
    assert "handed out" not in str(refused.value)


def test_the_verified_end_stays_the_end() -> None:
    reader = reader_of(_MADE.whole())
    assert reader.read() == _TEXT
    assert [reader.read(), reader.read(1), reader.read1(), reader.read(0), list(reader.frames())] == [
        b"",
        b"",
        b"",
        b"",
        [],
    ]
    assert decrypt(_MADE.whole(), keyring=StaticKeyring(), encryption_context={}) == _TEXT
