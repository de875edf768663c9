"""A key store over KMS and DynamoDB of an emulator within this process, with each call counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

from envelope import BranchKeyStore
from local import additions

REGION = "eu-west-1"
TABLE, LOGICAL_NAME = "key-store", "branch-keys"
_CREDENTIALS: dict[str, Any] = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "region_name": REGION,
}


# One for all tests: a new one reads the services' descriptions again, which takes longer than most tests.
_SESSION = boto3.Session()


class Killed(BaseException):
    """The process ended here."""


def context_of(tenant: str) -> dict[str, str]:
    """The encryption context of a tenant's branch key."""
    return {"tenant": tenant}


@dataclass
class KeyStoreAws:
    """Clients of one emulated account with an empty key store."""

    kms: Any
    dynamodb: Any
    calls: Counter[str] = field(default_factory=Counter)
    kill_after: int | None = None
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    def key(self) -> str:
        """Make a KMS key."""
        return str(self.kms.create_key()["KeyMetadata"]["Arn"])

    def store(self, key_arn: str, *further: str, **changes: Any) -> BranchKeyStore:
        """The key store as one that is configured with these KMS keys sees it."""
        settings = {
            "table": TABLE,
            "logical_name": LOGICAL_NAME,
            "context_of": context_of,
            "dynamodb": self.dynamodb,
            "kms": self.kms,
        }
        return BranchKeyStore(key_arn=key_arn, further_key_arns=further, **(settings | changes))

    def items(self, tenant: str) -> dict[str, dict[str, Any]]:
        """All stored items of a tenant by their type."""
        answer = self.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "branch-key-id"},
            ExpressionAttributeValues={":id": {"S": tenant}},
        )
        return {item["type"]["S"]: item for item in answer["Items"]}

    def put(self, item: Mapping[str, Any]) -> None:
        """Write an item as somebody with access to the table could."""
        self.dynamodb.put_item(TableName=TABLE, Item=item)

    def delete(self, tenant: str, item_type: str) -> None:
        """Delete an item as somebody with access to the table could."""
        self.dynamodb.delete_item(
            TableName=TABLE, Key={"branch-key-id": {"S": tenant}, "type": {"S": item_type}}
        )

    def forget_calls(self) -> None:
        """Count anew."""
        self.calls.clear()

    def _before_call(self, model: Any, **_: Any) -> None:
        then = self.before.pop(model.name, None)
        if then is not None:
            then()

    def _after_call(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after == 0:
                raise Killed


def key_store_aws() -> KeyStoreAws:
    """Begin with an empty key store; to be called within `mock_aws`."""
    additions.install()
    aws = KeyStoreAws(_SESSION.client("kms", **_CREDENTIALS), _SESSION.client("dynamodb", **_CREDENTIALS))
    keys = ("branch-key-id", "HASH"), ("type", "RANGE")
    aws.dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    for client in (aws.kms, aws.dynamodb):
        client.meta.events.register("before-call", aws._before_call)
        client.meta.events.register("after-call", aws._after_call)
    return aws


def at(text: str) -> Callable[[], datetime]:
    """A clock that stands at a time in UTC."""
    return lambda: datetime.fromisoformat(text).replace(tzinfo=UTC)
