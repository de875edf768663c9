"""Items that were moved, exchanged or taken apart are refused, each for its own reason."""

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
    KeyServiceError,
    MalformedItemError,
    RawAesKeyring,
    SignatureError,
)
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring
from tests.unit.envelope_stored import (
    EDK_COUNT_AT,
    FOOT,
    FORMATS,
    HEAD,
    ITEM,
    SIGN_ONLY,
    Stored,
    read,
    stored_item,
    with_header,
)


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
def test_item_comes_back_whole_under_any_readers_format(header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    for reader_version, reader_flavor in FORMATS:
        assert read(stored, header_version=reader_version, flavor=reader_flavor) == ITEM


def test_reader_follows_the_legend_where_an_action_was_changed_since() -> None:
    changed = {"revision": CryptoAction.ENCRYPT_AND_SIGN, "name": SIGN_ONLY}
    assert encryptor(raw_aes_keyring(), actions=changed).decrypt(stored_item()) == ITEM


def test_beacons_are_neither_verified_nor_returned() -> None:
    stored = {**stored_item(), "aws_dbe_b_name": {"S": "1f"}, "aws_dbe_v_1": {"S": " "}}
    assert read(stored) == ITEM


def test_other_reserved_attribute_is_refused_as_an_added_one() -> None:
    with pytest.raises(MalformedItemError, match="7 attributes to verify; 6 were signed"):
        read({**stored_item(), "aws_dbe_x": {"S": ""}})


def test_unsigned_attribute_may_change() -> None:
    unsigned = {
        "actions": {"tenant": SIGN_ONLY, "record": SIGN_ONLY},
        "default_action": SIGN_ONLY,
        "unsigned": ["note"],
    }
    both = encryptor(raw_aes_keyring(), **unsigned)
    changed = {**both.encrypt(ITEM), "note": {"S": "anything"}}
    assert both.decrypt(changed) == {**ITEM, "note": {"S": "anything"}}


@pytest.mark.parametrize("missing", [[HEAD], [FOOT], [HEAD, FOOT]])
def test_item_without_header_or_footer_is_not_encrypted(missing: list[str]) -> None:
    stored = {name: value for name, value in stored_item().items() if name not in missing}
    with pytest.raises(ItemNotEncryptedError):
        read(stored)


def test_plaintext_item_is_refused() -> None:
    with pytest.raises(ItemNotEncryptedError):
        read(ITEM)


@pytest.mark.parametrize("name", [HEAD, FOOT])
@pytest.mark.parametrize("value", [{"S": "text"}, {"B": "text"}, {"L": []}])
def test_header_or_footer_of_another_type_is_refused(name: str, value: Stored) -> None:
    with pytest.raises(MalformedItemError, match="not stored as bytes"):
        read({**stored_item(), name: value})


@pytest.mark.parametrize("key", ["tenant", "record"])
@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
def test_item_copied_to_another_key_is_refused(key: str, header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    with pytest.raises(DataKeyError):
        read({**stored, key: {"S": "b"}})


def test_item_whose_key_changed_its_type_is_refused() -> None:
    for header_version in (1, 2):
        stored = stored_item(change={"tenant": {"S": "7"}}, header_version=header_version)
        with pytest.raises(DataKeyError):
            read({**stored, "tenant": {"N": "7"}})
        with pytest.raises(MalformedItemError, match="string, a number or binary"):
            read({**stored, "tenant": {"L": []}})


@pytest.mark.parametrize("header_version", [1, 2])
@pytest.mark.parametrize("changed", [{"table": "invoices"}, {"sort_key": None}])
def test_item_of_another_table_is_refused(changed: Stored, header_version: int) -> None:
    stored = stored_item(header_version=header_version)
    with pytest.raises(IntegrityError):
        read(stored, header_version=header_version, **changed)


@pytest.mark.parametrize("header_version", [1, 2])
def test_item_is_refused_where_the_keys_have_other_names(header_version: int) -> None:
    stored = stored_item(header_version=header_version)
    swapped = {"partition_key": "record", "sort_key": "tenant"}
    with pytest.raises(DataKeyError):
        read(stored, header_version=header_version, **swapped)


def test_item_of_another_tenants_branch_key_is_refused() -> None:
    source = MemoryBranchKeys(
        BranchKey("tenant-a", FIRST_VERSION, b"a" * 32), BranchKey("tenant-b", FIRST_VERSION, b"b" * 32)
    )
    stored = stored_item(BranchKeyring("tenant-a", source))
    assert read(stored, BranchKeyring("tenant-a", source)) == ITEM
    with pytest.raises(DataKeyError, match="not wrapped under this branch key"):
        read(stored, BranchKeyring("tenant-b", source))


@pytest.mark.parametrize(
    "keyring",
    [raw_aes_keyring(key=b"x" * 32), raw_aes_keyring(name="other"), RawAesKeyring("x", "key-1", bytes(32))],
)
def test_reader_with_another_key_is_refused(keyring: RawAesKeyring) -> None:
    with pytest.raises(DataKeyError) as refused:
        read(stored_item(), keyring)
    assert refused.value.causes


def test_reader_whose_key_service_fails_does_not_call_the_item_broken() -> None:
    class Down:
        def generate(self, _context: object) -> tuple[bytes, EncryptedDataKey]:
            raise NotImplementedError

        def unwrap(self, _entries: object, _context: object) -> bytes:
            raise KeyServiceError("out of reach")

    with pytest.raises(KeyServiceError):
        read(stored_item(), Down())


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize("name", ["revision", "note", "name", "city"])
def test_dropped_attribute_is_refused(name: str, header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    del stored[name]
    with pytest.raises(MalformedItemError, match="5 attributes to verify; 6 were signed"):
        read(stored)


@pytest.mark.parametrize("key", ["tenant", "record"])
def test_dropped_key_is_refused(key: str) -> None:
    stored = stored_item()
    del stored[key]
    with pytest.raises(MalformedItemError, match="missing, but a key of the table"):
        read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize("value", [{"S": "x"}, {"B": b"\x00\x01" + bytes(16)}, {"NULL": True}])
def test_added_attribute_is_refused(value: Stored, header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    with pytest.raises(MalformedItemError, match="7 attributes to verify; 6 were signed"):
        read({**stored, "added": value})


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize(("name", "other"), [("revision", "revisiom"), ("name", "nane"), ("city", "citz")])
def test_renamed_attribute_is_refused(name: str, other: str, header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    stored[other] = stored.pop(name)
    with pytest.raises(SignatureError, match="signed content"):
        read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize(("one", "two"), [("revision", "note"), ("name", "city")])
def test_exchanged_attributes_are_refused(one: str, two: str, header_version: int, flavor: int) -> None:
    stored = stored_item(header_version=header_version, flavor=flavor)
    stored[one], stored[two] = stored[two], stored[one]
    with pytest.raises(SignatureError, match="signed content"):
        read(stored)


@pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
@pytest.mark.parametrize("name", ["revision", "name", FOOT])
def test_attribute_of_another_version_of_the_same_record_is_refused(
    name: str, header_version: int, flavor: int
) -> None:
    settings = {"header_version": header_version, "flavor": flavor}
    newer = stored_item(change={"revision": {"S": "r2"}, "name": {"S": "Eve"}}, **settings)
    with pytest.raises(SignatureError, match="signed content"):
        read({**stored_item(**settings), name: newer[name]})


def test_header_of_another_version_of_the_same_record_is_refused() -> None:
    with pytest.raises(SignatureError):
        read({**stored_item(), HEAD: stored_item()[HEAD]})


def test_encrypted_data_key_of_another_item_is_refused() -> None:
    """Of another record it does not unwrap; of the same record it unwraps, and the commitment tells."""

    def entry(stored: Stored) -> bytes:
        return bytes(stored[HEAD]["B"][EDK_COUNT_AT:-32])

    same, other = stored_item(), stored_item(change={"record": {"S": "2"}})
    for donor, error in ((same, CommitmentError), (other, DataKeyError)):
        with pytest.raises(error):
            read(
                with_header(
                    stored_item(), lambda head, donor=donor: head[:EDK_COUNT_AT] + entry(donor) + head[-32:]
                )
            )


def test_data_key_of_another_item_in_front_of_the_right_intermediate_key_is_refused() -> None:
    at = EDK_COUNT_AT + 1 + 2 + 5 + 2 + (5 + 8 + 12) + 2
    donor = stored_item()[HEAD]["B"][at : at + 48]
    with pytest.raises(DataKeyError, match="does not belong to its intermediate key"):
        read(with_header(stored_item(), lambda head: head[:at] + donor + head[at + 48 :]))


def test_encrypted_attribute_turned_into_its_plaintext_is_refused() -> None:
    with pytest.raises(MalformedItemError, match="'name' was encrypted, but is not stored as bytes"):
        read({**stored_item(), "name": {"S": "Ada"}})
    with pytest.raises(MalformedItemError, match="'name' was encrypted"):
        read({**stored_item(), "name": {"B": b"\x00"}})
