"""Moving branch keys to another KMS key: blind, resumable, and no reader notices."""

from itertools import count
from typing import Any

import pytest

from envelope import (
    BranchKeyItemError,
    BranchKeyring,
    BranchKeyShreddedError,
    BranchKeyStore,
    KeyServiceError,
)
from tests.unit.key_store import KeyStoreAws

_CONTEXT = {"record": "r"}


@pytest.fixture
def old_arn(aws: KeyStoreAws) -> str:
    return aws.key()


@pytest.fixture
def new_arn(aws: KeyStoreAws) -> str:
    return aws.key()


@pytest.fixture
def before(aws: KeyStoreAws, old_arn: str) -> BranchKeyStore:
    """The store as it was, with a branch key of three versions."""
    store = aws.store(old_arn)
    store.create("acme")
    store.rotate("acme")
    store.rotate("acme")
    return store


@pytest.fixture
def store(aws: KeyStoreAws, before: BranchKeyStore, new_arn: str, old_arn: str) -> BranchKeyStore:
    """The store as it is deployed for the move."""
    return aws.store(new_arn, old_arn)


def _arns(aws: KeyStoreAws) -> set[str]:
    return {item["kms-arn"]["S"] for item in aws.items("acme").values()}


def test_a_move_changes_the_key_and_what_it_wraps_and_nothing_else(
    aws: KeyStoreAws, store: BranchKeyStore, old_arn: str, new_arn: str
) -> None:
    items = aws.items("acme")
    done = store.move("acme")
    assert (done.moved, done.already_there, done.remaining) == (5, 0, 0)
    assert (done.moved_from, done.verified) == ((old_arn,), True)
    moved = aws.items("acme")
    assert moved.keys() == items.keys()
    for name, item in moved.items():
        assert item["enc"] != items[name]["enc"]
        assert item == {**items[name], "enc": item["enc"], "kms-arn": {"S": new_arn}}


def test_a_move_shows_no_key_to_this_process(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    aws.forget_calls()
    store.move("acme")
    # Each item is wrapped anew once, and authenticated once more at the end.
    assert aws.calls == {"GetItem": 1, "Query": 2, "ReEncrypt": 10, "PutItem": 5}


def test_after_a_move_everything_opens_with_the_new_key_alone(
    aws: KeyStoreAws, before: BranchKeyStore, store: BranchKeyStore, old_arn: str, new_arn: str
) -> None:
    key, entry = BranchKeyring("acme", before).generate(_CONTEXT)
    store.move("acme")
    aws.kms.disable_key(KeyId=old_arn)
    afterwards = aws.store(new_arn)
    assert BranchKeyring("acme", afterwards).unwrap([entry], _CONTEXT) == key
    assert afterwards.rotate("acme").active.kms_arn == new_arn


def test_readers_serve_after_every_single_step_of_a_move(
    aws: KeyStoreAws, before: BranchKeyStore, store: BranchKeyStore
) -> None:
    wrapped = []
    for _ in range(2):
        wrapped.append(BranchKeyring("acme", before).generate(_CONTEXT))
        before.rotate("acme")
    reader = BranchKeyring("acme", store)
    for remaining in range(6, -1, -1):
        once = iter((True,))
        done = store.move("acme", go_on=lambda once=once: next(once, False))  # type: ignore[misc]
        assert done.remaining == remaining
        assert [reader.unwrap([entry], _CONTEXT) for _, entry in wrapped] == [key for key, _ in wrapped]
        fresh, entry = reader.generate(_CONTEXT)
        assert reader.unwrap([entry], _CONTEXT) == fresh
    assert len(_arns(aws)) == 1


def test_a_second_run_finds_nothing_to_do_and_verifies_again(store: BranchKeyStore) -> None:
    store.move("acme")
    again = store.move("acme")
    assert (again.moved, again.already_there, again.verified) == (0, 5, True)


def test_a_move_back_is_a_move(aws: KeyStoreAws, store: BranchKeyStore, old_arn: str, new_arn: str) -> None:
    store.move("acme")
    done = aws.store(old_arn, new_arn).move("acme")
    assert (done.moved, done.moved_from, _arns(aws)) == (5, (new_arn,), {old_arn})


def test_without_time_for_the_verification_a_move_is_not_called_verified(store: BranchKeyStore) -> None:
    asked = count(1)
    done = store.move("acme", go_on=lambda: next(asked) <= 5)
    assert (done.moved, done.remaining, done.verified) == (5, 0, False)


def test_an_item_that_somebody_changed_meanwhile_is_left_for_the_next_run(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    aws.before["PutItem"] = lambda: store.rotate("acme")
    first = store.move("acme")
    assert first.remaining + first.moved == 5
    assert not first.verified or first.remaining == 0
    while not (again := store.move("acme")).verified:
        assert again.remaining
    assert len(store.describe("acme").versions) == 4


def test_a_shredding_during_a_move_is_not_undone(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    aws.before["PutItem"] = lambda: store.shred("acme")
    done = store.move("acme")
    assert (done.moved, done.verified) == (0, False)
    assert set(aws.items("acme")) == {"shredded"}
    with pytest.raises(BranchKeyShreddedError):
        store.move("acme")


def test_a_move_whose_answer_was_lost_is_known_as_ones_own(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    def repeat(params: dict[str, Any], **_: Any) -> None:
        aws.dynamodb.meta.events.unregister("provide-client-params.dynamodb.PutItem", repeat)
        aws.dynamodb.put_item(**params)

    aws.dynamodb.meta.events.register("provide-client-params.dynamodb.PutItem", repeat)
    done = store.move("acme")
    assert (done.moved, done.remaining, done.verified) == (5, 0, True)


def test_an_edited_item_stops_nothing_but_itself_and_is_reported(
    aws: KeyStoreAws, store: BranchKeyStore, new_arn: str
) -> None:
    first = store.describe("acme").versions[0]
    item = aws.items("acme")[f"branch:version:{first.version}"]
    aws.put({**item, "create-time": {"S": "2020-01-01T00:00:00.000000Z"}})
    with pytest.raises(BranchKeyItemError, match="does not authenticate"):
        store.move("acme")
    assert sorted(item["kms-arn"]["S"] == new_arn for item in aws.items("acme").values()) == [False] + 4 * [
        True
    ]


def test_a_move_from_a_key_that_is_not_configured_is_refused(
    aws: KeyStoreAws, before: BranchKeyStore, new_arn: str
) -> None:
    items = aws.items("acme")
    with pytest.raises(BranchKeyItemError, match="not a configured KMS key"):
        aws.store(new_arn).move("acme")
    assert aws.items("acme") == items


def test_a_disabled_target_moves_nothing_and_loses_nothing(
    aws: KeyStoreAws, store: BranchKeyStore, new_arn: str
) -> None:
    aws.kms.disable_key(KeyId=new_arn)
    items = aws.items("acme")
    with pytest.raises(KeyServiceError, match="DisabledException"):
        store.move("acme")
    assert aws.items("acme") == items
