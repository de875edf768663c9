"""What a message is bound to: the reader says what it expects, and gets nothing that is bound otherwise."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from envelope import (
    ConfigurationError,
    ContextMismatchError,
    DataKeyError,
    IntegrityError,
    Keyring,
    MalformedMessageError,
    MessageReader,
    TagError,
    decrypt,
    encrypt,
)
from envelope.byte_streams import ByteSource
from tests.unit.message_cases import KEYRING, PiecewiseSource, StaticKeyring, UnusedKeyring
from tests.unit.message_reference import PUBLIC_KEY, Message, serialized_context

_CONTEXT = {"tenant": "a", "record": "r", "purpose": "test"}
_KEYRINGS: dict[str, Keyring] = {"binding": KEYRING, "static": StaticKeyring()}


def _message(keyring: Keyring, *required: str, context: dict[str, str] | None = None) -> bytes:
    return encrypt(
        b"text", keyring=keyring, encryption_context=context or _CONTEXT, required=required, frame_length=3
    )


@pytest.fixture(params=_KEYRINGS)
def keyring(request: pytest.FixtureRequest) -> Keyring:
    return _KEYRINGS[request.param]


def test_stored_pairs_may_be_asked_for_or_not(keyring: Keyring) -> None:
    message = _message(keyring)
    for asked_for in ({}, {"tenant": "a"}, {"purpose": "test", "record": "r"}, _CONTEXT):
        assert decrypt(message, keyring=keyring, encryption_context=asked_for) == b"text"


@pytest.mark.parametrize("source", [io.BytesIO, PiecewiseSource])
def test_the_header_holds_the_stored_pairs_whatever_was_asked_for(
    source: Callable[[bytes], ByteSource],
) -> None:
    message = _message(KEYRING)
    for asked_for in ({}, {"tenant": "a"}, _CONTEXT, dict(sorted(_CONTEXT.items()))):
        reader = MessageReader(source(message), keyring=KEYRING, encryption_context=asked_for)
        assert dict(reader.header.fields.encryption_context) == _CONTEXT
        assert reader.read() == b"text"


@pytest.mark.parametrize("source", [io.BytesIO, PiecewiseSource])
def test_a_context_that_is_announced_and_has_no_pairs_is_not_the_empty_one(
    source: Callable[[bytes], ByteSource],
) -> None:
    for length in (b"\0\2", b"\0\4"):
        header = Message().header(context_length=length, pair_count=b"\0\0")
        for stored in (header, header[:39]):
            with pytest.raises(MalformedMessageError, match="announced, and has no pairs"):
                MessageReader(source(stored), keyring=UnusedKeyring(), encryption_context={})


def test_a_context_that_begins_like_the_one_asked_for_is_not_that_one() -> None:
    made = Message(context=_CONTEXT)
    whole = serialized_context(_CONTEXT)
    for length in range(2, len(whole)):
        header = made.header(context_length=length.to_bytes(2, "big"), pairs=whole[2:length])
        with pytest.raises(MalformedMessageError):
            MessageReader(io.BytesIO(header), keyring=UnusedKeyring(), encryption_context=_CONTEXT)


class _Disguised(str):
    """A text that says it has the bytes of another."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"a"


def test_a_text_cannot_pass_for_another_by_its_bytes() -> None:
    disguised = {**_CONTEXT, "tenant": _Disguised("b")}
    message = _message(StaticKeyring())
    with pytest.raises(ContextMismatchError):
        decrypt(message, keyring=UnusedKeyring(), encryption_context=disguised)
    message = encrypt(b"text", keyring=KEYRING, encryption_context=disguised)
    assert decrypt(message, keyring=KEYRING, encryption_context={"tenant": "b"}) == b"text"


def test_what_is_no_message_is_told_before_a_context_that_is_not_possible() -> None:
    impossible = {"aws-crypto-x": "y"}
    with pytest.raises(MalformedMessageError, match="not a message"):
        decrypt(b"text", keyring=UnusedKeyring(), encryption_context=impossible)
    with pytest.raises(ConfigurationError, match="reserved"):
        decrypt(_message(KEYRING), keyring=UnusedKeyring(), encryption_context=impossible)


@pytest.mark.parametrize("value", ["b", "", "A", "a ", "a\0", "aa"])
def test_another_value_than_the_stored_one_is_refused_before_a_key_is_used(value: str) -> None:
    message = _message(KEYRING)
    with pytest.raises(ContextMismatchError, match="'tenant'") as refused:
        decrypt(message, keyring=UnusedKeyring(), encryption_context={**_CONTEXT, "tenant": value})
    assert "'record'" not in str(refused.value)


def test_equal_looking_texts_of_other_code_points_are_different_values() -> None:
    message = _message(KEYRING, context={"name": "\u00e9"})
    with pytest.raises(ContextMismatchError):
        decrypt(message, keyring=KEYRING, encryption_context={"name": "e\u0301"})


def test_a_pair_that_was_never_bound_is_refused(keyring: Keyring) -> None:
    for more in ({"more": "x"}, {"Tenant": "a"}, {"": ""}):
        with pytest.raises((DataKeyError, TagError)):
            decrypt(_message(keyring), keyring=keyring, encryption_context={**_CONTEXT, **more})


def test_required_pairs_must_be_given_all_and_with_their_values(keyring: Keyring) -> None:
    message = _message(keyring, "tenant", "record")
    assert b"tenant" not in message
    assert b"record" not in message
    right = {"tenant": "a", "record": "r"}
    assert decrypt(message, keyring=keyring, encryption_context=right) == b"text"
    assert decrypt(message, keyring=keyring, encryption_context=_CONTEXT) == b"text"
    for wrong in (
        {},
        {"purpose": "test"},
        {"tenant": "a"},
        {"record": "r"},
        {"tenant": "r", "record": "a"},
        {"tenant": "b", "record": "r"},
        {"tenant": "a", "record": ""},
        {"tenant": "a", "record": "r", "more": "x"},
    ):
        with pytest.raises((DataKeyError, TagError)):
            decrypt(message, keyring=keyring, encryption_context=wrong)


def test_required_and_stored_pairs_are_not_interchangeable() -> None:
    """The keyring sees the same context in both: only the header's tag tells them apart."""
    context = {"tenant": "a"}
    made = Message(required=context)
    stored = made.but(required=None, context=context)
    keys = StaticKeyring()
    assert decrypt(made.whole(), keyring=keys, encryption_context=context) == made.plaintext
    assert decrypt(stored.whole(), keyring=keys, encryption_context=context) == made.plaintext
    tag = made.header()[-16:]
    with pytest.raises(TagError, match="required pairs"):
        decrypt(stored.whole(header=stored.header()[:-16] + tag), keyring=keys, encryption_context=context)
    tag = stored.header()[-16:]
    with pytest.raises(TagError):
        decrypt(made.whole(header=made.header()[:-16] + tag), keyring=keys, encryption_context=context)


def test_keys_are_unwrapped_with_stored_and_required_pairs_together() -> None:
    keyring = StaticKeyring()
    decrypt(_message(keyring, "tenant"), keyring=keyring, encryption_context={"tenant": "a"})
    assert keyring.contexts == [_CONTEXT, _CONTEXT]


def test_a_required_key_must_be_in_the_context_that_is_written() -> None:
    for required in (["other"], ["tenant", "other"], "tenant", ["aws-crypto-public-key"]):
        with pytest.raises(ConfigurationError, match="required"):
            encrypt(b"", keyring=UnusedKeyring(), encryption_context=_CONTEXT, required=required, signed=True)


def test_required_keys_may_be_given_by_what_can_be_gone_through_once() -> None:
    message = encrypt(b"text", keyring=KEYRING, encryption_context=_CONTEXT, required=iter(["tenant"]))  # type: ignore[arg-type]
    assert b"tenant" not in message
    assert decrypt(message, keyring=KEYRING, encryption_context={"tenant": "a"}) == b"text"
    with pytest.raises(IntegrityError):
        decrypt(message, keyring=KEYRING, encryption_context={})


def test_one_text_is_no_collection_of_required_keys() -> None:
    context = {"a": "1", "b": "2", "ab": "3"}
    with pytest.raises(ConfigurationError, match="required"):
        encrypt(b"", keyring=UnusedKeyring(), encryption_context=context, required="ab")


@pytest.mark.parametrize(
    "context",
    [
        {"aws-crypto-public-key": PUBLIC_KEY},
        {"aws-crypto-": "x"},
        {"aws-crypto-anything": "x"},
        {"half": "\ud800"},
        {"\ud800": "half"},
        {"number": 1},
        {b"bytes": "x"},
        {"k": "v" * 65_536},
        {"k" * 65_536: "v"},
        {"k": "v" * 65_000, "l": "v" * 600},
    ],
    ids=range(10),
)
def test_impossible_contexts_are_refused_in_both_directions(context: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        encrypt(b"", keyring=UnusedKeyring(), encryption_context=context)
    for suite in (0x0478, 0x0578):
        with pytest.raises(ConfigurationError):
            decrypt(Message(suite=suite).whole(), keyring=UnusedKeyring(), encryption_context=context)


def test_a_context_that_only_the_public_key_makes_too_long_is_refused_before_a_key_is_made() -> None:
    context = {"k": "v" * 65_500}
    settings: dict[str, Any] = {"encryption_context": context, "required": ["k"]}
    message = encrypt(b"text", keyring=StaticKeyring(), **settings)
    assert decrypt(message, keyring=StaticKeyring(), encryption_context=context) == b"text"
    with pytest.raises(ConfigurationError, match="allowed"):
        encrypt(b"text", keyring=UnusedKeyring(), signed=True, **settings)


def test_keys_that_only_resemble_reserved_ones_are_free() -> None:
    context = {"aws-crypt": "1", "AWS-crypto-": "2", " aws-crypto-": "3", "aws:crypto": "4"}
    message = _message(KEYRING, context=context)
    assert decrypt(message, keyring=KEYRING, encryption_context=context) == b"text"


def test_a_context_that_does_not_fit_together_with_the_stored_one_is_refused() -> None:
    made = Message(context={"k": "v" * 40_000})
    with pytest.raises(ContextMismatchError, match="fit together"):
        decrypt(made.whole(), keyring=UnusedKeyring(), encryption_context={"l": "v" * 40_000})


def test_public_keys_stand_in_signed_messages_and_in_no_others() -> None:
    forged = Message(context={"aws-crypto-public-key": PUBLIC_KEY})
    stripped = Message(suite=0x0578)
    pairs = {"context_length": b"\0\0", "pair_count": b"", "pairs": b""}
    other = stripped.header(pairs=dict(stripped.fields())["pairs"][:-1] + b"!")
    for message in (forged.whole(), stripped.whole(header=stripped.header(**pairs))):
        with pytest.raises(MalformedMessageError, match="public key"):
            decrypt(message, keyring=UnusedKeyring(), encryption_context={})
    with pytest.raises(IntegrityError):
        decrypt(stripped.whole(header=other), keyring=StaticKeyring(), encryption_context={})


@pytest.mark.parametrize("public_key", ["", "A" * 67, "A" * 69, "!" * 68, "A" * 68, "é" * 68])
def test_public_keys_that_are_no_points_are_refused(public_key: str) -> None:
    # One of another length before a key is used.
    keyring = StaticKeyring() if len(public_key) == len(PUBLIC_KEY) else UnusedKeyring()
    made = Message(suite=0x0578)
    context = Message(context={"aws-crypto-public-key": public_key})
    fields = dict(context.fields())
    header = made.header(**{name.replace(" ", "_"): fields[name] for name in ("context length", "pairs")})
    with pytest.raises(IntegrityError, match="public key"):
        decrypt(made.whole(header=header), keyring=keyring, encryption_context={})
