"""Creating, replacing and deleting a record: one call each, so a write is there wholly or not at all.

The writer reads nothing first. The SDK may repeat a call whose answer was lost although the change was made;
the revision, which is new in every write, then tells the own change from another's. Only a precondition on a
revision keeps such a repetition from undoing what somebody else did in between: docs/api.md says so.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from envelope import BranchKeyItemError
from service import problems
from service.failures import BranchKeyNotVerified, error_code
from service.item_size import MAX_ITEM_BYTES, item_size
from service.json_body import AttributeValue
from service.names import RECORD_ATTRIBUTE, REVISION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE
from service.problems import Problem
from service.requests import (
    DeleteRequest,
    MustBeAbsent,
    MustExist,
    MustHaveRevision,
    Precondition,
    PutRequest,
    RecordPath,
)
from service.store import Store, record_key
from service.times import time_text, utc_now


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write."""

    revision: str
    updated_at: str
    created: bool


def put_record(store: Store, request: PutRequest) -> Written:
    """Create or replace a record.

    Raises
    ------
    Problem
        When the record is too large, or the precondition does not hold.
    BranchKeyNotFoundError, BranchKeyShreddedError
        Strategy `tenant`: when the tenant has no branch key, or no more.
    BranchKeyNotVerified
        Strategy `tenant`: when the branch key is not as it was stored.
    KeyServiceError
        When KMS or the key store fails.
    """
    revision = secrets.token_hex(16)
    updated_at = time_text(utc_now(), to="microseconds")
    item = {
        **request.data,
        **record_key(request.path.tenant, request.path.record),
        REVISION_ATTRIBUTE: {"S": revision},
        UPDATED_AT_ATTRIBUTE: {"S": updated_at},
    }
    # Encryption only adds: what is too large already costs no call to KMS.
    _check_size(item)
    sealed = _sealed(store, item, path=request.path)
    _check_size(sealed)
    try:
        answer = store.client.put_item(
            TableName=store.table,
            Item=sealed,
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **_condition(request.precondition),
        )
    except ClientError as error:
        if not _condition_failed(error):
            raise
        if _revision(_item_in_the_way(error)) != revision:
            raise _refused(request.precondition, absent=not _item_in_the_way(error)) from None
        # The first attempt made the change and its answer was lost: the condition failed on our own write.
        return Written(
            revision=revision, updated_at=updated_at, created=isinstance(request.precondition, MustBeAbsent)
        )
    # Where the old item is our own, an attempt before made the change. Whether that one created the record
    # cannot be known any more: "replaced" promises less.
    return Written(revision=revision, updated_at=updated_at, created=not answer.get("Attributes"))


def delete_record(store: Store, request: DeleteRequest) -> None:
    """Delete a record.

    Raises
    ------
    Problem
        When there is none, or the precondition does not hold.
    """
    try:
        answer = store.client.delete_item(
            TableName=store.table,
            Key=record_key(request.path.tenant, request.path.record),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **_condition(request.precondition),
        )
    except ClientError as error:
        if not _condition_failed(error):
            raise
        absent = not _item_in_the_way(error)
        if absent and _was_repeated(error.response):
            return  # an attempt before made the change and its answer was lost
        raise _refused(request.precondition, absent=absent) from None
    if not answer.get("Attributes") and not _was_repeated(answer):
        raise Problem(problems.NOT_FOUND, "Check the ids: there is nothing to delete.")


def _sealed(store: Store, item: Mapping[str, AttributeValue], *, path: RecordPath) -> dict[str, Any]:
    try:
        return store.encryptor.encrypt(item)
    except BranchKeyItemError as error:
        reason = type(error).__name__
    raise BranchKeyNotVerified(tenant=path.tenant, record=path.record, reason=reason)


def _condition(precondition: Precondition) -> dict[str, Any]:
    match precondition:
        case MustBeAbsent():
            return {
                "ConditionExpression": "attribute_not_exists(#record)",
                "ExpressionAttributeNames": {"#record": RECORD_ATTRIBUTE},
            }
        case MustExist():
            return {
                "ConditionExpression": "attribute_exists(#record)",
                "ExpressionAttributeNames": {"#record": RECORD_ATTRIBUTE},
            }
        case MustHaveRevision(revision):
            return {
                "ConditionExpression": "#revision = :revision",
                "ExpressionAttributeNames": {"#revision": REVISION_ATTRIBUTE},
                "ExpressionAttributeValues": {":revision": {"S": revision}},
            }
        case _:
            return {}


def _refused(precondition: Precondition, *, absent: bool) -> Problem:
    if isinstance(precondition, MustBeAbsent):
        return Problem(
            problems.RECORD_EXISTS, "Choose another id, or replace it with If-Match.", field="If-None-Match"
        )
    if absent:
        detail = "The record does not exist. Create it with If-None-Match: *."
    else:
        detail = "The record was changed meanwhile. Read it, apply your change anew, and send its ETag."
    return Problem(problems.REVISION_MISMATCH, detail, field="If-Match")


def _check_size(item: Mapping[str, AttributeValue]) -> None:
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise Problem(
            problems.RECORD_TOO_LARGE,
            f"Send a smaller record: encrypted it has {size} bytes or more, and DynamoDB keeps "
            f"{MAX_ITEM_BYTES}.",
            limit=MAX_ITEM_BYTES,
        )


def _condition_failed(error: ClientError) -> bool:
    return error_code(error) == "ConditionalCheckFailedException"


def _item_in_the_way(error: ClientError) -> Mapping[str, AttributeValue]:
    response: Mapping[str, Any] = error.response
    return response.get("Item") or {}


def _revision(item: Mapping[str, AttributeValue]) -> str | None:
    return item.get(REVISION_ATTRIBUTE, {}).get("S")


def _was_repeated(response: Mapping[str, Any]) -> bool:
    return bool(response.get("ResponseMetadata", {}).get("RetryAttempts"))
