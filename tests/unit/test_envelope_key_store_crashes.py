"""A command of the key store, killed after each single call, leaves what the same command ends well from."""

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from envelope import BranchKeyExistsError, BranchKeyring, BranchKeyStore, branch_key_shredding
from tests.unit.key_store import KeyStoreAws, Killed, key_store_aws

_CONTEXT = {"record": "r"}
_MOST_CALLS = 60


def _killed_after(aws: KeyStoreAws, calls: int, command: Callable[[str], Any]) -> bool:
    """Run a command and end it after so many calls; tell whether it had not come to its end."""
    aws.kill_after = calls
    try:
        command("acme")
    except Killed:
        return True
    finally:
        aws.kill_after = None
    return False


def _prepared(aws: KeyStoreAws, *, versions: int) -> tuple[BranchKeyStore, BranchKeyStore]:
    """The store under the old key with a branch key in it, and the store that is to go on under another."""
    old, new = aws.key(), aws.key()
    store = aws.store(old)
    for number in range(versions):
        _ = store.rotate("acme") if number else store.create("acme")
    return store, aws.store(new, old)


@pytest.fixture
def steps() -> range:
    return range(1, _MOST_CALLS)


def test_create(steps: range) -> None:
    interrupted = 0
    for calls in steps:
        with mock_aws():
            aws = key_store_aws()
            store, _ = _prepared(aws, versions=0)
            if not _killed_after(aws, calls, store.create):
                break
            interrupted += 1
            made = len(aws.items("acme"))
            assert made in (0, 3)
            if made:
                with pytest.raises(BranchKeyExistsError):
                    store.create("acme")
            else:
                store.create("acme")
            assert store.active("acme") == store.version("acme", store.describe("acme").versions[0].version)
    assert interrupted == 4


def test_rotate(steps: range) -> None:
    interrupted = 0
    for calls in steps:
        with mock_aws():
            aws = key_store_aws()
            store, _ = _prepared(aws, versions=2)
            key, entry = BranchKeyring("acme", store).generate(_CONTEXT)
            if not _killed_after(aws, calls, store.rotate):
                break
            interrupted += 1
            assert BranchKeyring("acme", store).unwrap([entry], _CONTEXT) == key
            rotation = store.rotate("acme")
            assert store.describe("acme").active == rotation.active
            assert BranchKeyring("acme", store).unwrap([entry], _CONTEXT) == key
    assert interrupted == 5


def test_move(steps: range) -> None:
    interrupted = 0
    for calls in steps:
        with mock_aws():
            aws = key_store_aws()
            store, moving = _prepared(aws, versions=2)
            key, entry = BranchKeyring("acme", store).generate(_CONTEXT)
            if not _killed_after(aws, calls, moving.move):
                break
            interrupted += 1
            assert BranchKeyring("acme", moving).unwrap([entry], _CONTEXT) == key
            done = moving.move("acme")
            assert (done.remaining, done.verified) == (0, True)
            assert len({item["kms-arn"]["S"] for item in aws.items("acme").values()}) == 1
            assert BranchKeyring("acme", moving).unwrap([entry], _CONTEXT) == key
    # GetItem, Query, ReEncrypt and PutItem for each of four items, Query, ReEncrypt for each of them.
    assert interrupted == 2 + 8 + 1 + 4


@pytest.mark.parametrize(("versions", "interruptions"), [(1, 3), (4, 4)])
def test_shred(steps: range, versions: int, interruptions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # As DynamoDB does it with a hundred: a branch key of four versions takes two transactions.
    monkeypatch.setattr(branch_key_shredding, "MAX_ACTIONS", 4)
    interrupted = 0
    for calls in steps:
        with mock_aws():
            aws = key_store_aws()
            store, _ = _prepared(aws, versions=versions)
            if not _killed_after(aws, calls, store.shred):
                break
            interrupted += 1
            marked = aws.items("acme").get("shredded")
            # From the first deletion on there is a tombstone, and nothing to write with.
            assert (marked is not None) == (len(aws.items("acme")) < versions + 2)
            assert marked is None or "branch:ACTIVE" not in aws.items("acme")
            shredding = store.shred("acme")
            assert marked is None or marked["shredded-at"]["S"] == shredding.shredded_at
            assert set(aws.items("acme")) == {"shredded"}
    assert interrupted == interruptions
