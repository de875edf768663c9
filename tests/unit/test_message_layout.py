"""Where every byte of a written message stands: version 2 of the format, field by field."""

import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from envelope import encrypt
from envelope.message_layout import MessageLayout
from tests.unit.message_cases import StaticKeyring
from tests.unit.message_reference import DATA_KEY, Message, serialized_context

_CONTEXT = {"z": "1", "a": "2", "é": "ü", "withheld": "w"}


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> bytes:
        self._at += length
        assert self._at <= len(self._data)
        return self._data[self._at - length : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def with_length(self) -> bytes:
        return self.take(self.number(2))

    def taken(self) -> bytes:
        return self._data[: self._at]

    def rest(self) -> bytes:
        return self._data[self._at :]


@pytest.mark.parametrize(("signed", "suite"), [(False, 0x0478), (True, 0x0578)])
def test_every_field_stands_where_the_format_says(*, signed: bool, suite: int) -> None:
    keyring = StaticKeyring()
    message = encrypt(
        b"0123456789",
        keyring=keyring,
        encryption_context=_CONTEXT,
        required=["withheld"],
        frame_length=4,
        signed=signed,
    )
    cursor = _Cursor(message)
    assert cursor.number(1) == 2
    assert cursor.number(2) == suite
    message_id = cursor.take(32)
    stored = _read_context(cursor)
    keys = ["a", "aws-crypto-public-key", "z", "é"] if signed else ["a", "z", "é"]
    assert [key for key, _ in stored] == keys
    assert dict(stored).items() >= {"z": "1", "a": "2", "é": "ü"}.items()
    assert keyring.contexts == [{**dict(stored), "withheld": "w"}]
    assert cursor.number(2) == 1
    assert [cursor.with_length() for _ in range(3)] == [b"tests", b"static", b"wrapped"]
    assert cursor.number(1) == 2
    assert cursor.number(4) == 4
    made = Message(suite=suite, data_key=DATA_KEY, message_id=message_id)
    assert cursor.take(32) == dict(made.fields())["commitment"]
    aad = cursor.taken() + serialized_context({"withheld": "w"})
    assert cursor.take(16) == AESGCM(made.body_key).encrypt(bytes(12), b"", aad)
    for number, content in ((1, b"0123"), (2, b"4567")):
        assert cursor.number(4) == number
        assert cursor.take(12) == bytes(8) + struct.pack(">I", number)
        place = struct.pack(">IQ", number, 4)
        sealed = AESGCM(made.body_key).encrypt(
            bytes(8) + struct.pack(">I", number),
            content,
            message_id + b"AWSKMSEncryptionClient Frame" + place,
        )
        assert cursor.take(4 + 16) == sealed
    assert cursor.take(4) == b"\xff\xff\xff\xff"
    assert cursor.number(4) == 3
    assert cursor.take(12) == bytes(8) + b"\0\0\0\3"
    assert cursor.number(4) == 2
    assert cursor.take(2 + 16) == AESGCM(made.body_key).encrypt(
        bytes(8) + b"\0\0\0\3",
        b"89",
        message_id + b"AWSKMSEncryptionClient Final Frame" + struct.pack(">IQ", 3, 2),
    )
    if signed:
        assert len(cursor.with_length()) == 103
    assert cursor.rest() == b""


def _read_context(cursor: _Cursor) -> list[tuple[str, str]]:
    length = cursor.number(2)
    before = len(cursor.taken())
    pairs = [(cursor.with_length().decode(), cursor.with_length().decode()) for _ in range(cursor.number(2))]
    assert len(cursor.taken()) - before == length
    return pairs


def test_an_empty_context_is_two_zero_bytes_even_where_pairs_are_required() -> None:
    for context, required in (({}, []), ({"k": "v"}, ["k"])):
        message = encrypt(b"", keyring=StaticKeyring(), encryption_context=context, required=required)
        assert message[35:39] == b"\0\0" + b"\0\1"


def test_pairs_are_sorted_by_the_bytes_of_their_keys_and_not_by_characters() -> None:
    keys = ["\U0001f600", "\uffff", "b", "ab", "a"]
    message = encrypt(b"", keyring=StaticKeyring(), encryption_context=dict.fromkeys(keys, ""))
    cursor = _Cursor(message)
    cursor.take(35)
    assert [key for key, _ in _read_context(cursor)] == ["a", "ab", "b", "\uffff", "\U0001f600"]


def test_keys_see_the_whole_context_with_what_is_not_stored() -> None:
    keyring = StaticKeyring()
    encrypt(b"", keyring=keyring, encryption_context=_CONTEXT, required=["withheld"])
    assert keyring.contexts == [_CONTEXT]


def test_message_ids_differ_and_the_size_is_what_the_format_makes_it() -> None:
    provider, info, wrapped = b"tests", b"static", b"wrapped"
    messages = {encrypt(b"x" * 100, keyring=StaticKeyring(), encryption_context={}) for _ in range(20)}
    assert len({message[3:35] for message in messages}) == 20
    size = 92 + 6 + len(provider) + len(info) + len(wrapped) + 40 + 100
    assert {len(message) for message in messages} == {size}


@pytest.mark.parametrize("frame_length", [1, 2, 5, 40, 100])
def test_arithmetic_of_the_layout_agrees_with_the_written_bytes(frame_length: int) -> None:
    header_length = len(Message().header())
    for size in range(60):
        made = Message(bytes(size), frame_length=frame_length)
        forth = MessageLayout.of_plaintext(size, header_length=header_length, frame_length=frame_length)
        back = MessageLayout.of_message(
            len(made.whole()), header_length=header_length, frame_length=frame_length
        )
        assert forth == back
        assert forth.message_length == len(made.whole())
        at = header_length
        for index, frame in enumerate(made.frames()):
            assert (forth.offset(index), forth.end(index)) == (at, at + len(frame))
            at += len(frame)
