"""Lengths and numbers that a forger wrote: refused, and in a header before any key is used."""

import pytest

from envelope import (
    EnvelopeError,
    LimitExceededError,
    MalformedMessageError,
    MessageReader,
    TagError,
    TruncatedMessageError,
    decrypt,
)
from tests.unit.message_cases import CONTEXT, PiecewiseSource, StaticKeyring, UnusedKeyring, opened, reader_of
from tests.unit.message_reference import ENTRY, V1_SUITES, Message, serialized_context

_MADE = Message(context=CONTEXT)
_CONTEXT_LENGTH = len(serialized_context(CONTEXT))
_BEFORE_COMMITMENT = len(_MADE.header()) - 16 - 32 - 4
_LENGTHS = [1, 2, 3, 0xFF, 0x7FFF, 0xFFFF]


def _refused(header: bytes, error: type[EnvelopeError]) -> None:
    with pytest.raises(error):
        decrypt(
            header + b"".join(_MADE.frames()),
            keyring=UnusedKeyring(),
            encryption_context={},
            allow_uncommitted=True,
        )


@pytest.mark.parametrize("suite", [0x0478, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        *[("context length", length, MalformedMessageError) for length in (0, *_LENGTHS)],
        ("context length", _CONTEXT_LENGTH - 1, MalformedMessageError),
        ("context length", _CONTEXT_LENGTH + 1, MalformedMessageError),
        ("pair count", 0, MalformedMessageError),
        ("pair count", 1, MalformedMessageError),
        ("pair count", 4, MalformedMessageError),
        ("pair count", 0xFFFF, MalformedMessageError),
        ("entry count", 0, MalformedMessageError),
        ("entry count", 6, LimitExceededError),
        ("entry count", 0xFFFF, LimitExceededError),
        *[("provider id length", length, EnvelopeError) for length in (0, *_LENGTHS)],
        *[("provider info length", length, EnvelopeError) for length in (0, *_LENGTHS)],
        *[("ciphertext length", length, EnvelopeError) for length in (0, *_LENGTHS)],
        ("content type", 0, MalformedMessageError),
        ("content type", 1, MalformedMessageError),
        ("content type", 3, MalformedMessageError),
        ("frame length", 0, MalformedMessageError),
        ("frame length", 2**24 + 1, LimitExceededError),
        ("frame length", 2**32 - 1, LimitExceededError),
    ],
)
def test_forged_header_fields_are_refused_before_a_key_is_used(
    suite: int, field: str, value: int, error: type[EnvelopeError]
) -> None:
    made = _MADE.but(suite=suite)
    width = len(dict(made.fields())[field])
    header = made.header(**{field.replace(" ", "_"): value.to_bytes(width, "big")})
    _refused(header, error)


@pytest.mark.parametrize("suite", [0x0478, *V1_SUITES], ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("content_type", [0, 3, 0xFF])
def test_an_unknown_content_type_is_refused_where_nothing_is_framed(suite: int, content_type: int) -> None:
    made = _MADE.but(suite=suite, frame_length=0)
    _refused(made.header(content_type=bytes([content_type])), MalformedMessageError)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("version", b"\x01\x81"), ("version", b"\x01\0"), ("reserved", b"\0\0\0\1")),
        *(("iv_length", b"\x0b"), ("iv_length", b"\0")),
    ],
)
def test_fixed_fields_of_version_1_must_be_as_they_are_fixed(field: str, value: bytes) -> None:
    _refused(_MADE.but(suite=0x0178).header(**{field: value}), MalformedMessageError)


@pytest.mark.parametrize(
    "beginning",
    [
        *(b"\x00", b"\x80", b"\xff" * 4, b"\x03\x04\x78", b"\x02\x01\x78", b"\x02\x00\x00", b"\x02\xff\xff"),
        *(
            b"\x02\x00\x14",
            b"\x01\x80\x04\x78",
            b"\x01\x00\x01\x78",
            b"\x01\x81\x01\x78",
            b"\x01\x80\x00\x14",
        ),
    ],
    ids=bytes.hex,
)
def test_unknown_versions_types_and_suites_are_refused(beginning: bytes) -> None:
    _refused(beginning + _MADE.header()[len(beginning) :], MalformedMessageError)


def test_pairs_that_occur_twice_or_are_no_text_are_refused() -> None:
    for pairs in (
        b"\0\1k\0\1v" * 2,
        b"\0\1\xff\0\1v" + b"\0\1k\0\1v",
        b"\0\1k\0\1\xff" + b"\0\1l\0\1v",
        b"\0\1k\0\3\xed\xa0\x80\0\1l\0\0",
    ):
        length = (2 + len(pairs)).to_bytes(2, "big")
        _refused(_MADE.header(context_length=length, pairs=pairs), MalformedMessageError)
    _refused(_MADE.header(provider_id=b"\xff" * 5), MalformedMessageError)


def test_five_keys_are_read_and_a_header_of_64_kib_and_a_byte_is_not() -> None:
    entry = (b"p", b"i", b"w" * 13_000)
    entries = [entry] * 5
    made = Message(entries=entries)
    missing = 65_536 - len(made.header())
    entries[0] = (b"p", b"i", b"w" * (13_000 + missing))
    greatest = made.but(entries=entries)
    assert len(greatest.header()) == 65_536
    assert opened(greatest.whole()) == greatest.plaintext
    entries[0] = (b"p", b"i", b"w" * (13_000 + missing + 1))
    _refused(made.but(entries=entries).header(), LimitExceededError)
    with pytest.raises(LimitExceededError, match="6 encrypted data keys"):
        opened(made.but(entries=[ENTRY] * 6).whole())


def test_a_message_without_any_key_is_refused_whatever_a_keyring_makes_of_it() -> None:
    with pytest.raises(MalformedMessageError, match="no encrypted data key"):
        opened(_MADE.but(entries=[]).whole())


class _Endless:
    """Goes on for ever, and counts what was taken."""

    def __init__(self, beginning: bytes) -> None:
        self._rest = beginning
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        self.taken += size
        data, self._rest = self._rest[:size], self._rest[size:]
        return data + bytes(size - len(data))


def test_an_endless_source_is_asked_for_no_more_than_a_header() -> None:
    for ahead in range(34, _BEFORE_COMMITMENT):
        source = _Endless(_MADE.header()[:ahead] + b"\xff" * 65_536)
        with pytest.raises(EnvelopeError):
            MessageReader(source, keyring=UnusedKeyring(), encryption_context={})
        assert source.taken <= 65_536


@pytest.mark.parametrize("length", [11, 12, 0xFFFF, 2**24 + 1, 2**32 - 1])
def test_a_final_frame_longer_than_the_others_is_refused_though_it_authenticates(length: int) -> None:
    content = bytes(min(length, 100))
    with pytest.raises(MalformedMessageError, match=f"announces {length} bytes"):
        opened(_MADE.whole(_MADE.final_frame(1, content, length=length)))


def test_a_final_frame_of_another_length_than_announced_is_refused() -> None:
    for length in range(10):
        if length != 8:
            with pytest.raises(TagError if length < 8 else TruncatedMessageError):
                opened(_MADE.whole(_MADE.final_frame(1, bytes(8), length=length)))


@pytest.mark.parametrize("length", [15, 2**24 + 1, 2**31 - 1, 2**32, 2**63, 2**64 - 1])
def test_a_single_block_that_announces_more_than_there_is_is_refused(length: int) -> None:
    made = Message(frame_length=0, context=CONTEXT)
    assert len(made.plaintext) == 14
    message = made.whole(made.single_block(length=length))
    with pytest.raises(TruncatedMessageError if length == 15 else LimitExceededError):
        opened(message)
    with pytest.raises(TruncatedMessageError if length == 15 else LimitExceededError):
        reader_of(message).read()


def test_a_single_block_that_cannot_be_decrypted_in_one_call_is_refused_whatever_the_caller_accepts() -> None:
    made = Message(frame_length=0)
    for length, error in ((2**31 - 17, TruncatedMessageError), (2**31 - 16, LimitExceededError)):
        reader = MessageReader(
            PiecewiseSource(made.whole(made.single_block(length=length))),
            keyring=StaticKeyring(),
            encryption_context={},
            max_block_length=2**40,
        )
        with pytest.raises(error):
            reader.read()


def test_a_single_block_that_announces_less_than_there_is_is_refused() -> None:
    made = Message(frame_length=0)
    for length in range(14):
        with pytest.raises(TagError):
            opened(made.whole(made.single_block(length=length)))
