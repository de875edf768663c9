"""What reading and writing messages lets out: no plaintext and no key in exceptions or reprs."""

import io
import json
from typing import Any

import pytest

from envelope import EnvelopeError, MessageReader, MessageWriter, RawAesKeyring, decrypt, encrypt, read_range
from envelope.message_header import read_header
from envelope.message_opening import begin_message, open_message
from envelope.message_suites import COMMITTING, derive_keys
from tests.unit.message_cases import FullSink, StaticKeyring
from tests.unit.message_reference import Message
from tests.unit.shown import everything_shown

_MARKER = "MARKER-of-the-plaintext"
_SECRET = b"SECRET-key-of-32-bytes----------"
_VALUE = "VALUE-of-the-context"
_TEXT = _MARKER.encode() * 3
_FORBIDDEN = ("MARKER", "SECRET", _SECRET.hex(), _VALUE)
_KEYRING = RawAesKeyring("tests", "key", _SECRET)


def _assert_silent(error: BaseException) -> None:
    shown = everything_shown(error)
    assert not [forbidden for forbidden in _FORBIDDEN if forbidden in shown]


def _changed(message: bytes) -> list[bytes]:
    flips = [message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :] for at in range(len(message))]
    return [*flips, message + b"\0", *(message[:length] for length in range(0, len(message), 3))]


@pytest.mark.parametrize("signed", [False, True])
def test_refusing_a_message_shows_no_plaintext_no_key_and_no_value(*, signed: bool) -> None:
    context = {"tenant": _VALUE, "name": "n"}
    message = encrypt(_TEXT, keyring=_KEYRING, encryption_context=context, frame_length=23, signed=signed)
    asked_for: list[Any] = [
        (message, {"tenant": "other"}),
        (message, {"tenant": _VALUE, "more": _VALUE}),
        (message, {"aws-crypto-x": _VALUE}),
        (message, {"x": _VALUE + "\ud800"}),
        *((changed, context) for changed in _changed(message)),
    ]
    for stored, pairs in asked_for:
        for call in (
            lambda stored=stored, pairs=pairs: decrypt(stored, keyring=_KEYRING, encryption_context=pairs),
            lambda stored=stored, pairs=pairs: read_range(
                io.BytesIO(stored), 0, 69, keyring=_KEYRING, encryption_context=pairs, verify_end=True
            ),
        ):
            with pytest.raises(EnvelopeError) as refused:
                call()
            _assert_silent(refused.value)


def test_a_key_that_does_not_commit_or_has_another_length_is_not_shown() -> None:
    for key in (_SECRET, _SECRET[:-1], _SECRET + b"x"):
        with pytest.raises(EnvelopeError) as refused:
            decrypt(Message().whole(), keyring=StaticKeyring(key), encryption_context={})
        _assert_silent(refused.value)


def test_refusing_to_write_shows_no_value_and_no_plaintext() -> None:
    for settings in (
        {"encryption_context": {"x": _VALUE + "\ud800"}},
        {"encryption_context": {"aws-crypto-x": _VALUE}},
        {"encryption_context": {"x": _VALUE * 5000}},
        {"encryption_context": {"x": _VALUE}, "required": ["y"]},
        {"encryption_context": {}, "frame_length": 0},
    ):
        with pytest.raises(EnvelopeError) as refused:
            encrypt(_TEXT, keyring=_KEYRING, **settings)
        _assert_silent(refused.value)
    writer = MessageWriter(FullSink(2000), keyring=_KEYRING, encryption_context={}, frame_length=100)
    with pytest.raises(OSError, match="no space") as failed:
        writer.write(_TEXT * 100)
    _assert_silent(failed.value)
    with pytest.raises(EnvelopeError) as refused:
        writer.write(_TEXT)
    _assert_silent(refused.value)


def test_objects_show_no_key_and_no_plaintext() -> None:
    message = Message(_TEXT, data_key=_SECRET).whole()
    keyring = StaticKeyring(_SECRET)
    stored = read_header(io.BytesIO(message))
    keys = derive_keys(COMMITTING, data_key=_SECRET, message_id=bytes(32))
    reader = MessageReader(io.BytesIO(message), keyring=keyring, encryption_context={})
    assert reader.read(5) == _TEXT[:5]
    writer = MessageWriter(io.BytesIO(), keyring=keyring, encryption_context={})
    writer.write(_TEXT)
    shown = [
        stored,
        keys,
        reader,
        writer,
        open_message(stored, keyring=keyring, encryption_context={}),
        begin_message(keyring=keyring, encryption_context={}, signed=True),
    ]
    for thing in shown:
        # As a structured log writes what it is given: a tuple it would write out, whatever its repr hides.
        text = repr(thing) + str(thing) + json.dumps(thing, default=str)
        assert "SECRET" not in text
        assert "MARKER" not in text
        assert repr(keys.body_key) not in text
