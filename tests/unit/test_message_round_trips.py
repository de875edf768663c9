"""What is encrypted is decrypted, at every border of frames and contexts; library and reference agree."""

import io
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envelope import ConfigurationError, MessageReader, MessageWriter, decrypt, encrypt
from envelope.message_header import MAX_HEADER_LENGTH
from tests.unit.message_cases import CONTEXT, KEYRING, StaticKeyring, opened
from tests.unit.message_reference import DATA_KEY, V1_SUITES, Message

_EXAMPLES = int(os.environ.get("SEALED_EXAMPLES", "60"))
_FRAME_LENGTHS = [1, 2, 15, 16, 17, 255, 4096, 65_537, 1_000_003]


def _sizes(frame_length: int) -> list[int]:
    return sorted({0, 1, frame_length - 1, frame_length, frame_length + 1, 10 * frame_length})


def _text(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("frame_length", _FRAME_LENGTHS)
def test_every_size_around_the_borders_of_frames_round_trips(frame_length: int, *, signed: bool) -> None:
    for size in _sizes(frame_length):
        plaintext = _text(size)
        message = encrypt(
            plaintext,
            keyring=KEYRING,
            encryption_context=CONTEXT,
            required=["tenant"],
            frame_length=frame_length,
            signed=signed,
        )
        assert decrypt(message, keyring=KEYRING, encryption_context=CONTEXT) == plaintext


def test_messages_hold_all_their_frames_and_no_empty_one_but_for_empty_plaintext() -> None:
    empty = len(encrypt(b"", keyring=KEYRING, encryption_context={}, frame_length=7))
    for size in range(30):
        message = encrypt(_text(size), keyring=KEYRING, encryption_context={}, frame_length=7)
        regular = max(0, size - 1) // 7
        assert len(message) == empty + size + 32 * regular


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("frame_length", [1, 7, 64, 64 * 1024])
def test_what_is_encrypted_at_once_and_what_is_written_in_pieces_is_the_reference_to_the_byte(
    frame_length: int, kind: Callable[[bytes], bytes]
) -> None:
    for size in _sizes(frame_length):
        plaintext, sink = kind(_text(size)), io.BytesIO()
        whole = encrypt(
            plaintext, keyring=StaticKeyring(), encryption_context=CONTEXT, frame_length=frame_length
        )
        with MessageWriter(
            sink, keyring=StaticKeyring(), encryption_context=CONTEXT, frame_length=frame_length
        ) as writer:
            for at in range(0, size, 100):
                writer.write(plaintext[at : at + 100])
        for message in (whole, sink.getvalue()):
            # The message id is all that is random where the keyring has one key.
            made = Message(_text(size), frame_length=frame_length, context=CONTEXT, message_id=message[3:35])
            assert message == made.whole()


def test_frames_of_the_greatest_length_round_trip() -> None:
    plaintext = bytes(16 * 1024 * 1024 + 1)
    message = encrypt(plaintext, keyring=KEYRING, encryption_context={}, frame_length=16 * 1024 * 1024)
    assert decrypt(message, keyring=KEYRING, encryption_context={}) == plaintext


@pytest.mark.parametrize("frame_length", [0, -1, 16 * 1024 * 1024 + 1, 2**32])
def test_frame_lengths_that_no_reader_accepts_are_not_written(frame_length: int) -> None:
    with pytest.raises(ConfigurationError, match="frame_length"):
        encrypt(b"", keyring=KEYRING, encryption_context={}, frame_length=frame_length)


@pytest.mark.parametrize("suite", [0x0478, 0x0578, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("frame_length", [0, 1, 6, 7, 8, 100])
def test_messages_of_the_reference_are_read(suite: int, frame_length: int) -> None:
    for size in (0, 1, 6, 7, 8, 70):
        made = Message(_text(size), suite=suite, frame_length=frame_length, context=CONTEXT)
        opened_text = decrypt(
            made.whole(), keyring=StaticKeyring(), encryption_context=CONTEXT, allow_uncommitted=True
        )
        assert opened_text == made.plaintext


def test_an_empty_final_frame_after_a_full_one_is_read() -> None:
    made = Message(frame_length=7)
    assert opened(made.whole(made.frame(1, b"7 bytes"), made.final_frame(2, b""))) == b"7 bytes"


def test_ivs_are_read_from_the_frames() -> None:
    made, iv = Message(frame_length=7), bytes(range(12))
    frames = made.frame(1, b"7 bytes", iv=iv), made.final_frame(2, b"more", iv=iv[::-1])
    assert opened(made.whole(*frames)) == b"7 bytesmore"


def test_contexts_up_to_the_greatest_header_round_trip() -> None:
    keyring = StaticKeyring()
    smallest = encrypt(b"x", keyring=keyring, encryption_context={})
    header = len(smallest) - len(b"x") - 40
    room = MAX_HEADER_LENGTH - header - len("\0\0" + "\0\0k" + "\0\0")
    for length in (0, 1, 255, 256, room):
        context = {"k": "v" * length}
        message = encrypt(b"x", keyring=keyring, encryption_context=context)
        assert len(message) == len(smallest) + 7 + length
        assert decrypt(message, keyring=keyring, encryption_context=context) == b"x"
    with pytest.raises(ConfigurationError, match="header"):
        encrypt(b"x", keyring=keyring, encryption_context={"k": "v" * (room + 1)})
    required = {"k": "v" * (0xFFFF - 2 - 7)}
    message = encrypt(b"x", keyring=keyring, encryption_context=required, required=["k"])
    assert len(message) == len(smallest)
    assert decrypt(message, keyring=keyring, encryption_context=required) == b"x"
    with pytest.raises(ConfigurationError, match="allowed"):
        encrypt(b"x", keyring=keyring, encryption_context={"k": required["k"] + "v"}, required=["k"])


@settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_generated_messages_are_read_by_the_library_in_any_pieces(data: st.DataObject) -> None:
    context = data.draw(
        st.dictionaries(
            st.text(max_size=8).filter(lambda key: not key.startswith("aws-crypto-")),
            st.text(max_size=8),
            max_size=5,
        )
    )
    required = data.draw(st.sets(st.sampled_from(sorted(context)))) if context else set()
    pieces = data.draw(st.lists(st.binary(max_size=40), max_size=6))
    sink = io.BytesIO()
    with MessageWriter(
        sink,
        keyring=KEYRING,
        encryption_context=context,
        required=required,
        frame_length=data.draw(st.integers(1, 50)),
        signed=data.draw(st.booleans()),
    ) as writer:
        for piece in pieces:
            assert writer.write(piece) == len(piece)
    reader = MessageReader(io.BytesIO(sink.getvalue()), keyring=KEYRING, encryption_context=context)
    read = b""
    while piece := reader.read(data.draw(st.integers(1, 60))):
        read += piece
    assert read == b"".join(pieces)


@settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    plaintext=st.binary(max_size=60),
    frame_length=st.integers(1, 30),
    context=st.dictionaries(st.sampled_from(["a", "b", "é", "𝄞", "z"]), st.text(max_size=5)),
)
def test_the_library_writes_byte_for_byte_what_the_reference_makes(
    plaintext: bytes, frame_length: int, context: dict[str, str]
) -> None:
    written = encrypt(
        plaintext, keyring=StaticKeyring(), encryption_context=context, frame_length=frame_length
    )
    made = Message(
        plaintext, frame_length=frame_length, context=context, data_key=DATA_KEY, message_id=written[3:35]
    )
    assert written == made.whole()
