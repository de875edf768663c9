"""Items of the key store that somebody edited, swapped or wrapped elsewhere open nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from envelope import BranchKeyItemError, BranchKeyStore, KeyStoreError
from tests.unit.key_store import KeyStoreAws

Item = dict[str, Any]


_OTHER_VERSION = "branch:version:11111111-1111-4111-8111-111111111111"
_EDITS: dict[str, Callable[[Item], Item]] = {
    "another time": lambda item: {**item, "create-time": {"S": "2020-01-01T00:00:00.000000Z"}},
    "another hierarchy version": lambda item: {**item, "hierarchy-version": {"N": "2"}},
    "a hierarchy version as text": lambda item: {**item, "hierarchy-version": {"S": "1"}},
    "another version": lambda item: {**item, "version": {"S": _OTHER_VERSION}},
    "a version that is none": lambda item: {**item, "version": {"S": "branch:version:latest"}},
    "a version without its prefix": lambda item: {**item, "version": {"S": _OTHER_VERSION[15:]}},
    "a version in capitals": lambda item: {**item, "version": {"S": item["version"]["S"].upper()}},
    "a version with more behind it": lambda item: {**item, "version": {"S": item["version"]["S"] + "0"}},
    "no version": lambda item: {name: item[name] for name in item if name != "version"},
    "another context": lambda item: {**item, "aws-crypto-ec:tenant": {"S": "globex"}},
    "more context": lambda item: {**item, "aws-crypto-ec:more": {"S": "x"}},
    "no context": lambda item: {name: item[name] for name in item if name != "aws-crypto-ec:tenant"},
    "an unknown attribute": lambda item: {**item, "note": {"S": "x"}},
    "an unknown attribute of another type": lambda item: {**item, "expires": {"N": "1"}},
    "a key ARN that is not configured": lambda item: {
        **item,
        "kms-arn": {"S": "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    },
    "an alias": lambda item: {**item, "kms-arn": {"S": "alias/mine"}},
    "no wrapped key": lambda item: {name: item[name] for name in item if name != "enc"},
    "an empty wrapped key": lambda item: {**item, "enc": {"B": b""}},
    "a wrapped key that is too long": lambda item: {**item, "enc": {"B": bytes(6145)}},
    "a wrapped key as text": lambda item: {**item, "enc": {"S": "x"}},
    "a truncated wrapped key": lambda item: {**item, "enc": {"B": item["enc"]["B"][:-1]}},
    "a flipped bit": lambda item: {**item, "enc": {"B": _flipped(item["enc"]["B"])}},
}


def _flipped(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


@pytest.mark.parametrize("edit", _EDITS.values(), ids=_EDITS)
def test_an_edited_active_item_is_refused(
    aws: KeyStoreAws, store: BranchKeyStore, edit: Callable[[Item], Item]
) -> None:
    store.create("acme")
    aws.put(edit(aws.items("acme")["branch:ACTIVE"]))
    with pytest.raises(BranchKeyItemError):
        store.active("acme")


@pytest.mark.parametrize(
    "edit",
    [edit for name, edit in _EDITS.items() if "version" not in name],
    ids=[name for name in _EDITS if "version" not in name],
)
def test_an_edited_version_is_refused(
    aws: KeyStoreAws, store: BranchKeyStore, edit: Callable[[Item], Item]
) -> None:
    created = store.create("acme")
    aws.put(edit(aws.items("acme")[f"branch:version:{created.version}"]))
    with pytest.raises(BranchKeyItemError):
        store.version("acme", created.version)


def test_every_bit_of_a_wrapped_key_counts(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    item = aws.items("acme")["branch:ACTIVE"]
    stored = item["enc"]["B"]
    for bit in range(0, 8 * len(stored), 7):
        changed = bytearray(stored)
        changed[bit // 8] ^= 1 << bit % 8
        aws.put({**item, "enc": {"B": bytes(changed)}})
        with pytest.raises(BranchKeyItemError):
            store.active("acme")


# What only KMS can tell: the shape is right.
_LEFT_TO_KMS = {"another time", "another version", "a truncated wrapped key", "a flipped bit"}


@pytest.mark.parametrize("name", sorted(set(_EDITS) - _LEFT_TO_KMS))
def test_what_does_not_follow_the_format_is_refused_before_kms_is_asked(
    aws: KeyStoreAws, store: BranchKeyStore, name: str
) -> None:
    store.create("acme")
    aws.put(_EDITS[name](aws.items("acme")["branch:ACTIVE"]))
    aws.forget_calls()
    with pytest.raises(BranchKeyItemError):
        store.active("acme")
    assert aws.calls["Decrypt"] == 0


def test_a_wrapped_key_of_another_tenant_is_refused(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    store.create("globex")
    theirs = aws.items("globex")["branch:ACTIVE"]
    aws.put({**aws.items("acme")["branch:ACTIVE"], "enc": theirs["enc"]})
    with pytest.raises(BranchKeyItemError, match="does not authenticate"):
        store.active("acme")
    aws.put({**theirs, "branch-key-id": {"S": "acme"}})
    with pytest.raises(BranchKeyItemError, match="another encryption context"):
        store.active("acme")


def test_a_version_put_in_the_place_of_another_is_refused(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    rotation = store.rotate("acme")
    first, second = (f"branch:version:{found.version}" for found in (rotation.previous, rotation.active))
    aws.put({**aws.items("acme")[first], "type": {"S": second}})
    with pytest.raises(BranchKeyItemError, match="does not authenticate"):
        store.version("acme", rotation.active.version)


def test_a_beacon_key_never_serves_as_a_branch_key(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    created = store.create("acme")
    version = f"branch:version:{created.version}"
    aws.put({**aws.items("acme")["beacon:ACTIVE"], "type": {"S": version}})
    with pytest.raises(BranchKeyItemError, match="does not authenticate"):
        store.version("acme", created.version)


def test_an_older_active_item_put_back_makes_no_rotation_go_lost(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    store.create("acme")
    old = aws.items("acme")["branch:ACTIVE"]
    rotation = store.rotate("acme")
    aws.put(old)
    # It is valid, so it is used again, as any replayed item: but nothing under either version is lost.
    assert store.active("acme").version == rotation.previous.version
    assert store.version("acme", rotation.active.version).id == "acme"
    assert len(store.rotate("acme").active.version) == 36
    assert len(store.describe("acme").versions) == 3


def test_a_store_of_another_logical_name_opens_nothing(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    store.create("acme")
    with pytest.raises(BranchKeyItemError, match="another key store"):
        aws.store(key_arn, logical_name="other-keys").active("acme")


def test_an_item_of_another_kms_key_says_which_key_is_not_configured(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    store.create("acme")
    with pytest.raises(BranchKeyItemError, match=f"{key_arn}, which is not a configured KMS key"):
        aws.store(aws.key()).active("acme")


def test_an_answer_for_another_item_is_refused(aws: KeyStoreAws, store: BranchKeyStore, key_arn: str) -> None:
    store.create("acme")
    store.create("globex")
    theirs = aws.items("globex")["branch:ACTIVE"]

    class Redirected:
        def get_item(self, **_: Any) -> Any:
            return {"Item": theirs}

    with pytest.raises(BranchKeyItemError, match="another item"):
        aws.store(key_arn, dynamodb=Redirected()).active("acme")


def test_a_transaction_that_another_one_is_in_the_way_of_is_no_loss(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    from botocore.exceptions import ClientError

    def answer(code: str) -> Any:
        class Busy:
            def __getattr__(self, name: str) -> Any:
                return getattr(aws.dynamodb, name)

            def transact_write_items(self, **_: Any) -> Any:
                response: Any = {
                    "Error": {"Code": "TransactionCanceledException", "Message": ""},
                    "CancellationReasons": [{"Code": code}, {"Code": "None"}],
                }
                raise ClientError(response, "TransactWriteItems")

        return aws.store(key_arn, dynamodb=Busy())

    from envelope import BranchKeyChangedError

    with pytest.raises(BranchKeyChangedError, match="run the same again"):
        answer("TransactionConflict").create("acme")
    with pytest.raises(KeyStoreError, match="TransactionCanceledException"):
        answer("ThrottlingError").create("acme")
    assert aws.items("acme") == {}


def test_a_version_that_claims_to_be_a_copy_of_another_is_refused_before_kms_is_asked(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    created = store.create("acme")
    item = aws.items("acme")[f"branch:version:{created.version}"]
    aws.put({**item, "version": item["type"]})
    aws.forget_calls()
    with pytest.raises(BranchKeyItemError, match="against its type"):
        store.version("acme", created.version)
    assert aws.calls["Decrypt"] == 0
