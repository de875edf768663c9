"""A message that was cut, prolonged or put together anew is refused at whichever byte that happened."""

import io
import itertools

import pytest

from envelope import IntegrityError, MalformedMessageError, MessageReader, TagError, TruncatedMessageError
from tests.unit.message_cases import BrokenSource, PiecewiseSource, StaticKeyring, opened, reader_of
from tests.unit.message_reference import V1_SUITES, Message

_TEXT = b"0123456789" * 3 + b"01"
_MADE = Message(_TEXT)


@pytest.mark.parametrize("suite", [0x0478, 0x0578, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("frame_length", [0, 10, 32, 100])
def test_a_message_cut_at_any_length_is_refused_as_truncated(suite: int, frame_length: int) -> None:
    message = Message(_TEXT, suite=suite, frame_length=frame_length).whole()
    assert opened(message, uncommitted=True) == _TEXT
    for length in range(len(message)):
        with pytest.raises(TruncatedMessageError):
            opened(message[:length], uncommitted=True)


def test_a_message_cut_at_a_border_of_frames_has_given_out_the_frames_before() -> None:
    header, frames = _MADE.header(), _MADE.frames()
    for whole in range(len(frames)):
        reader = reader_of(header + b"".join(frames[:whole]))
        released: list[bytes] = []
        with pytest.raises(TruncatedMessageError):
            released.extend(reader.frames())
        assert released == [b"0123456789"] * whole


@pytest.mark.parametrize("suite", [0x0478, 0x0578, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("frame_length", [0, 10, 32, 100])
def test_bytes_after_the_message_are_refused(suite: int, frame_length: int) -> None:
    message = Message(_TEXT, suite=suite, frame_length=frame_length).whole()
    for more in (b"\0", b"\n", b"\xff" * 4, bytes(500), message):
        with pytest.raises(MalformedMessageError, match="follow"):
            opened(message + more, uncommitted=True)
        with pytest.raises(MalformedMessageError, match="follow"):
            MessageReader(
                PiecewiseSource(message + more),
                keyring=StaticKeyring(),
                encryption_context={},
                allow_uncommitted=True,
            ).read()


def test_every_other_order_and_choice_of_frames_is_refused() -> None:
    frames = _MADE.frames()
    tried = 0
    for count in range(1, len(frames) + 2):
        for chosen in itertools.product(frames, repeat=count):
            if list(chosen) != frames:
                tried += 1
                with pytest.raises(IntegrityError):
                    opened(_MADE.whole(*chosen))
    assert tried == 4 + 4**2 + 4**3 + 4**4 + 4**5 - 1


@pytest.mark.parametrize("position", range(4))
def test_frames_of_another_message_under_the_same_key_are_refused(position: int) -> None:
    other = _MADE.but(message_id=bytes(32)).frames()
    frames = _MADE.frames()
    frames[position] = other[position]
    with pytest.raises(TagError, match="another message"):
        opened(_MADE.whole(*frames))


@pytest.mark.parametrize("position", range(4))
def test_frames_with_another_number_are_refused_though_they_authenticate_under_it(position: int) -> None:
    frames = _MADE.frames()
    for number in (0, position + 2, 0xFFFFFFFE):
        content = _TEXT[10 * position :][:10]
        forged = (_MADE.frame if position < 3 else _MADE.final_frame)(number, content)
        changed = [*frames[:position], forged, *frames[position + 1 :]]
        with pytest.raises(MalformedMessageError, match=str(position + 1)):
            opened(_MADE.whole(*changed))


def test_a_frame_that_was_made_last_is_not_accepted_as_the_message_goes_on() -> None:
    first, *rest = _MADE.frames()
    ended = _MADE.whole(_MADE.final_frame(1, b"0123456789"))
    assert opened(ended) == b"0123456789"
    with pytest.raises(MalformedMessageError, match="follow"):
        opened(_MADE.whole(_MADE.final_frame(1, b"0123456789"), *rest))
    as_last = b"\xff" * 4 + first[:16] + b"\0\0\0\x0a" + first[16:]
    with pytest.raises(TagError):
        opened(_MADE.whole(as_last))
    last = _MADE.final_frame(1, b"0123456789")
    with pytest.raises(TagError):
        opened(_MADE.whole(last[4:20] + last[24:], *rest))


def test_a_final_frame_without_the_full_number_before_it_cannot_be_reached() -> None:
    made = Message(_TEXT, frame_length=32)
    (only,) = made.frames()
    for cut in range(1, 4):
        with pytest.raises(IntegrityError):
            opened(made.whole(only[cut:]))


@pytest.mark.parametrize("suite", [0x0478, 0x0578], ids=lambda suite: f"{suite:04x}")
def test_a_source_that_fails_at_any_length_never_looks_like_the_end(suite: int) -> None:
    message = Message(_TEXT, suite=suite).whole()
    for length in range(len(message)):
        source = BrokenSource(message[:length])
        try:
            reader = MessageReader(source, keyring=StaticKeyring(), encryption_context={})
        except OSError:
            continue
        for _ in range(3):
            with pytest.raises(OSError, match="gone"):
                reader.read()
        assert reader.header.serialized == Message(suite=suite).header()


def test_signed_footers_of_other_messages_and_lengths_are_refused() -> None:
    made = Message(_TEXT, suite=0x0578)
    message = made.whole()
    other = made.but(message_id=bytes(32)).whole()
    unsigned = made.header() + b"".join(made.frames())
    assert message.startswith(unsigned)
    signature = message[len(unsigned) + 2 :]
    for forged in (
        b"",
        b"\0",
        b"\0\0",
        other[len(unsigned) :],
        (len(signature) - 1).to_bytes(2, "big") + signature[:-1],
        (len(signature) + 1).to_bytes(2, "big") + signature + b"\0",
        b"\xff\xff" + signature,
        b"\xff\xff" + signature.ljust(0xFFFF, b"\0"),
    ):
        with pytest.raises(IntegrityError):
            opened(unsigned + forged)
        reader = MessageReader(io.BytesIO(unsigned + forged), keyring=StaticKeyring(), encryption_context={})
        assert reader.read(30) == _TEXT[:30]
        with pytest.raises(IntegrityError):
            reader.read(1)
