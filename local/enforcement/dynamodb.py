"""What DynamoDB asks IAM and the table's policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB";
DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control" and "Using IAM with
DynamoDB transactions".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.kms.models import Key

from local.api_call import ApiCall
from local.emulator import ACCOUNT
from local.enforcement import kms
from local.enforcement.ask import Ask, NotJudgedError
from local.enforcement.documents import read
from local.policy import Policy

_OF_ITEMS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"})
_OF_TABLES = frozenset(
    {
        "CreateBackup",
        "CreateTable",
        "DeleteResourcePolicy",
        "DeleteTable",
        "DescribeContinuousBackups",
        "DescribeTable",
        "DescribeTimeToLive",
        "ExportTableToPointInTime",
        "GetResourcePolicy",
        "PutResourcePolicy",
        "RestoreTableToPointInTime",
        "UpdateContinuousBackups",
        "UpdateTable",
        "UpdateTimeToLive",
    }
)
_OF_THE_ACCOUNT = frozenset({"DescribeEndpoints", "DescribeLimits", "ListBackups", "ListTables"})
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
# In their place expressions say what a request is about; these would say it once more, and are not read here.
_OLDER = frozenset(
    {"AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"}
)
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")
_NAME = re.compile(r"#[A-Za-z0-9_]+|(?<![:#.\w])[A-Za-z_][A-Za-z0-9_-]*")
# What an expression may hold beside names.
_WORDS = re.compile(
    r"and|or|not|between|in|set|remove|add|delete|attribute_exists|attribute_not_exists|attribute_type"
    r"|begins_with|contains|size|if_not_exists|list_append",
    re.IGNORECASE,
)


def asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of DynamoDB needs."""
    given = call.parameters
    if call.operation in _OF_ITEMS:
        return [*_on_items(call, call.operation, given, [given])]
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            ask
            for member in given.get("TransactItems", [])
            for kind, inner in member.items()
            for ask in _on_items(call, _TRANSACTION[kind], inner, [inner], enclosing=call.operation)
        ]
    if call.operation in ("BatchGetItem", "BatchWriteItem"):
        return [
            ask
            for table, inner in given.get("RequestItems", {}).items()
            for ask in _on_items(call, call.operation, {"TableName": table}, list(_batched(inner)))
        ]
    if call.operation in _OF_TABLES:
        named = given.get("TableName") or given.get("ResourceArn") or given.get("TableArn")
        return [_on_table(call, call.operation, named or given.get("SourceTableName", ""), {})]
    if call.operation in _OF_THE_ACCOUNT:
        return [Ask(action=f"dynamodb:{call.operation}", resource="*", account=ACCOUNT)]
    raise NotJudgedError


def _batched(inner: Any) -> Iterable[Mapping[str, Any]]:  # noqa: ANN401 - of two forms
    """Yield each member of a batch in the form of a single request."""
    if isinstance(inner, Mapping):
        for key in inner.get("Keys", []):
            yield {**inner, "Key": key}
    else:
        for request in inner:
            yield from request.values()


def _on_items(
    call: ApiCall,
    action: str,
    given: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    *,
    enclosing: str | None = None,
) -> Iterable[Ask]:
    for member in members:
        _check_readable(member)
    table = find_table(given.get("TableName", ""), region=call.region)
    context: dict[str, Any] = {"dynamodb:EnclosingOperation": enclosing} if enclosing else {}
    for name in ("Select", "ReturnValues", "ReturnConsumedCapacity"):
        if name in given:
            context[f"dynamodb:{name}"] = str(given[name])
    leading = [value for member in members for value in _leading_keys(member, table)]
    if leading:
        context["dynamodb:LeadingKeys"] = leading
    attributes = {name for member in members for name in _attributes(member)}
    if attributes:
        context["dynamodb:Attributes"] = sorted(attributes)
    if action == "Scan":
        context["dynamodb:FullTableScan"] = "true"
    yield _on_table(call, action, given.get("TableName", ""), context, index=given.get("IndexName"))
    key = _key_of(table, region=call.region)
    if table is not None and key is not None:
        yield _through_table(call, key, table)


def _check_readable(given: Mapping[str, Any]) -> None:
    """Refuse what says in another way than by expressions and plain placeholders which items it is about."""
    names = (*given.get("ExpressionAttributeNames", {}), *given.get("ExpressionAttributeValues", {}))
    if _OLDER & given.keys() or not all(_PLACEHOLDER.fullmatch(name) for name in names):
        raise NotJudgedError


def _through_table(call: ApiCall, key: Key, table: Table) -> Ask:
    """Return what the table's key asks: DynamoDB decrypts the table's key in its caller's name.

    Source: DynamoDB Developer Guide, "DynamoDB encryption at rest: usage notes", "DynamoDB encryption
    context".
    """
    context = kms.encryption_context(
        {"aws:dynamodb:tableName": table.name, "aws:dynamodb:subscriberId": ACCOUNT}
    )
    service = f"dynamodb.{call.region}.amazonaws.com"
    return kms.on_key(key, "Decrypt", {**context, "kms:ViaService": service, "aws:ViaAWSService": "true"})


def _key_of(table: Table | None, *, region: str) -> Key | None:
    specification = (table.sse_specification or {}) if table is not None else {}
    return kms.find_key(specification.get("KMSMasterKeyId"), region=region)


def find_table(named: str, *, region: str) -> Table | None:
    """Return a table by its name or ARN."""
    return dynamodb_backends[ACCOUNT][region].tables.get(_name_of_table(named))


def _name_of_table(named: str) -> str:
    return named.partition(":table/")[2].partition("/")[0] or named


def _on_table(
    call: ApiCall, action: str, named: str, context: Mapping[str, Any], *, index: str | None = None
) -> Ask:
    account = named.split(":")[4] if named.startswith("arn:") else ACCOUNT
    arn = f"arn:aws:dynamodb:{call.region}:{account}:table/{_name_of_table(named)}"
    return Ask(
        action=f"dynamodb:{action}",
        resource=f"{arn}/index/{index}" if index else arn,
        account=account,
        context=context,
        policy=_policy(arn, region=call.region),
    )


def _policy(arn: str, *, region: str) -> Policy | None:
    found = dynamodb_backends[ACCOUNT][region].resource_policies.get(arn)
    return None if found is None else read(found.policy_doc, name="the table's policy")


def _leading_keys(given: Mapping[str, Any], table: Table | None) -> Iterable[str]:
    if table is None or not table.hash_key_attr:
        return
    name = table.hash_key_attr
    if given.get("IndexName"):
        index = table.get_index(given["IndexName"])
        name = next(each["AttributeName"] for each in index.schema if each["KeyType"] == "HASH")
    for source in ("Key", "Item"):
        if name in given.get(source, {}):
            yield _text(given[source][name])
    condition = given.get("KeyConditionExpression")
    if condition:
        compared = _compared(condition, given.get("ExpressionAttributeNames", {}), name)
        yield _text(given.get("ExpressionAttributeValues", {})[compared])


def _compared(condition: str, names: Mapping[str, str], attribute: str) -> str:
    """Return the placeholder that a key condition demands an attribute to equal: it is demanded once."""
    found = [
        value
        for name, value in re.findall(r"(#?[A-Za-z0-9_.-]+)\s*=\s*(:[A-Za-z0-9_]+)", condition)
        if names.get(name, name) == attribute
    ]
    if len(found) != 1:
        raise NotJudgedError
    return str(found[0])


def _text(value: Mapping[str, Any]) -> str:
    (content,) = value.values()
    return content.hex() if isinstance(content, bytes) else str(content)


def _attributes(given: Mapping[str, Any]) -> set[str]:
    """Return the top-level attributes that a request names."""
    found = {*given.get("Key", {}), *given.get("Item", {}), *given.get("AttributesToGet", [])}
    names = given.get("ExpressionAttributeNames", {})
    found.update(names.values())
    for expression in _EXPRESSIONS:
        for name in _NAME.findall(given.get(expression) or ""):
            if not _WORDS.fullmatch(name):
                found.add(names.get(name, name))
    return found
