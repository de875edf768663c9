"""Raw AES, branch and multi keyrings: what they wrap, and everything they refuse to unwrap."""

import os
import uuid

import pytest

from envelope import (
    BranchKey,
    BranchKeyring,
    ConfigurationError,
    DataKeyError,
    EncryptedDataKey,
    KeyServiceError,
    MultiKeyring,
    RawAesKeyring,
)
from envelope.branch_keyring import version_of
from tests.unit.envelope_keys import (
    BRANCH_KEY_ID,
    FIRST_VERSION,
    SECOND_VERSION,
    MemoryBranchKeys,
    raw_aes_keyring,
)

_CONTEXT = {"tenant": "a", "purpose": "test"}
_FIRST = BranchKey(BRANCH_KEY_ID, FIRST_VERSION, b"\x01" * 32)
_SECOND = BranchKey(BRANCH_KEY_ID, SECOND_VERSION, b"\x02" * 32)
_OTHER = BranchKey("tenant-b", FIRST_VERSION, b"\x03" * 32)


def _branch_keyring(*keys: BranchKey, branch_key_id: str = BRANCH_KEY_ID) -> BranchKeyring:
    return BranchKeyring(branch_key_id, MemoryBranchKeys(*keys))


@pytest.mark.parametrize("size", [16, 24, 32])
def test_raw_aes_keyring_unwraps_what_it_wrapped(size: int) -> None:
    keyring = raw_aes_keyring(key=b"k" * size)
    key, encrypted = keyring.generate(_CONTEXT)
    assert len(key) == 32
    assert encrypted.provider_id == "tests"
    assert encrypted.provider_info[:-12] == b"key-1" + bytes.fromhex("00000080 0000000c")
    assert len(encrypted.provider_info) == 5 + 4 + 4 + 12
    assert len(encrypted.ciphertext) == 48
    assert keyring.unwrap([encrypted], _CONTEXT) == key


def test_raw_aes_keyring_never_repeats_key_or_nonce() -> None:
    made = [raw_aes_keyring().generate(_CONTEXT) for _ in range(50)]
    assert len({key for key, _ in made}) == 50
    assert len({encrypted.provider_info for _, encrypted in made}) == 50


@pytest.mark.parametrize("size", [0, 15, 31, 33, 64])
def test_raw_aes_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match="16, 24 or 32 bytes"):
        RawAesKeyring("tests", "key", bytes(size))


@pytest.mark.parametrize(
    ("namespace", "name"), [("", "key"), ("tests", ""), ("aws-kms", "key"), ("aws-kms-x", "key")]
)
def test_raw_aes_keyring_refuses_unusable_names(namespace: str, name: str) -> None:
    with pytest.raises(ConfigurationError):
        RawAesKeyring(namespace, name, bytes(32))


@pytest.mark.parametrize(
    "reader",
    [
        raw_aes_keyring(key=b"x" * 32),
        raw_aes_keyring(name="key-2"),
        raw_aes_keyring(name="key-11"),
        RawAesKeyring("other", "key-1", bytes(range(32))),
    ],
)
def test_raw_aes_keyring_refuses_what_another_wrapped(reader: RawAesKeyring) -> None:
    _, encrypted = raw_aes_keyring().generate(_CONTEXT)
    with pytest.raises(DataKeyError):
        reader.unwrap([encrypted], _CONTEXT)


@pytest.mark.parametrize("changed", [{}, {"tenant": "b", "purpose": "test"}, {"tenant": "a"}])
def test_keyrings_refuse_another_context(changed: dict[str, str]) -> None:
    for keyring in (raw_aes_keyring(), _branch_keyring(_FIRST)):
        _, encrypted = keyring.generate(_CONTEXT)
        with pytest.raises(DataKeyError):
            keyring.unwrap([encrypted], changed)


@pytest.mark.parametrize("ciphertext", [b"", bytes(47), bytes(48), bytes(49)])
def test_raw_aes_keyring_refuses_a_ciphertext_of_another_length_or_content(ciphertext: bytes) -> None:
    _, encrypted = raw_aes_keyring().generate(_CONTEXT)
    with pytest.raises(DataKeyError):
        raw_aes_keyring().unwrap([encrypted._replace(ciphertext=ciphertext)], _CONTEXT)


def test_keyrings_find_their_entry_among_others() -> None:
    for keyring in (raw_aes_keyring(), _branch_keyring(_FIRST)):
        key, encrypted = keyring.generate(_CONTEXT)
        foreign = EncryptedDataKey("elsewhere", b"info", b"ciphertext")
        assert keyring.unwrap([foreign, encrypted, foreign], _CONTEXT) == key


def test_keyrings_refuse_an_empty_list() -> None:
    for keyring in (raw_aes_keyring(), _branch_keyring(_FIRST)):
        with pytest.raises(DataKeyError):
            keyring.unwrap([], _CONTEXT)


def test_branch_keyring_unwraps_what_it_wrapped_under_the_active_version() -> None:
    key, encrypted = _branch_keyring(_FIRST, _SECOND).generate(_CONTEXT)
    assert encrypted.provider_id == "aws-kms-hierarchy"
    assert encrypted.provider_info == BRANCH_KEY_ID.encode()
    assert len(encrypted.ciphertext) == 92
    assert encrypted.ciphertext[28:44].hex() == SECOND_VERSION.replace("-", "")
    assert _branch_keyring(_FIRST, _SECOND).unwrap([encrypted], _CONTEXT) == key


def test_branch_keyring_stores_salt_and_iv_of_their_own_and_nothing_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = bytes(range(60))
    draws = iter([drawn])

    def draw(length: int) -> bytes:
        drawn = next(draws)
        assert length == len(drawn)
        return drawn

    monkeypatch.setattr(os, "urandom", draw)
    key, encrypted = _branch_keyring(_FIRST).generate(_CONTEXT)
    assert key == drawn[:32]
    assert encrypted.ciphertext[:28] == drawn[32:]
    assert next(draws, None) is None


def test_branch_keyring_reads_an_older_version_after_rotation() -> None:
    key, encrypted = _branch_keyring(_FIRST).generate(_CONTEXT)
    source = MemoryBranchKeys(_FIRST, _SECOND)
    assert BranchKeyring(BRANCH_KEY_ID, source).unwrap([encrypted], _CONTEXT) == key
    assert source.asked_for == [(BRANCH_KEY_ID, FIRST_VERSION)]


def test_branch_keyring_refuses_another_tenants_entry_without_asking_the_source() -> None:
    _, encrypted = _branch_keyring(_OTHER, branch_key_id="tenant-b").generate(_CONTEXT)
    source = MemoryBranchKeys(_FIRST, _OTHER)
    with pytest.raises(DataKeyError, match="not wrapped under this branch key"):
        BranchKeyring(BRANCH_KEY_ID, source).unwrap([encrypted], _CONTEXT)
    renamed = encrypted._replace(provider_info=BRANCH_KEY_ID.encode())
    assert source.asked_for == []
    with pytest.raises(DataKeyError, match="does not authenticate"):
        BranchKeyring(BRANCH_KEY_ID, source).unwrap([renamed], _CONTEXT)


def test_branch_keyring_binds_the_branch_key_id_even_where_two_ids_share_a_secret() -> None:
    twin = BranchKey("tenant-b", FIRST_VERSION, _FIRST.secret)
    _, encrypted = _branch_keyring(twin, branch_key_id="tenant-b").generate(_CONTEXT)
    renamed = encrypted._replace(provider_info=BRANCH_KEY_ID.encode())
    with pytest.raises(DataKeyError, match="does not authenticate"):
        _branch_keyring(_FIRST).unwrap([renamed], _CONTEXT)


def test_branch_keyring_binds_the_version_even_where_two_versions_share_a_secret() -> None:
    twin = BranchKey(BRANCH_KEY_ID, SECOND_VERSION, _FIRST.secret)
    _, encrypted = _branch_keyring(_FIRST).generate(_CONTEXT)
    stored = encrypted.ciphertext
    moved = stored[:28] + bytes.fromhex(SECOND_VERSION.replace("-", "")) + stored[44:]
    with pytest.raises(DataKeyError, match="does not authenticate"):
        _branch_keyring(_FIRST, twin).unwrap([encrypted._replace(ciphertext=moved)], _CONTEXT)


@pytest.mark.parametrize("length", [0, 44, 91, 93])
def test_branch_keyring_refuses_an_entry_of_another_length(length: int) -> None:
    _, encrypted = _branch_keyring(_FIRST).generate(_CONTEXT)
    changed = (encrypted.ciphertext + b"\0")[:length]
    with pytest.raises(DataKeyError, match="92 bytes"):
        _branch_keyring(_FIRST).unwrap([encrypted._replace(ciphertext=changed)], _CONTEXT)


def test_branch_keyring_refuses_a_version_that_the_source_does_not_have() -> None:
    _, encrypted = _branch_keyring(_SECOND).generate(_CONTEXT)
    with pytest.raises(DataKeyError, match="no such version"):
        _branch_keyring(_FIRST).unwrap([encrypted], _CONTEXT)


class _WrongAnswers:
    """A source that answers with one key whatever it is asked for."""

    def __init__(self, key: BranchKey) -> None:
        self._key = key

    def active(self, _branch_key_id: str) -> BranchKey:
        return self._key

    def version(self, _branch_key_id: str, _version: str) -> BranchKey:
        return self._key


def test_branch_keyring_refuses_a_source_that_answers_with_another_key() -> None:
    _, encrypted = _branch_keyring(_FIRST).generate(_CONTEXT)
    for wrong in (_SECOND, _OTHER):
        with pytest.raises(KeyServiceError, match="another branch key"):
            BranchKeyring(BRANCH_KEY_ID, _WrongAnswers(wrong)).unwrap([encrypted], _CONTEXT)
    with pytest.raises(KeyServiceError, match="another branch key"):
        BranchKeyring(BRANCH_KEY_ID, _WrongAnswers(_OTHER)).generate(_CONTEXT)


@pytest.mark.parametrize(
    ("branch_key_id", "version", "secret"),
    [
        ("", FIRST_VERSION, bytes(32)),
        ("id", "1", bytes(32)),
        ("id", FIRST_VERSION.replace("-", ""), bytes(32)),
        ("id", "AAAAAAAA-1111-4111-8111-111111111111", bytes(32)),
        ("id", FIRST_VERSION, bytes(31)),
    ],
)
def test_unusable_branch_key_is_refused(branch_key_id: str, version: str, secret: bytes) -> None:
    with pytest.raises(ConfigurationError):
        BranchKey(branch_key_id, version, secret)


def test_branch_keyring_needs_an_id() -> None:
    with pytest.raises(ConfigurationError):
        BranchKeyring("", MemoryBranchKeys())


def test_multi_keyring_generates_with_the_first_and_unwraps_with_any() -> None:
    first, second = raw_aes_keyring(), _branch_keyring(_FIRST)
    both = MultiKeyring(first, second)
    key, encrypted = both.generate(_CONTEXT)
    assert first.unwrap([encrypted], _CONTEXT) == key
    for keyring in (first, second):
        key, encrypted = keyring.generate(_CONTEXT)
        assert both.unwrap([encrypted], _CONTEXT) == key


def test_multi_keyring_keeps_the_cause_of_every_failure() -> None:
    _, encrypted = raw_aes_keyring(key=b"x" * 32).generate(_CONTEXT)
    with pytest.raises(DataKeyError) as failed:
        MultiKeyring(raw_aes_keyring(), _branch_keyring(_FIRST)).unwrap([encrypted], _CONTEXT)
    assert [str(cause) for cause in failed.value.causes] == [
        "an entry does not authenticate under this key and context",
        "an entry is not wrapped under this branch key",
    ]
    assert "does not authenticate" in str(failed.value)


class _Unreachable:
    """A keyring whose key service is down."""

    def generate(self, _encryption_context: object) -> tuple[bytes, EncryptedDataKey]:
        raise KeyServiceError("out of reach", causes=[TimeoutError("no answer")])

    def unwrap(self, _encrypted_data_keys: object, _encryption_context: object) -> bytes:
        raise KeyServiceError("out of reach", causes=[TimeoutError("no answer")])


def test_multi_keyring_works_on_while_one_key_service_is_down() -> None:
    key, encrypted = raw_aes_keyring().generate(_CONTEXT)
    assert MultiKeyring(_Unreachable(), raw_aes_keyring()).unwrap([encrypted], _CONTEXT) == key


def test_multi_keyring_blames_the_key_service_and_not_the_item_when_it_could_not_ask() -> None:
    _, encrypted = raw_aes_keyring(key=b"x" * 32).generate(_CONTEXT)
    with pytest.raises(KeyServiceError) as failed:
        MultiKeyring(raw_aes_keyring(), _Unreachable()).unwrap([encrypted], _CONTEXT)
    assert [type(cause) for cause in failed.value.causes] == [DataKeyError, TimeoutError]


def test_versions_are_written_as_uuids_are() -> None:
    stored = bytes(range(0xF0, 0x100))
    entry = EncryptedDataKey("aws-kms-hierarchy", b"tenant-a", bytes(28) + stored + bytes(48))
    assert version_of(entry) == str(uuid.UUID(bytes=stored)) == "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff"
