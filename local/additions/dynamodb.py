"""DynamoDB: a table's properties can be read back, binary values have their own size, tokens are kept.

A transaction that is sent again with its token is not carried out again; moto would refuse it. moto measures
binary attributes as the base64 they travel in, a third too long, and refuses items below DynamoDB's limit of
400 KB; ciphertext is binary, so that would refuse records that a real table takes.
"""

import base64
import copy
import json
import time
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb import responses
from moto.dynamodb.exceptions import DynamodbException, ItemSizeTooLarge, MockValidationException
from moto.dynamodb.models import dynamo_type, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from local.additions.cloudformation import Properties, Where, extend, truth
from local.additions.stack_updates import changeable

# "Maximum item size: 400 KB", names and values, counted in units of 1024 bytes.
_ITEM_LIMIT = 400 * 1024
# "A client request token is valid for 10 minutes after the first request that uses it is completed."
_TOKEN_SECONDS = 600.0
# "BatchWriteItem can comprise up to 25 item put or delete operations"; "up to 100 action requests".
_MOST_WRITES, _MOST_IN_A_TRANSACTION = 25, 100


def install() -> None:
    """Keep what moto drops from a table's properties, and measure items as DynamoDB does."""
    extend(Table, _properties)
    changed = ("PointInTimeRecoverySpecification", "ResourcePolicy", "TimeToLiveSpecification")
    changeable("AWS::DynamoDB::Table", *changed, apply=_properties)
    _once_for_each_token()
    _limit_batches()
    _begin_within_the_partition()
    original = DynamoType.size

    def size(self: DynamoType) -> int:
        if self.is_binary():
            return len(self.value) if isinstance(self.value, bytes) else len(base64.b64decode(self.value))
        return original(self)

    DynamoType.size = size  # type: ignore[method-assign]
    dynamo_type.LimitedSizeDict.__setitem__ = _limited_set_item  # type: ignore[method-assign]


def _limited_set_item(self: dict[Any, Any], key: Any, value: Any) -> None:  # noqa: ANN401
    dict.__setitem__(self, key, value)
    if sum(len(str(k).encode()) + _size(v) for k, v in self.items()) > _ITEM_LIMIT:
        dict.__delitem__(self, key)
        raise ItemSizeTooLarge


def _size(value: object) -> int:
    return value.size() if isinstance(value, DynamoType) else len(str(value).encode())


def _once_for_each_token() -> None:
    original = DynamoHandler.transact_write_items

    def transact_write_items(self: DynamoHandler) -> ActionResult:
        # Kept by the backend, which forgets everything when it is reset.
        carried_out = vars(self.dynamodb_backend).setdefault("tokens", {})
        token, asked = self.body.get("ClientRequestToken"), copy.deepcopy(self.body)
        earlier, at = carried_out.get(token, (None, 0.0))
        if earlier is None or at + _TOKEN_SECONDS < time.monotonic():
            answer: ActionResult = original(self)
            carried_out[token] = asked, time.monotonic()
            return answer
        if earlier != asked:
            message = "The token was used with other parameters."
            raise DynamodbException("IdempotentParameterMismatchException", message)
        return ActionResult({})

    DynamoHandler.transact_write_items = transact_write_items  # type: ignore[method-assign]


def _limit_batches() -> None:
    responses.TRANSACTION_MAX_ITEMS = _MOST_IN_A_TRANSACTION
    original = DynamoHandler.batch_write_item

    def batch_write_item(self: DynamoHandler) -> ActionResult:
        if sum(map(len, self.body["RequestItems"].values())) > _MOST_WRITES:
            raise MockValidationException("Too many items requested for the BatchWriteItem call")
        answer: ActionResult = original(self)
        return answer

    DynamoHandler.batch_write_item = batch_write_item  # type: ignore[method-assign]


def _begin_within_the_partition() -> None:
    """A query goes on in the partition that it asks for; moto takes the key of any."""
    original = DynamoHandler.query

    def query(self: DynamoHandler) -> ActionResult:
        start, values = self.body.get("ExclusiveStartKey"), self.body.get("ExpressionAttributeValues", {})
        table = self.dynamodb_backend.tables.get(self.body["TableName"])
        within = table is None or not start or start.get(table.hash_key_attr) in values.values()
        if not within and not self.body.get("IndexName"):
            raise MockValidationException(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
        answer: ActionResult = original(self)
        return answer

    DynamoHandler.query = query  # type: ignore[method-assign]


def _properties(table: Table, properties: Properties, where: Where) -> None:
    """Give a table what a template says of it and moto leaves out."""
    backend = dynamodb_backends[where.account][where.region]
    encryption = properties.get("SSESpecification", {})
    if truth(encryption.get("SSEEnabled")) and table.sse_specification is not None:
        # moto looks for the API's name of the switch, and the template has CloudFormation's.
        table.sse_specification = {**table.sse_specification, "Enabled": True}
    backups = properties.get("PointInTimeRecoverySpecification", {})
    if truth(backups.get("PointInTimeRecoveryEnabled")):
        specification = {**backups, "PointInTimeRecoveryEnabled": True}
        backend.update_continuous_backups(table.name, specification)
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        specification = {**expiry, "Enabled": truth(expiry.get("Enabled"))}
        backend.update_time_to_live(table.name, specification)
    policy = properties.get("ResourcePolicy")
    if policy:
        document = json.dumps(policy["PolicyDocument"])
        backend.put_resource_policy(table.table_arn, document, expected_revision_id=None)
