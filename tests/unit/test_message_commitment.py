"""One message, one key: whatever data key a keyring returns, the header says which is meant."""

import io
from collections.abc import Mapping, Sequence

import pytest

from envelope import (
    BranchKey,
    BranchKeyring,
    CommitmentError,
    DataKeyError,
    EncryptedDataKey,
    MalformedMessageError,
    TagError,
    decrypt,
    encrypt,
    read_range,
)
from envelope.message_suites import COMMITTING, COMMITTING_SIGNED, derive_keys
from tests.unit.envelope_keys import FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring
from tests.unit.message_cases import CONTEXT, KEYRING, UnusedKeyring, opened
from tests.unit.message_reference import DATA_KEY, V1_SUITES, Message

_OTHER_KEY = DATA_KEY[::-1]
_COMMITTING = (COMMITTING, COMMITTING_SIGNED)


@pytest.mark.parametrize("suite", [0x0478, 0x0578], ids=lambda suite: f"{suite:04x}")
def test_another_key_than_the_committed_one_is_refused(suite: int) -> None:
    message = Message(suite=suite).whole()
    assert opened(message) == Message().plaintext
    with pytest.raises(CommitmentError, match="does not commit"):
        opened(message, key=_OTHER_KEY)


@pytest.mark.parametrize("suite", [0x0478, 0x0578], ids=lambda suite: f"{suite:04x}")
def test_a_header_made_anew_under_another_key_with_the_old_commitment_is_refused(suite: int) -> None:
    """Everything but the commitment is right for the other key: tag, frames, signature."""
    made = Message(suite=suite)
    old = dict(made.fields())["commitment"]
    for commitment in (old, bytes(32), b"\xff" * 32, old[:31] + bytes([old[31] ^ 1])):
        forged = made.but(data_key=_OTHER_KEY, commitment=commitment)
        with pytest.raises(CommitmentError):
            opened(forged.whole(), key=_OTHER_KEY)
        assert opened(made.but(data_key=_OTHER_KEY).whole(), key=_OTHER_KEY) == made.plaintext


def test_one_body_cannot_be_opened_by_two_readers_with_two_keys() -> None:
    """Two entries, one for each reader, and whichever commitment the forger chooses."""
    first, second = DATA_KEY, _OTHER_KEY
    for committed, refused in ((first, second), (second, first)):
        made = Message(data_key=committed, entries=[(b"a", b"", b"1"), (b"b", b"", b"2")])
        for message in (made.whole(), made.whole(header=made.header()[:-16] + bytes(16))):
            with pytest.raises(CommitmentError):
                opened(message, key=refused)


def test_commitment_is_judged_before_the_tag_and_before_the_body() -> None:
    made = Message()
    broken = made.header(commitment=bytes(32))[:-16] + bytes(16)
    with pytest.raises(CommitmentError):
        opened(broken)
    with pytest.raises(TagError):
        opened(made.header()[:-16] + bytes(16))


def test_a_header_cannot_be_turned_into_one_of_the_other_suite() -> None:
    """The commitment is the same in both suites; the key of the tag is not, and the public key tells too."""
    for suite, other in ((0x0478, b"\x05\x78"), (0x0578, b"\x04\x78")):
        with pytest.raises(MalformedMessageError, match="public key"):
            opened(Message(suite=suite).header(suite=other))
    keys = {suite: derive_keys(suite, data_key=DATA_KEY, message_id=bytes(32)) for suite in _COMMITTING}
    assert len({key.commitment for key in keys.values()}) == 1
    assert len({key.body_key for key in keys.values()}) == 2


class _CachingKeyring:
    """Keeps unwrapped keys by context, and forgets that a context has many messages."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        return KEYRING.generate(encryption_context)

    def unwrap(self, entries: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]) -> bytes:
        if str(encryption_context) not in self._kept:
            self._kept[str(encryption_context)] = KEYRING.unwrap(entries, encryption_context)
        return self._kept[str(encryption_context)]


def test_a_cache_that_hands_out_another_messages_key_is_noticed() -> None:
    first, second = (
        encrypt(text, keyring=KEYRING, encryption_context={"tenant": "a"}) for text in (b"first", b"second")
    )
    caching = _CachingKeyring()
    assert decrypt(first, keyring=caching, encryption_context={"tenant": "a"}) == b"first"
    with pytest.raises(CommitmentError, match="does not commit"):
        decrypt(second, keyring=caching, encryption_context={"tenant": "a"})
    with pytest.raises(CommitmentError, match="does not commit"):
        read_range(io.BytesIO(second), 0, 1, keyring=caching, encryption_context={"tenant": "a"})
    assert decrypt(first, keyring=caching, encryption_context={"tenant": "a"}) == b"first"


def test_another_branch_key_than_the_one_asked_for_is_refused() -> None:
    keyring = BranchKeyring(
        "tenant-a", MemoryBranchKeys(BranchKey("tenant-a", FIRST_VERSION, bytes([1]) * 32))
    )
    message = encrypt(b"text", keyring=keyring, encryption_context=CONTEXT)
    stale = MemoryBranchKeys(BranchKey("tenant-a", FIRST_VERSION, bytes([2]) * 32))
    with pytest.raises(DataKeyError):
        decrypt(message, keyring=BranchKeyring("tenant-a", stale), encryption_context=CONTEXT)
    with pytest.raises(DataKeyError):
        decrypt(message, keyring=BranchKeyring("tenant-b", stale), encryption_context=CONTEXT)
    assert decrypt(message, keyring=keyring, encryption_context=CONTEXT) == b"text"


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33, 64])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(DataKeyError, match=f"{length} bytes"):
        opened(Message().whole(), key=bytes(length))


def test_a_message_for_another_keyring_is_refused() -> None:
    message = encrypt(b"text", keyring=KEYRING, encryption_context=CONTEXT)
    for other in (raw_aes_keyring(name="key-2"), raw_aes_keyring(key=bytes(32))):
        with pytest.raises(DataKeyError):
            decrypt(message, keyring=other, encryption_context=CONTEXT)


@pytest.mark.parametrize("suite", V1_SUITES, ids=lambda suite: f"{suite:04x}")
@pytest.mark.parametrize("frame_length", [0, 10])
def test_version_1_is_read_only_where_that_was_allowed(suite: int, frame_length: int) -> None:
    made = Message(suite=suite, frame_length=frame_length, context=CONTEXT)
    with pytest.raises(CommitmentError, match=f"{suite:04x}.*allow_uncommitted"):
        decrypt(made.whole(), keyring=UnusedKeyring(), encryption_context=CONTEXT)
    assert opened(made.whole(), uncommitted=True) == made.plaintext
    with pytest.raises(TagError):
        opened(made.whole(), key=_OTHER_KEY, uncommitted=True)


def test_allowing_version_1_does_not_loosen_version_2() -> None:
    with pytest.raises(CommitmentError):
        opened(Message(commitment=bytes(32)).whole(), uncommitted=True)


def test_what_is_written_always_commits() -> None:
    for signed, suite in ((False, "0478"), (True, "0578")):
        message = encrypt(b"", keyring=KEYRING, encryption_context=CONTEXT, signed=signed)
        assert message[:3].hex() == "02" + suite
