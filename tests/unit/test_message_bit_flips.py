"""Every single-bit flip of a stored message is refused, also where the keyring itself notices nothing."""

import io
from collections.abc import Callable

import pytest

from envelope import IntegrityError, Keyring, MessageReader, decrypt, encrypt, read_range
from tests.unit.message_cases import CONTEXT, KEYRING, StaticKeyring
from tests.unit.message_reference import Message

_PLAINTEXT = b"ten bytes!+"
_KEYRINGS: dict[str, Keyring] = {"binding": KEYRING, "static": StaticKeyring()}


def _flips(message: bytes) -> list[bytes]:
    flips = []
    for at in range(len(message)):
        for bit in range(8):
            flipped = bytearray(message)
            flipped[at] ^= 1 << bit
            flips.append(bytes(flipped))
    return flips


@pytest.mark.parametrize(
    ("keyring", "required", "signed"),
    [
        ("static", [], False),
        ("static", ["tenant"], False),
        ("binding", ["tenant"], False),
        ("binding", ["tenant", "é"], False),
        ("static", ["tenant"], True),
        ("binding", [], True),
    ],
)
def test_every_single_bit_flip_of_a_message_is_refused(
    keyring: str, required: list[str], *, signed: bool
) -> None:
    keys = _KEYRINGS[keyring]
    message = encrypt(
        _PLAINTEXT,
        keyring=keys,
        encryption_context=CONTEXT,
        required=required,
        frame_length=10,
        signed=signed,
    )
    assert decrypt(message, keyring=keys, encryption_context=CONTEXT) == _PLAINTEXT
    for flipped in _flips(message):
        with pytest.raises(IntegrityError):
            decrypt(flipped, keyring=keys, encryption_context=CONTEXT)


@pytest.mark.parametrize(
    ("suite", "frame_length"),
    [(0x0478, 0), (0x0078, 0), (0x0078, 10), (0x0178, 0), (0x0178, 10), (0x0378, 10)],
)
def test_every_single_bit_flip_of_a_message_that_is_only_read_is_refused(
    suite: int, frame_length: int
) -> None:
    made = Message(_PLAINTEXT, suite=suite, frame_length=frame_length, context=CONTEXT)
    for flipped in _flips(made.whole()):
        with pytest.raises(IntegrityError):
            decrypt(flipped, keyring=StaticKeyring(), encryption_context=CONTEXT, allow_uncommitted=True)


def _released_by_frames(reader: MessageReader, released: io.BytesIO) -> None:
    released.writelines(reader.frames())


@pytest.mark.parametrize("read", [_released_by_frames, MessageReader.copy_to])
def test_no_flip_lets_out_a_byte_that_was_not_written_in_its_place(
    read: Callable[[MessageReader, io.BytesIO], object],
) -> None:
    message = Message(_PLAINTEXT * 3, context=CONTEXT).whole()
    for flipped in _flips(message):
        released = io.BytesIO()
        with pytest.raises(IntegrityError):
            read(
                MessageReader(io.BytesIO(flipped), keyring=StaticKeyring(), encryption_context=CONTEXT),
                released,
            )
        assert (_PLAINTEXT * 3).startswith(released.getvalue())
        assert len(released.getvalue()) < len(_PLAINTEXT * 3)


def test_no_flip_gives_a_range_other_bytes() -> None:
    message, wanted = Message(_PLAINTEXT, context=CONTEXT).whole(), _PLAINTEXT[3:9]
    header_and_first = len(Message(context=CONTEXT).header()) + 10 + 32
    for at, flipped in enumerate(_flips(message)):
        try:
            found = read_range(io.BytesIO(flipped), 3, 6, keyring=StaticKeyring(), encryption_context=CONTEXT)
        except IntegrityError:
            continue
        assert (found, at // 8 >= header_and_first) == (wanted, True)
    for flipped in _flips(message):
        with pytest.raises(IntegrityError):
            read_range(
                io.BytesIO(flipped),
                3,
                6,
                keyring=StaticKeyring(),
                encryption_context=CONTEXT,
                verify_end=True,
            )
