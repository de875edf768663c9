"""One message, one key: whatever data key a keyring returns, the header says which is meant."""

import pytest

from envelope import (
    BranchKey,
    BranchKeyring,
    CommitmentError,
    DataKeyError,
    KeyServiceError,
    TagError,
    decrypt,
    encrypt,
)
from tests.unit.envelope_keys import FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring
from tests.unit.message_cases import CONTEXT, KEYRING, StaticKeyring, UnusedKeyring, opened
from tests.unit.message_reference import DATA_KEY, V1_SUITES, Message

_OTHER_KEY = DATA_KEY[::-1]


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


def test_a_header_of_the_other_suite_is_refused() -> None:
    """The commitment is the same in both suites; the key of the tag is not."""
    made = Message(suite=0x0578)
    with pytest.raises(TagError):
        opened(Message(suite=0x0478, frame_length=10).header()[:-16] + made.header()[-16:] + made.frames()[0])
    public_key = made.stored_context
    unsigned = Message(suite=0x0478).header(suite=b"\x05\x78")
    with pytest.raises(Exception, match="public key"):
        opened(unsigned)
    assert set(public_key) == {"aws-crypto-public-key"}


def test_keyrings_that_answer_from_a_cache_with_another_key_are_refused() -> None:
    secrets = {version: bytes([number]) * 32 for number, version in enumerate((FIRST_VERSION,))}
    source = MemoryBranchKeys(BranchKey("tenant-a", FIRST_VERSION, secrets[FIRST_VERSION]))
    keyring = BranchKeyring("tenant-a", source)
    message = encrypt(b"text", keyring=keyring, encryption_context=CONTEXT)
    stale = MemoryBranchKeys(BranchKey("tenant-a", FIRST_VERSION, bytes([77]) * 32))
    with pytest.raises(DataKeyError):
        decrypt(message, keyring=BranchKeyring("tenant-a", stale), encryption_context=CONTEXT)

    class Mistaken(MemoryBranchKeys):
        def version(self, branch_key_id: str, version: str) -> BranchKey:
            self.asked_for.append((branch_key_id, version))
            return BranchKey("tenant-b", version, bytes(32))

    with pytest.raises(KeyServiceError, match="another branch key"):
        decrypt(message, keyring=BranchKeyring("tenant-a", Mistaken()), encryption_context=CONTEXT)

    class CachedKeys(StaticKeyring):
        """Remembers the first key for every message."""

    cached = CachedKeys(_OTHER_KEY)
    with pytest.raises(CommitmentError):
        decrypt(message, keyring=cached, encryption_context=CONTEXT)
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
