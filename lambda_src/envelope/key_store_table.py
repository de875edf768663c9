"""The table of the key store: its items, read consistently and written in transactions.

What must stay true: every read is consistent, every write says what it expects to find.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .branch_key_item import (
    ACTIVE,
    CREATE_TIME,
    KMS_ARN,
    PARTITION_KEY,
    SHREDDED,
    SHREDDED_AT,
    SORT_KEY,
    VERSION,
    WRAPPED_KEY,
    Attributes,
    BranchKeyItem,
    store_key,
)
from .errors import BranchKeyChangedError, KeyStoreError
from .service_failures import answer_of, error_code, is_service_failure

#: The most actions that DynamoDB takes in one transaction.
MAX_ACTIONS = 100

_ABSENT = "attribute_not_exists(#id)"
_PRESENT = "attribute_exists(#id)"
_UNCHANGED = "#wrapped = :wrapped"
_CONDITION_FAILED = "ConditionalCheckFailed"
# What DynamoDB gives as the reason of an action that another transaction was in the way of.
_IN_THE_WAY = frozenset({"TransactionConflict"})

Action = dict[str, dict[str, Any]]


class DynamoDb(Protocol):
    """The five calls of boto3's low-level DynamoDB client that are used."""

    @property
    def get_item(self) -> Callable[..., Mapping[str, Any]]:
        """Call GetItem."""

    @property
    def query(self) -> Callable[..., Mapping[str, Any]]:
        """Call Query."""

    @property
    def scan(self) -> Callable[..., Mapping[str, Any]]:
        """Call Scan."""

    @property
    def put_item(self) -> Callable[..., Mapping[str, Any]]:
        """Call PutItem."""

    @property
    def transact_write_items(self) -> Callable[..., Mapping[str, Any]]:
        """Call TransactWriteItems."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action whose condition did not hold: its place in the transaction, and what was in the way."""

    place: int
    found: Attributes | None


class KeyStoreTable:
    """The table, by its physical name."""

    def __init__(self, client: DynamoDb, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, branch_key_id: str, item_type: str) -> Attributes | None:
        """Return an item, or None. One call: GetItem."""
        answer = self._call(
            self._client.get_item,
            TableName=self._name,
            Key=store_key(branch_key_id, item_type),
            ConsistentRead=True,
        )
        return answer.get("Item") or None

    def items(self, branch_key_id: str) -> Iterator[Attributes]:
        """Yield all items of a branch key. One Query for each megabyte."""
        yield from self._pages(
            self._client.query,
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": PARTITION_KEY},
            ExpressionAttributeValues={":id": {"S": branch_key_id}},
        )

    def heads(self, after: tuple[str, str] | None) -> Iterator[Attributes]:
        """Yield key, version, time and KMS key of every active item, and every tombstone. A Scan."""
        names = {
            "#id": PARTITION_KEY,
            "#type": SORT_KEY,
            "#version": VERSION,
            "#created": CREATE_TIME,
            "#arn": KMS_ARN,
            "#shredded": SHREDDED_AT,
        }
        start = {} if after is None else {"ExclusiveStartKey": store_key(*after)}
        yield from self._pages(
            self._client.scan,
            FilterExpression="#type IN (:active, :shredded)",
            # Said, so that policies can want it: without it a request that names no attributes gets all.
            Select="SPECIFIC_ATTRIBUTES",
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":active": {"S": ACTIVE}, ":shredded": {"S": SHREDDED}},
            **start,
        )

    def replace(self, item: BranchKeyItem, *, expected: BranchKeyItem) -> bool:
        """Put an item in the place of the expected one; False when something else is there. PutItem."""
        try:
            self._call(
                self._client.put_item,
                TableName=self._name,
                Item=item.attributes(),
                ConditionExpression=_UNCHANGED,
                ExpressionAttributeNames={"#wrapped": WRAPPED_KEY},
                ExpressionAttributeValues={":wrapped": {"B": expected.wrapped}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except KeyStoreError as failure:
            found = _condition_failure(failure)
            if found is None:
                raise
            # The SDK repeats a call whose answer was lost: then the item in the way is our own.
            return found.get(WRAPPED_KEY, {}).get("B") == item.wrapped
        return True

    def write(self, actions: Sequence[Action]) -> list[Refusal]:
        """Write all of it or nothing; return the actions whose conditions did not hold.

        Raises
        ------
        BranchKeyChangedError
            Another transaction was in the way.
        KeyStoreError
            DynamoDB failed.
        """
        named = [
            {kind: {"TableName": self._name, **arguments} for kind, arguments in action.items()}
            for action in actions
        ]
        try:
            self._call(self._client.transact_write_items, TransactItems=named)
        except KeyStoreError as failure:
            reasons = _cancellation_reasons(failure)
            if any(reason.get("Code") in _IN_THE_WAY for reason in reasons):
                raise BranchKeyChangedError(
                    "another change of this branch key was under way; run the same again"
                ) from failure
            refusals = [
                Refusal(place, reason.get("Item"))
                for place, reason in enumerate(reasons)
                if reason.get("Code") == _CONDITION_FAILED
            ]
            if not refusals:
                raise
            return refusals
        return []

    def _pages(self, call: Callable[..., Mapping[str, Any]], **arguments: object) -> Iterator[Attributes]:
        while True:
            answer = self._call(call, TableName=self._name, ConsistentRead=True, **arguments)
            yield from answer["Items"]
            following = answer.get("LastEvaluatedKey")
            if not following:
                return
            arguments["ExclusiveStartKey"] = following

    def _call(self, call: Callable[..., Mapping[str, Any]], **arguments: object) -> Mapping[str, Any]:
        try:
            return call(**arguments)
        except Exception as error:
            if not is_service_failure(error):
                raise
            raise KeyStoreError(
                f"the key store's table {self._name!r} could not be used", causes=[error]
            ) from error


def put_new(item: BranchKeyItem) -> Action:
    """Put an item where there is none."""
    return _put(item.attributes(), condition=_ABSENT)


def put_tombstone(branch_key_id: str, *, shredded_at: str) -> Action:
    """Put the tombstone where there is none."""
    attributes = {**store_key(branch_key_id, SHREDDED), SHREDDED_AT: {"S": shredded_at}}
    return _put(attributes, condition=_ABSENT)


def put_over(item: BranchKeyItem, *, expected: BranchKeyItem) -> Action:
    """Put an item in the place of the expected one."""
    action = _put(item.attributes(), condition=_UNCHANGED)
    action["Put"] |= _unchanged(expected)
    return action


def delete(found: Attributes) -> Action:
    """Delete an item, whatever became of it meanwhile."""
    return {"Delete": {"Key": _key_of(found)}}


def delete_unchanged(found: Attributes) -> Action:
    """Delete an item if it still holds the same wrapped key; one that was edited may hold anything there."""
    wrapped = found.get(WRAPPED_KEY)
    condition: dict[str, Any] = {
        "ConditionExpression": "attribute_not_exists(#wrapped)" if wrapped is None else _UNCHANGED,
        "ExpressionAttributeNames": {"#wrapped": WRAPPED_KEY},
    }
    if wrapped is not None:
        condition["ExpressionAttributeValues"] = {":wrapped": wrapped}
    return {"Delete": {"Key": _key_of(found), **condition}}


def check_absent(branch_key_id: str, item_type: str) -> Action:
    """Expect that there is no such item."""
    return _check(branch_key_id, item_type, condition=_ABSENT)


def check_present(branch_key_id: str, item_type: str) -> Action:
    """Expect that there is such an item."""
    return _check(branch_key_id, item_type, condition=_PRESENT)


def _put(attributes: Attributes, *, condition: str) -> Action:
    names = {"ExpressionAttributeNames": {"#id": PARTITION_KEY}}
    return {"Put": {"Item": attributes, "ConditionExpression": condition, **names, **_TELL}}


def _key_of(found: Attributes) -> dict[str, Mapping[str, Any]]:
    return {name: found[name] for name in (PARTITION_KEY, SORT_KEY)}


def _check(branch_key_id: str, item_type: str, *, condition: str) -> Action:
    return {
        "ConditionCheck": {
            "Key": store_key(branch_key_id, item_type),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#id": PARTITION_KEY},
        }
    }


_TELL = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _unchanged(expected: BranchKeyItem) -> dict[str, Any]:
    return {
        "ExpressionAttributeNames": {"#wrapped": WRAPPED_KEY},
        "ExpressionAttributeValues": {":wrapped": {"B": expected.wrapped}},
        **_TELL,
    }


def _condition_failure(failure: KeyStoreError) -> Attributes | None:
    """Return what was in the way, if it was a condition that failed."""
    (cause,) = failure.causes
    if not isinstance(cause, Exception) or error_code(cause) != "ConditionalCheckFailedException":
        return None
    found: Attributes = answer_of(cause).get("Item") or {}
    return found


def _cancellation_reasons(failure: KeyStoreError) -> Sequence[Mapping[str, Any]]:
    (cause,) = failure.causes
    reasons: Sequence[Mapping[str, Any]] = answer_of(cause).get("CancellationReasons") or []
    return reasons
