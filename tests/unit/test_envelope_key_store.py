"""The key store: branch keys are made, opened, rotated, moved and shredded, and nobody's change is lost."""

import re
import uuid
from typing import Any

import pytest

from envelope import (
    BranchKeyChangedError,
    BranchKeyExistsError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyring,
    BranchKeyShreddedError,
    BranchKeyStore,
    ConfigurationError,
    KeyServiceError,
    KeyStoreError,
)
from tests.unit.key_store import TABLE, KeyStoreAws, at, context_of

_CONTEXT = {"record": "r"}


def test_a_created_branch_key_has_the_attributes_of_the_published_format(
    aws: KeyStoreAws, key_arn: str
) -> None:
    created = aws.store(key_arn, now=at("2026-01-31T12:00:00")).create("acme")
    items = aws.items("acme")
    version = f"branch:version:{created.version}"
    assert set(items) == {"branch:ACTIVE", version, "beacon:ACTIVE"}
    for item_type, item in items.items():
        own = {"version": {"S": version}} if item_type == "branch:ACTIVE" else {}
        assert {name: value for name, value in item.items() if name != "enc"} == {
            "branch-key-id": {"S": "acme"},
            "type": {"S": item_type},
            "create-time": {"S": "2026-01-31T12:00:00.000000Z"},
            "kms-arn": {"S": key_arn},
            "hierarchy-version": {"N": "1"},
            "aws-crypto-ec:tenant": {"S": "acme"},
            **own,
        }


def test_creating_shows_no_key_to_this_process(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    del aws.calls["CreateKey"]
    assert aws.calls == {"GenerateDataKeyWithoutPlaintext": 2, "ReEncrypt": 1, "TransactWriteItems": 1}


def test_the_active_item_is_a_copy_of_its_version(store: BranchKeyStore) -> None:
    created = store.create("acme")
    active = store.active("acme")
    assert active == store.version("acme", created.version)
    assert (active.id, active.version, len(active.secret)) == ("acme", created.version, 32)


def test_opening_a_branch_key_is_one_get_item_and_one_decrypt(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    created = store.create("acme")
    aws.forget_calls()
    store.active("acme")
    assert aws.calls == {"GetItem": 1, "Decrypt": 1}
    store.version("acme", created.version)
    assert aws.calls == {"GetItem": 2, "Decrypt": 2}


def test_creating_twice_is_refused_and_changes_nothing(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    before = aws.items("acme")
    with pytest.raises(BranchKeyExistsError, match=r"'acme' .*nothing was changed"):
        store.create("acme")
    assert aws.items("acme") == before


@pytest.mark.parametrize("context", [None, lambda _: {}])
def test_a_branch_key_without_an_encryption_context_is_not_made(
    aws: KeyStoreAws, key_arn: str, context: Any
) -> None:
    with pytest.raises(ConfigurationError, match="encryption context"):
        aws.store(key_arn, context_of=context).create("acme")
    with pytest.raises(ConfigurationError):
        aws.store(key_arn).create("")


@pytest.mark.parametrize("name", ["table", "logical_name"])
def test_a_store_without_a_name_is_refused(aws: KeyStoreAws, key_arn: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match="logical name"):
        aws.store(key_arn, **{name: ""})


@pytest.mark.parametrize("arn", ["alias/envelope", "arn:aws:kms:eu-west-1:111122223333:alias/x", "1234"])
def test_only_full_key_arns_are_configured(aws: KeyStoreAws, key_arn: str, arn: str) -> None:
    with pytest.raises(ConfigurationError, match="full KMS key ARN"):
        aws.store(arn)
    with pytest.raises(ConfigurationError, match="full KMS key ARN"):
        aws.store(key_arn, arn)


def test_what_is_unknown_is_not_found(store: BranchKeyStore) -> None:
    created = store.create("acme")
    for unknown in (
        lambda: store.active("globex"),
        lambda: store.version("globex", created.version),
        lambda: store.version("acme", "11111111-1111-4111-8111-111111111111"),
        lambda: store.version("acme", created.version.upper()),
        lambda: store.version("acme", "branch:ACTIVE"),
        lambda: store.rotate("globex"),
        lambda: store.describe("globex"),
        lambda: store.move("globex"),
        lambda: store.shred("globex"),
    ):
        with pytest.raises(BranchKeyNotFoundError):
            unknown()


def test_after_a_rotation_old_entries_open_and_new_ones_have_the_new_version(store: BranchKeyStore) -> None:
    store.create("acme")
    keyring = BranchKeyring("acme", store)
    old_key, old = keyring.generate(_CONTEXT)
    rotation = store.rotate("acme")
    new_key, new = keyring.generate(_CONTEXT)
    assert (keyring.unwrap([old], _CONTEXT), keyring.unwrap([new], _CONTEXT)) == (old_key, new_key)
    assert store.active("acme").version == rotation.active.version != rotation.previous.version
    assert store.active("acme").secret != store.version("acme", rotation.previous.version).secret
    assert [found.version for found in store.describe("acme").versions] == [
        rotation.previous.version,
        rotation.active.version,
    ]


def test_of_two_rotations_at_once_one_wins_and_the_other_says_so(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    store.create("acme")
    won: list[str] = []
    aws.before["TransactWriteItems"] = lambda: won.append(store.rotate("acme").active.version)
    with pytest.raises(BranchKeyChangedError, match="somebody else"):
        store.rotate("acme")
    assert store.active("acme").version == won[0]
    assert len(store.describe("acme").versions) == 2


def test_a_rotation_under_a_branch_key_that_is_shredded_brings_nothing_back(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    store.create("acme")
    aws.before["TransactWriteItems"] = lambda: store.shred("acme")
    with pytest.raises(BranchKeyShreddedError):
        store.rotate("acme")
    assert set(aws.items("acme")) == {"shredded"}


def test_a_rotation_whose_answer_was_lost_is_known_as_ones_own(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    store.create("acme")
    repeated: list[dict[str, Any]] = []

    def repeat(params: dict[str, Any], **_: Any) -> None:
        # The SDK repeats a call whose answer was lost; here the first one goes out by another client.
        if not repeated:
            repeated.append(params)
            aws.dynamodb.transact_write_items(TransactItems=params["TransactItems"])

    aws.dynamodb.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", repeat)
    rotation = store.rotate("acme")
    assert store.active("acme").version == rotation.active.version
    assert len(store.describe("acme").versions) == 2


def test_rotation_authenticates_what_it_copies(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    edited = {**aws.items("acme")["branch:ACTIVE"], "create-time": {"S": "2020-01-01T00:00:00.000000Z"}}
    aws.put(edited)
    with pytest.raises(BranchKeyItemError, match="does not authenticate"):
        store.rotate("acme")
    assert len(aws.items("acme")) == 3


def test_an_active_item_without_its_version_is_reported_and_not_rotated(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    created = store.create("acme")
    aws.delete("acme", f"branch:version:{created.version}")
    for call in (store.rotate, store.describe):
        with pytest.raises(BranchKeyItemError, match="has no item of its own"):
            call("acme")
    assert set(aws.items("acme")) == {"branch:ACTIVE", "beacon:ACTIVE"}


def test_a_shredded_branch_key_leaves_a_tombstone_and_opens_nothing(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    store.create("acme")
    store.create("globex")
    rotation = store.rotate("acme")
    keyring = BranchKeyring("acme", store)
    _, entry = keyring.generate(_CONTEXT)
    shredding = store.shred("acme")
    assert shredding.removed == 4
    assert aws.items("acme")["shredded"] == {
        "branch-key-id": {"S": "acme"},
        "type": {"S": "shredded"},
        "shredded-at": {"S": shredding.shredded_at},
    }
    for call in (
        lambda: store.active("acme"),
        lambda: store.version("acme", rotation.previous.version),
        lambda: store.create("acme"),
        lambda: store.rotate("acme"),
        lambda: store.move("acme"),
        lambda: keyring.unwrap([entry], _CONTEXT),
        lambda: keyring.generate(_CONTEXT),
    ):
        with pytest.raises(BranchKeyShreddedError) as raised:
            call()
        assert raised.value.shredded_at == shredding.shredded_at
    described = store.describe("acme")
    assert (described.active, described.versions) == (None, ())
    assert store.active("globex").id == "globex"


def test_shredding_again_says_the_same(store: BranchKeyStore) -> None:
    store.create("acme")
    first = store.shred("acme")
    assert store.shred("acme").shredded_at == first.shredded_at


def test_a_branch_key_of_more_versions_than_a_transaction_takes_is_shredded(
    aws: KeyStoreAws, store: BranchKeyStore
) -> None:
    created = store.create("acme")
    item = aws.items("acme")[f"branch:version:{created.version}"]
    for _ in range(118):
        aws.put({**item, "type": {"S": f"branch:version:{uuid.uuid4()}"}})
    aws.forget_calls()
    assert store.shred("acme").removed == 121
    assert aws.calls["TransactWriteItems"] == 2
    assert set(aws.items("acme")) == {"shredded"}


def test_a_rotation_that_comes_between_is_shredded_too(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    aws.before["TransactWriteItems"] = lambda: store.rotate("acme")
    assert store.shred("acme").removed == 4
    assert set(aws.items("acme")) == {"shredded"}


def test_an_edited_branch_key_can_be_shredded(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    for item_type in ("branch:ACTIVE", "beacon:ACTIVE"):
        item = aws.items("acme")[item_type]
        del item["enc"]
        aws.put({**item, "kms-arn": {"N": "1"}})
    assert store.shred("acme").removed == 3
    assert set(aws.items("acme")) == {"shredded"}


def test_pages_hold_each_branch_key_once_and_the_shredded_ones_too(store: BranchKeyStore) -> None:
    names = [f"tenant-{number}" for number in range(7)]
    for name in names:
        store.create(name)
    store.rotate("tenant-3")
    store.shred("tenant-5")
    found, after = {}, None
    while True:
        page = store.page(limit=3, after=after)
        assert len(page.keys) <= 3
        for summary in page.keys:
            assert summary.id not in found
            found[summary.id] = summary
        after = page.after
        if after is None:
            break
    assert sorted(found) == names
    active = found["tenant-3"].active
    assert active is not None
    assert active == store.describe("tenant-3").active
    assert (found["tenant-5"].active, bool(found["tenant-5"].shredded_at)) == (None, True)


def test_a_missing_table_is_a_failure_of_the_store_with_its_cause(aws: KeyStoreAws, key_arn: str) -> None:
    store = aws.store(key_arn, table="of-another-stack")
    for call in (store.active, store.create, store.rotate, store.describe, store.shred):
        with pytest.raises(KeyStoreError, match=r"'of-another-stack'.*ResourceNotFoundException") as raised:
            call("acme")
        assert len(raised.value.causes) == 1


def test_a_disabled_key_and_one_that_awaits_deletion_are_failures_of_the_key_service(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    store.create("acme")
    aws.kms.disable_key(KeyId=key_arn)
    for call in (store.active, store.rotate):
        with pytest.raises(KeyServiceError, match="DisabledException"):
            call("acme")
    aws.kms.enable_key(KeyId=key_arn)
    aws.kms.schedule_key_deletion(KeyId=key_arn)
    with pytest.raises(KeyServiceError, match="KMSInvalidStateException"):
        store.active("acme")
    assert len(aws.items("acme")) == 3


def test_a_mistake_in_a_program_is_not_taken_for_a_failure(aws: KeyStoreAws, key_arn: str) -> None:
    class Broken:
        def get_item(self, **_: Any) -> Any:
            raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        aws.store(key_arn, dynamodb=Broken()).active("acme")


def test_no_branch_key_stands_in_a_repr_or_an_error(aws: KeyStoreAws, store: BranchKeyStore) -> None:
    store.create("acme")
    branch_key = store.active("acme")
    assert branch_key.secret.hex() not in repr(branch_key)
    assert re.fullmatch(r"BranchKey\(id='acme', version='[0-9a-f-]{36}'\)", repr(branch_key))


def test_the_context_that_is_asked_for_is_the_tenants(aws: KeyStoreAws, key_arn: str) -> None:
    aws.store(key_arn, context_of=lambda _: {"tenant": "globex"}).create("acme")
    with pytest.raises(BranchKeyItemError, match="another encryption context"):
        aws.store(key_arn).active("acme")
    assert aws.store(key_arn, context_of=None).active("acme").id == "acme"
    assert context_of("acme") == {"tenant": "acme"}
    assert aws.dynamodb.describe_table(TableName=TABLE)
