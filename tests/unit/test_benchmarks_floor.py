"""The floor does all that the format asks: the library opens what it writes, and the other way round."""

import uuid

import pytest
from cryptography.exceptions import InvalidTag

from benchmarks.peers.floor import BareAesGcm, FloorError, MessageFloor, WrappingKey
from benchmarks.peers.floor_items import ItemFloor, StoredFields
from benchmarks.peers.ours import item_encryptor, item_floor
from benchmarks.peers.shapes import Item, item_of, size_of
from envelope import BranchKey, BranchKeyring, IntegrityError, decrypt, encrypt
from tests.unit.envelope_keys import BRANCH_KEY_ID, FIRST_VERSION, MemoryBranchKeys

_SECRET = bytes(range(32))
_KEY = WrappingKey(BRANCH_KEY_ID, uuid.UUID(FIRST_VERSION).bytes, _SECRET)
_KEYRING = BranchKeyring(BRANCH_KEY_ID, MemoryBranchKeys(BranchKey(BRANCH_KEY_ID, FIRST_VERSION, _SECRET)))
_CONTEXT = {"tenant": "a", "object": "ü"}
_FRAME = 64 * 1024
_LENGTHS = [1, 256, 1024, _FRAME - 1, _FRAME, _FRAME + 1, 3 * _FRAME, 3 * _FRAME + 7]
_ITEMS = [item_of(3, 500), item_of(10, 500), item_of(40, 5000)]


def _plaintext(length: int) -> bytes:
    return (bytes(range(256)) * (length // 256 + 1))[:length]


@pytest.mark.parametrize("length", _LENGTHS)
def test_the_library_decrypts_the_messages_of_the_floor(length: int) -> None:
    floor, plaintext = MessageFloor(_KEY, context=_CONTEXT, length=length), _plaintext(length)
    message = bytes(floor.encrypt(plaintext))
    assert decrypt(message, keyring=_KEYRING, encryption_context=_CONTEXT) == plaintext
    assert floor.decrypt(message) == plaintext


@pytest.mark.parametrize("length", _LENGTHS)
def test_the_floor_decrypts_the_messages_of_the_library(length: int) -> None:
    plaintext = _plaintext(length)
    message = encrypt(plaintext, keyring=_KEYRING, encryption_context=_CONTEXT)
    assert MessageFloor(_KEY, context=_CONTEXT, length=length).decrypt(message) == plaintext


def test_no_message_of_the_floor_is_like_another() -> None:
    floor = MessageFloor(_KEY, context=_CONTEXT, length=16)
    messages = {bytes(floor.encrypt(bytes(16))) for _ in range(10)}
    assert len(messages) == 10
    assert len({message[3:35] for message in messages}) == 10


def test_the_floor_checks_every_byte_of_a_message() -> None:
    floor = MessageFloor(_KEY, context=_CONTEXT, length=16)
    message = bytes(floor.encrypt(bytes(16)))
    # The frame's head is taken for what it always is.
    unread = range(len(message) - 16 - 16 - 24, len(message) - 16 - 16)
    for at in set(range(len(message))) - set(unread):
        forged = bytearray(message)
        forged[at] ^= 1
        with pytest.raises((FloorError, InvalidTag)):
            floor.decrypt(bytes(forged))


def _stored(floor: ItemFloor, item: Item, stored: StoredFields) -> dict[str, dict[str, object]]:
    """An item as it would lie in the table."""
    encrypted = {
        field.name: {"B": field.type_id + ciphertext}
        for field, ciphertext in zip(floor.encrypted, stored.ciphertexts, strict=True)
    }
    return {**item, **encrypted, "aws_dbe_head": {"B": stored.header}, "aws_dbe_foot": {"B": stored.footer}}


@pytest.mark.parametrize("item", _ITEMS)
def test_the_library_decrypts_the_items_of_the_floor(item: Item) -> None:
    floor = item_floor(_KEY, item)
    stored = floor.encrypt()
    assert item_encryptor(_KEYRING).decrypt(_stored(floor, item, stored)) == item
    assert floor.decrypt(stored) == [field.data for field in floor.encrypted]


@pytest.mark.parametrize("item", _ITEMS)
def test_the_floor_decrypts_the_items_of_the_library(item: Item) -> None:
    floor, encrypted = item_floor(_KEY, item), item_encryptor(_KEYRING).encrypt(item)
    ciphertexts = [encrypted[field.name]["B"][2:] for field in floor.encrypted]
    stored = StoredFields(encrypted["aws_dbe_head"]["B"], encrypted["aws_dbe_foot"]["B"], ciphertexts)
    assert floor.decrypt(stored) == [field.data for field in floor.encrypted]


def test_the_floor_checks_every_byte_of_an_item() -> None:
    floor = item_floor(_KEY, _ITEMS[0])
    stored = floor.encrypt()
    parts = {"header": stored.header, "footer": stored.footer, "ciphertext": stored.ciphertexts[0]}
    for part, content in parts.items():
        for at in range(len(content)):
            forged = {**parts, part: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]}
            with pytest.raises((FloorError, InvalidTag)):
                floor.decrypt(StoredFields(forged["header"], forged["footer"], [forged["ciphertext"]]))


def test_an_item_of_the_floor_is_bound_to_its_keys() -> None:
    item = _ITEMS[0]
    floor = item_floor(_KEY, item)
    moved = {**_stored(floor, item, floor.encrypt()), "tenant": {"S": "other"}}
    with pytest.raises(IntegrityError):
        item_encryptor(_KEYRING).decrypt(moved)


def test_bare_aes_gcm_opens_what_it_sealed_and_uses_no_nonce_twice() -> None:
    bare = BareAesGcm(length=5)
    first, second = bytes(bare.encrypt(b"hello")), bytes(bare.encrypt(b"hello"))
    assert first[:12] != second[:12]
    assert bare.decrypt(memoryview(first)) == b"hello"
    with pytest.raises(InvalidTag):
        bare.decrypt(memoryview(first[:12] + second[12:]))


@pytest.mark.parametrize(("attributes", "size"), [(3, 500), (10, 500), (40, 500), (40, 100_000)])
def test_items_have_the_size_and_the_attributes_that_their_case_names(attributes: int, size: int) -> None:
    item = item_of(attributes, size)
    assert (len(item), size_of(item)) == (attributes, size)


def test_an_item_that_is_too_small_for_its_attributes_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        item_of(40, 100)
