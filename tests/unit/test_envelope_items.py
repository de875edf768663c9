"""Items that were tampered with, moved or cut are refused, each for its own reason."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from envelope import (
    BranchKey,
    BranchKeyring,
    CommitmentError,
    CryptoAction,
    DataKeyError,
    EncryptedDataKey,
    IntegrityError,
    ItemNotEncryptedError,
    Keyring,
    KeyServiceError,
    LimitExceededError,
    MalformedItemError,
    RawAesKeyring,
    SignatureError,
)
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring

_S = CryptoAction.SIGN_ONLY
_ITEM: dict[str, Any] = {
    "tenant": {"S": "a"},
    "record": {"S": "1"},
    "revision": {"S": "r1"},
    "note": {"S": "n1"},
    "name": {"S": "Ada"},
    "city": {"S": "London"},
}
_ACTIONS = {"revision": _S, "note": _S}
_FORMATS = [(1, 0), (1, 1), (2, 0), (2, 1)]
_HEAD, _FOOT = "aws_dbe_head", "aws_dbe_foot"
_EDK_COUNT_AT = 2 + 32 + 2 + 6 + 2  # in a header of flavor 00 with six signed attributes

Stored = dict[str, Any]


class _CountingKeyring:
    """A raw AES keyring that counts how often it was asked to unwrap."""

    def __init__(self) -> None:
        self._keyring = raw_aes_keyring()
        self.unwraps = 0

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        return self._keyring.generate(encryption_context)

    def unwrap(self, entries: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]) -> bytes:
        self.unwraps += 1
        return self._keyring.unwrap(entries, encryption_context)


def _stored(keyring: Keyring | None = None, *, change: Stored | None = None, **settings: Any) -> Stored:
    writer = encryptor(keyring or raw_aes_keyring(), actions=_ACTIONS, **settings)
    return writer.encrypt({**_ITEM, **(change or {})})


def _read(stored: Stored, keyring: Keyring | None = None, **settings: Any) -> Stored:
    return encryptor(keyring or raw_aes_keyring(), actions=_ACTIONS, **settings).decrypt(stored)


def _with_header(stored: Stored, change: Callable[[bytes], bytes]) -> Stored:
    return {**stored, _HEAD: {"B": change(stored[_HEAD]["B"])}}


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
def test_item_comes_back_whole_under_any_readers_format(header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    for reader_version, reader_flavor in _FORMATS:
        assert _read(stored, header_version=reader_version, flavor=reader_flavor) == _ITEM


def test_reader_follows_the_legend_where_an_action_was_changed_since() -> None:
    changed = {"revision": CryptoAction.ENCRYPT_AND_SIGN, "name": _S}
    assert encryptor(raw_aes_keyring(), actions=changed).decrypt(_stored()) == _ITEM


def test_beacons_are_neither_verified_nor_returned() -> None:
    stored = {**_stored(), "aws_dbe_b_name": {"S": "1f"}, "aws_dbe_v_1": {"S": " "}}
    assert _read(stored) == _ITEM


def test_other_reserved_attribute_is_refused_as_an_added_one() -> None:
    with pytest.raises(MalformedItemError, match="7 attributes to verify; 6 were signed"):
        _read({**_stored(), "aws_dbe_x": {"S": ""}})


def test_unsigned_attribute_may_change() -> None:
    unsigned = {"actions": {"tenant": _S, "record": _S}, "default_action": _S, "unsigned": ["note"]}
    both = encryptor(raw_aes_keyring(), **unsigned)
    changed = {**both.encrypt(_ITEM), "note": {"S": "anything"}}
    assert both.decrypt(changed) == {**_ITEM, "note": {"S": "anything"}}


@pytest.mark.parametrize("missing", [[_HEAD], [_FOOT], [_HEAD, _FOOT]])
def test_item_without_header_or_footer_is_not_encrypted(missing: list[str]) -> None:
    stored = {name: value for name, value in _stored().items() if name not in missing}
    with pytest.raises(ItemNotEncryptedError):
        _read(stored)


def test_plaintext_item_is_refused() -> None:
    with pytest.raises(ItemNotEncryptedError):
        _read(_ITEM)


@pytest.mark.parametrize("name", [_HEAD, _FOOT])
@pytest.mark.parametrize("value", [{"S": "text"}, {"B": "text"}, {"L": []}])
def test_header_or_footer_of_another_type_is_refused(name: str, value: Stored) -> None:
    with pytest.raises(MalformedItemError, match="not stored as bytes"):
        _read({**_stored(), name: value})


@pytest.mark.parametrize("key", ["tenant", "record"])
@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
def test_item_copied_to_another_key_is_refused(key: str, header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    with pytest.raises(DataKeyError):
        _read({**stored, key: {"S": "b"}})


def test_item_whose_key_changed_its_type_is_refused() -> None:
    for header_version in (1, 2):
        stored = _stored(change={"tenant": {"S": "7"}}, header_version=header_version)
        with pytest.raises(DataKeyError):
            _read({**stored, "tenant": {"N": "7"}})
        with pytest.raises(MalformedItemError, match="string, a number or binary"):
            _read({**stored, "tenant": {"L": []}})


@pytest.mark.parametrize("header_version", [1, 2])
@pytest.mark.parametrize("changed", [{"table": "invoices"}, {"sort_key": None}])
def test_item_of_another_table_is_refused(changed: Stored, header_version: int) -> None:
    stored = _stored(header_version=header_version)
    with pytest.raises(IntegrityError):
        _read(stored, header_version=header_version, **changed)


@pytest.mark.parametrize("header_version", [1, 2])
def test_item_is_refused_where_the_keys_have_other_names(header_version: int) -> None:
    stored = _stored(header_version=header_version)
    swapped = {"partition_key": "record", "sort_key": "tenant"}
    with pytest.raises(DataKeyError):
        _read(stored, header_version=header_version, **swapped)


def test_item_of_another_tenants_branch_key_is_refused() -> None:
    source = MemoryBranchKeys(
        BranchKey("tenant-a", FIRST_VERSION, b"a" * 32), BranchKey("tenant-b", FIRST_VERSION, b"b" * 32)
    )
    stored = _stored(BranchKeyring("tenant-a", source))
    assert _read(stored, BranchKeyring("tenant-a", source)) == _ITEM
    with pytest.raises(DataKeyError, match="not wrapped under this branch key"):
        _read(stored, BranchKeyring("tenant-b", source))


@pytest.mark.parametrize(
    "keyring",
    [raw_aes_keyring(key=b"x" * 32), raw_aes_keyring(name="other"), RawAesKeyring("x", "key-1", bytes(32))],
)
def test_reader_with_another_key_is_refused(keyring: RawAesKeyring) -> None:
    with pytest.raises(DataKeyError) as refused:
        _read(_stored(), keyring)
    assert refused.value.causes


def test_reader_whose_key_service_fails_does_not_call_the_item_broken() -> None:
    class Down:
        def generate(self, _context: object) -> tuple[bytes, EncryptedDataKey]:
            raise NotImplementedError

        def unwrap(self, _entries: object, _context: object) -> bytes:
            raise KeyServiceError("out of reach")

    with pytest.raises(KeyServiceError):
        _read(_stored(), Down())


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize("name", ["revision", "note", "name", "city"])
def test_dropped_attribute_is_refused(name: str, header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    del stored[name]
    with pytest.raises(MalformedItemError, match="5 attributes to verify; 6 were signed"):
        _read(stored)


@pytest.mark.parametrize("key", ["tenant", "record"])
def test_dropped_key_is_refused(key: str) -> None:
    stored = _stored()
    del stored[key]
    with pytest.raises(MalformedItemError, match="missing, but a key of the table"):
        _read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize("value", [{"S": "x"}, {"B": b"\x00\x01" + bytes(16)}, {"NULL": True}])
def test_added_attribute_is_refused(value: Stored, header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    with pytest.raises(MalformedItemError, match="7 attributes to verify; 6 were signed"):
        _read({**stored, "added": value})


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize(("name", "other"), [("revision", "revisiom"), ("name", "nane"), ("city", "citz")])
def test_renamed_attribute_is_refused(name: str, other: str, header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    stored[other] = stored.pop(name)
    with pytest.raises(SignatureError, match="signed content"):
        _read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize(("one", "two"), [("revision", "note"), ("name", "city")])
def test_exchanged_attributes_are_refused(one: str, two: str, header_version: int, flavor: int) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    stored[one], stored[two] = stored[two], stored[one]
    with pytest.raises(SignatureError, match="signed content"):
        _read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize("name", ["revision", "name", _FOOT])
def test_attribute_of_another_version_of_the_same_record_is_refused(
    name: str, header_version: int, flavor: int
) -> None:
    settings = {"header_version": header_version, "flavor": flavor}
    newer = _stored(change={"revision": {"S": "r2"}, "name": {"S": "Eve"}}, **settings)
    with pytest.raises(SignatureError, match="signed content"):
        _read({**_stored(**settings), name: newer[name]})


def test_header_of_another_version_of_the_same_record_is_refused() -> None:
    with pytest.raises(SignatureError):
        _read({**_stored(), _HEAD: _stored()[_HEAD]})


def test_encrypted_data_key_of_another_item_is_refused() -> None:
    """Of another record it does not unwrap; of the same record it unwraps, and the commitment tells."""

    def entry(stored: Stored) -> bytes:
        return bytes(stored[_HEAD]["B"][_EDK_COUNT_AT:-32])

    same, other = _stored(), _stored(change={"record": {"S": "2"}})
    for donor, error in ((same, CommitmentError), (other, DataKeyError)):
        with pytest.raises(error):
            _read(
                _with_header(
                    _stored(), lambda head, donor=donor: head[:_EDK_COUNT_AT] + entry(donor) + head[-32:]
                )
            )


def test_data_key_of_another_item_in_front_of_the_right_intermediate_key_is_refused() -> None:
    at = _EDK_COUNT_AT + 1 + 2 + 5 + 2 + (5 + 8 + 12) + 2
    donor = _stored()[_HEAD]["B"][at : at + 48]
    with pytest.raises(DataKeyError, match="does not belong to its intermediate key"):
        _read(_with_header(_stored(), lambda head: head[:at] + donor + head[at + 48 :]))


def test_encrypted_attribute_turned_into_its_plaintext_is_refused() -> None:
    with pytest.raises(MalformedItemError, match="'name' was encrypted, but is not stored as bytes"):
        _read({**_stored(), "name": {"S": "Ada"}})
    with pytest.raises(MalformedItemError, match="'name' was encrypted"):
        _read({**_stored(), "name": {"B": b"\x00"}})


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize("name", [_HEAD, _FOOT, "name"])
def test_every_truncation_and_an_appended_byte_is_refused(
    name: str, header_version: int, flavor: int
) -> None:
    stored = _stored(header_version=header_version, flavor=flavor)
    content = stored[name]["B"]
    for length in range(len(content)):
        with pytest.raises(IntegrityError):
            _read({**stored, name: {"B": content[:length]}})
    for longer in (content + b"\0", b"\0" + content, content + content):
        with pytest.raises(IntegrityError):
            _read({**stored, name: {"B": longer}})


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
    keyring = _CountingKeyring()
    stored = _stored(keyring)
    with pytest.raises(error, match=reason):
        _read(_with_header(stored, change), keyring)
    assert keyring.unwraps == 0


def test_five_encrypted_data_keys_are_read() -> None:
    """Tags and entries are in the same number; the entry in the last place is the right one."""
    keyring = _CountingKeyring()
    stored = _stored(keyring)
    foreign = bytes.fromhex("0001 78 0001 78 0001 78")
    with_five = _with_header(stored, lambda head: head[:44] + b"\x05" + foreign * 4 + head[45:])
    with pytest.raises(MalformedItemError, match="calls for 240"):
        _read(with_five, keyring)
    with pytest.raises(CommitmentError):
        _read({**with_five, _FOOT: {"B": stored[_FOOT]["B"] * 5}}, keyring)
    assert keyring.unwraps == 5


def test_stored_context_cannot_bring_in_what_the_reader_rebuilds() -> None:
    """A header that claims another table in its stored context is refused, in either flavor."""
    pair = b"\x00\x15aws-crypto-table-name\x00\x01x"
    with pytest.raises(MalformedItemError, match="does not fit the header's flavor"):
        _read(_with_header(_stored(), lambda head: head[:42] + b"\x00\x01" + pair + head[44:]))
    signed = _stored(flavor=1)
    at = signed[_HEAD]["B"].index(b"\x00\x15aws-crypto-public-key")
    with pytest.raises(MalformedItemError):
        _read(_with_header(signed, lambda head: head[:at] + pair + head[at:]))
    no_key = signed[_HEAD]["B"]
    cut = no_key[:42] + b"\x00\x00" + no_key[at + 2 + 21 + 2 + 68 :]
    with pytest.raises(MalformedItemError, match="does not fit the header's flavor"):
        _read({**signed, _HEAD: {"B": cut}})


def test_commitment_of_another_item_is_refused() -> None:
    other = _stored()[_HEAD]["B"][-32:]
    with pytest.raises(CommitmentError):
        _read(_with_header(_stored(), lambda head: head[:-32] + other))


@pytest.mark.parametrize("flavor", [0, 1])
def test_commitment_covers_the_message_id_and_the_legend(flavor: int) -> None:
    for at, new in ((2, b"\xaa" * 32), (38, b"s"), (39, b"s"), (40, b"s"), (41, b"s")):
        stored = _stored(flavor=flavor)
        if stored[_HEAD]["B"][at : at + len(new)] == new:
            continue
        changed = _with_header(stored, lambda head, at=at, new=new: head[:at] + new + head[at + len(new) :])
        with pytest.raises(IntegrityError):
            _read(changed)


def test_signature_must_be_in_its_one_encoding_and_from_the_stored_key() -> None:
    stored = _stored(flavor=1)
    tag, signature = stored[_FOOT]["B"][:48], stored[_FOOT]["B"][48:]
    assert len(signature) == 103
    for other in (_stored(flavor=1)[_FOOT]["B"][48:], bytes(103), b"\x30\x82" + signature[1:-1]):
        with pytest.raises(SignatureError, match="does not verify"):
            _read({**stored, _FOOT: {"B": tag + other}})


def test_items_share_nothing_random() -> None:
    heads = [_stored(flavor=1)[_HEAD]["B"] for _ in range(20)]
    assert len({head[2:34] for head in heads}) == 20
    assert len({head[44:140] for head in heads}) == 20
    assert len({_stored()["name"]["B"] for _ in range(20)}) == 20


def test_overlong_stored_public_key_is_malformed_and_no_mistake_of_the_caller() -> None:
    def with_long_public_key(header: bytes) -> bytes:
        start = header.index(b"aws-crypto-public-key") + len(b"aws-crypto-public-key")
        rest = header[start + 2 + 68 :]
        return header[:start] + (60_000).to_bytes(2, "big") + b"A" * 60_000 + rest

    keyring = _CountingKeyring()
    stored = _with_header(_stored(flavor=1), with_long_public_key)
    with pytest.raises(MalformedItemError, match="public key"):
        _read(stored, keyring)
    assert keyring.unwraps == 0
