"""The key store holds each answer of KMS and DynamoDB to what it asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from envelope import (
    BranchKeyChangedError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyStore,
    EnvelopeError,
    KeyServiceError,
    KeyStoreError,
)
from tests.unit.key_store import KeyStoreAws

Answer = Mapping[str, Any]


class Between:
    """A client that asks the emulated one, and changes the question or the answer of one call."""

    def __init__(
        self,
        client: Any,
        call: str,
        *,
        asked: Callable[[dict[str, Any]], dict[str, Any]] = lambda question: question,
        answered: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> None:
        self._client, self._call, self._asked, self._answered = client, call, asked, answered
        self.questions: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def changed(**question: Any) -> Answer:
            self.questions.append(question)
            if name != self._call:
                answer: Answer = call(**question)
                return answer
            return self._answered(call(**self._asked(question)))

        return changed


@pytest.fixture
def store(aws: KeyStoreAws, key_arn: str) -> BranchKeyStore:
    store = aws.store(key_arn)
    store.create("acme")
    return store


_OTHER_KEY = "arn:aws:kms:eu-west-1:123456789012:key/ffffffff-ffff-ffff-ffff-ffffffffffff"
_LIES: dict[str, tuple[str, Callable[[Answer], Answer], str, type[EnvelopeError]]] = {
    "decrypted with another key": (
        "decrypt",
        lambda answer: {**answer, "KeyId": _OTHER_KEY},
        "active",
        BranchKeyItemError,
    ),
    "a key that is too short": (
        "decrypt",
        lambda answer: {**answer, "Plaintext": answer["Plaintext"][:16]},
        "active",
        BranchKeyItemError,
    ),
    "a key that is too long": (
        "decrypt",
        lambda answer: {**answer, "Plaintext": answer["Plaintext"] + bytes(1)},
        "active",
        BranchKeyItemError,
    ),
    "no key": (
        "decrypt",
        lambda answer: {name: answer[name] for name in answer if name != "Plaintext"},
        "active",
        BranchKeyItemError,
    ),
    "generated under another key": (
        "generate_data_key_without_plaintext",
        lambda answer: {**answer, "KeyId": _OTHER_KEY},
        "rotate",
        KeyServiceError,
    ),
    "generated nothing": (
        "generate_data_key_without_plaintext",
        lambda answer: {**answer, "CiphertextBlob": b""},
        "rotate",
        KeyServiceError,
    ),
    "wrapped again from another key": (
        "re_encrypt",
        lambda answer: {**answer, "SourceKeyId": _OTHER_KEY},
        "rotate",
        BranchKeyItemError,
    ),
    "wrapped again under another key": (
        "re_encrypt",
        lambda answer: {**answer, "KeyId": _OTHER_KEY},
        "rotate",
        KeyServiceError,
    ),
    "wrapped again to nothing": (
        "re_encrypt",
        lambda answer: {**answer, "CiphertextBlob": b""},
        "rotate",
        KeyServiceError,
    ),
}


@pytest.mark.parametrize("lie", _LIES)
def test_an_answer_that_is_not_what_was_asked_for_is_refused_and_nothing_is_written(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str, lie: str
) -> None:
    call, answered, command, error = _LIES[lie]
    before = aws.items("acme")
    told = aws.store(key_arn, kms=Between(aws.kms, call, answered=answered))
    with pytest.raises(error):
        getattr(told, command)("acme")
    assert aws.items("acme") == before
    assert store.active("acme").id == "acme"


def test_a_version_that_is_none_is_not_looked_for(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    created = store.describe("acme").versions[0].version
    for text in ("", "latest", created.upper(), f"{{{created}}}", created.replace("-", ""), f"{created} "):
        aws.forget_calls()
        with pytest.raises(BranchKeyNotFoundError, match="no version"):
            store.version("acme", text)
        assert not aws.calls


def test_every_reading_is_consistent(aws: KeyStoreAws, store: BranchKeyStore, key_arn: str) -> None:
    client = Between(aws.dynamodb, "")
    asking = aws.store(key_arn, dynamodb=client)
    asking.active("acme")
    asking.describe("acme")
    asking.page(limit=10)
    assert len(client.questions) == 3
    assert all(question["ConsistentRead"] is True for question in client.questions)


def test_what_dynamodb_gives_in_pages_is_read_to_its_end(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    store.rotate("acme")
    store.create("globex")
    for call in ("query", "scan"):
        client = Between(aws.dynamodb, call, asked=lambda question: {**question, "Limit": 1})
        paged = aws.store(key_arn, dynamodb=client)
        assert paged.describe("acme") == store.describe("acme")
        assert {found.id for found in paged.page(limit=10).keys} == {"acme", "globex"}
        assert len(client.questions) > 4
    client = Between(aws.dynamodb, "query", asked=lambda question: {**question, "Limit": 1})
    assert aws.store(key_arn, dynamodb=client).shred("acme").removed == 4
    assert set(aws.items("acme")) == {"shredded"}


def test_an_active_item_that_was_changed_while_it_is_shredded_goes_in_the_next_round(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    actions: list[dict[str, Any]] = []
    client = Between(
        aws.dynamodb,
        "transact_write_items",
        asked=lambda question: actions.extend(question["TransactItems"]) or question,  # type: ignore[func-returns-value]
    )
    aws.store(key_arn, dynamodb=client).shred("acme")
    deletions = [action["Delete"] for action in actions if "Delete" in action]
    conditional = [deletion for deletion in deletions if "ConditionExpression" in deletion]
    # A rotation between reading and deleting makes the transaction fail, so its version is seen next time.
    assert [deletion["Key"]["type"]["S"] for deletion in conditional] == ["branch:ACTIVE"]
    assert len(deletions) == 3


def test_a_move_is_not_verified_while_an_item_is_back_under_the_old_key(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str
) -> None:
    moving = aws.store(aws.key(), key_arn)
    [first] = store.describe("acme").versions
    stale = aws.items("acme")[f"branch:version:{first.version}"]
    assert moving.move("acme").verified

    def put_back(answer: Answer) -> Answer:
        aws.put(stale)
        return answer

    # It comes back between the first reading and the one that verifies.
    client = Between(aws.dynamodb, "query", answered=put_back)
    again = aws.store(moving_key(moving), key_arn, dynamodb=client).move("acme")
    assert (again.moved, again.remaining, again.verified) == (0, 0, False)


def moving_key(store: BranchKeyStore) -> str:
    """The KMS key that a store moves to."""
    active = store.describe("acme").active
    assert active is not None
    return active.kms_arn


@pytest.mark.parametrize("command", ["create", "rotate", "shred"])
def test_a_broken_connection_is_a_failure_of_the_store_with_its_cause(
    aws: KeyStoreAws, store: BranchKeyStore, key_arn: str, command: str
) -> None:
    def broken(_question: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionClosedError(endpoint_url="https://dynamodb.invalid")

    cut_off = aws.store(key_arn, dynamodb=Between(aws.dynamodb, "transact_write_items", asked=broken))
    with pytest.raises(KeyStoreError, match="ConnectionClosedError") as raised:
        getattr(cut_off, command)("globex" if command == "create" else "acme")
    assert not isinstance(raised.value, BranchKeyChangedError)
    assert len(aws.items("acme")) == 3
