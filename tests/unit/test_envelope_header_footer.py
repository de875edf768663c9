"""Headers and footers that were cut, forged or exchanged are refused, each for its own reason."""

from collections.abc import Callable

import pytest

from envelope import CommitmentError, IntegrityError, LimitExceededError, MalformedItemError, SignatureError
from tests.unit.envelope_stored import FOOT, FORMATS, HEAD, CountingKeyring, read, stored_item, with_header


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize("name", [HEAD, FOOT, "name"])
def test_every_truncation_and_an_appended_byte_is_refused(
    name: str, header_version: int, flavor: int
) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    content = stored[name]["B"]
    for length in range(len(content)):
        with pytest.raises(IntegrityError):
            read({**stored, name: {"B": content[:length]}})
    for longer in (content + b"\0", b"\0" + content, content + content):
        with pytest.raises(IntegrityError):
            read({**stored, name: {"B": longer}})


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (
            lambda head: head + bytes(65_537 - len(head)),
            LimitExceededError,
            "65537 bytes; 65536 are accepted",
        ),
        (lambda head: b"\x00" + head[1:], MalformedItemError, "unknown header version 0"),
        (lambda head: head + b"\x00", MalformedItemError, "longer or shorter than its fields"),
        (lambda head: head[:-1], MalformedItemError, "longer or shorter than its fields"),
        (lambda head: b"\x03" + head[1:], MalformedItemError, "unknown header version 3"),
        (lambda head: head[:1] + b"\x02" + head[2:], MalformedItemError, "unknown header flavor 2"),
        (lambda head: head[:1] + b"\x01" + head[2:], MalformedItemError, "does not fit the header's flavor"),
        (lambda head: head[:36] + b"x" + head[37:], MalformedItemError, "unknown letter"),
        (lambda head: head[:36] + b"ssssss" + head[42:], MalformedItemError, "action for key"),
        (lambda head: head[:36] + b"eeeeee" + head[42:], MalformedItemError, "was encrypted, but is not"),
        (lambda head: b"\x01" + head[1:], MalformedItemError, "context of header version 1"),
        (lambda head: head[:34] + b"\x00\x05" + head[36:41] + head[42:], MalformedItemError, "5 were signed"),
        (lambda head: head[:44] + b"\x00" + head[-32:], MalformedItemError, "no encrypted data key"),
        (
            lambda head: head[:44] + b"\x06" + head[45:-32] * 6 + head[-32:],
            LimitExceededError,
            "has 6 encrypted",
        ),
        (lambda head: head[:44] + b"\xff" + head[45:], LimitExceededError, "255 encrypted data keys; 5"),
        (lambda head: head[:42] + b"\xff\xff" + head[44:], MalformedItemError, "end before"),
        (
            lambda head: head[:42] + bytes.fromhex("0001 0001 61 0001 62") + head[44:],
            MalformedItemError,
            "does not fit the header's flavor",
        ),
        (
            lambda head: head[:42] + bytes.fromhex("0002 0001 62 0000 0001 61 0000") + head[44:],
            MalformedItemError,
            "not in order",
        ),
        (
            lambda head: head[:42] + bytes.fromhex("0002 0001 61 0000 0001 61 0000") + head[44:],
            MalformedItemError,
            "not in order",
        ),
        (
            lambda head: head[:42] + bytes.fromhex("0001 0001 ff 0000") + head[44:],
            MalformedItemError,
            "UTF-8",
        ),
    ],
)
def test_malformed_header_is_refused_before_the_keyring_is_asked(
    change: Callable[[bytes], bytes], error: type[IntegrityError], reason: str
) -> None:
    keyring = CountingKeyring()
    stored = stored_item(keyring)
    with pytest.raises(error, match=reason):
        read(with_header(stored, change), keyring)
    assert keyring.unwraps == 0


def test_five_encrypted_data_keys_are_read() -> None:
    """Tags and entries are in the same number; the entry in the last place is the right one."""
    keyring = CountingKeyring()
    stored = stored_item(keyring)
    foreign = bytes.fromhex("0001 78 0001 78 0001 78")
    with_five = with_header(stored, lambda head: head[:44] + b"\x05" + foreign * 4 + head[45:])
    with pytest.raises(MalformedItemError, match="calls for 240"):
        read(with_five, keyring)
    with pytest.raises(CommitmentError):
        read({**with_five, FOOT: {"B": stored[FOOT]["B"] * 5}}, keyring)
    assert keyring.unwraps == 5


def test_stored_context_cannot_bring_in_what_the_reader_rebuilds() -> None:
    """A header that claims another table in its stored context is refused, in either flavor."""
    pair = b"\x00\x15aws-crypto-table-name\x00\x01x"
    with pytest.raises(MalformedItemError, match="does not fit the header's flavor"):
        read(with_header(stored_item(), lambda head: head[:42] + b"\x00\x01" + pair + head[44:]))
    signed = stored_item(flavor=1)
    at = signed[HEAD]["B"].index(b"\x00\x15aws-crypto-public-key")
    with pytest.raises(MalformedItemError):
        read(with_header(signed, lambda head: head[:at] + pair + head[at:]))
    no_key = signed[HEAD]["B"]
    cut = no_key[:42] + b"\x00\x00" + no_key[at + 2 + 21 + 2 + 68 :]
    with pytest.raises(MalformedItemError, match="does not fit the header's flavor"):
        read({**signed, HEAD: {"B": cut}})


def test_commitment_of_another_item_is_refused() -> None:
    other = stored_item()[HEAD]["B"][-32:]
    with pytest.raises(CommitmentError):
        read(with_header(stored_item(), lambda head: head[:-32] + other))


@pytest.mark.parametrize("flavor", [0, 1])
def test_commitment_covers_the_message_id_and_the_legend(flavor: int) -> None:
    for at, new in ((2, b"\xaa" * 32), (38, b"s"), (39, b"s"), (40, b"s"), (41, b"s")):
        stored = stored_item(flavor=flavor)
        if stored[HEAD]["B"][at : at + len(new)] == new:
            continue
        changed = with_header(stored, lambda head, at=at, new=new: head[:at] + new + head[at + len(new) :])
        with pytest.raises(IntegrityError):
            read(changed)


def test_signature_must_be_in_its_one_encoding_and_from_the_stored_key() -> None:
    stored = stored_item(flavor=1)
    tag, signature = stored[FOOT]["B"][:48], stored[FOOT]["B"][48:]
    assert len(signature) == 103
    for other in (stored_item(flavor=1)[FOOT]["B"][48:], bytes(103), b"\x30\x82" + signature[1:-1]):
        with pytest.raises(SignatureError, match="does not verify"):
            read({**stored, FOOT: {"B": tag + other}})


def test_items_share_nothing_random() -> None:
    heads = [stored_item(flavor=1)[HEAD]["B"] for _ in range(20)]
    assert len({head[2:34] for head in heads}) == 20
    assert len({head[44:140] for head in heads}) == 20
    assert len({stored_item()["name"]["B"] for _ in range(20)}) == 20


def test_overlong_stored_public_key_is_malformed_and_no_mistake_of_the_caller() -> None:
    def with_long_public_key(header: bytes) -> bytes:
        start = header.index(b"aws-crypto-public-key") + len(b"aws-crypto-public-key")
        rest = header[start + 2 + 68 :]
        return header[:start] + (60_000).to_bytes(2, "big") + b"A" * 60_000 + rest

    keyring = CountingKeyring()
    stored = with_header(stored_item(flavor=1), with_long_public_key)
    with pytest.raises(MalformedItemError, match="public key"):
        read(stored, keyring)
    assert keyring.unwraps == 0
