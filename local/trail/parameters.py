"""The parameters of a call as a record shows them: in CloudTrail's names, and without what is to stay secret.

Values of items, plaintexts, ciphertexts and bodies are not shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.api_call import ApiCall
from local.enforcement.dynamodb import find_table

# In lower case.
_SECRET = frozenset(
    {
        "body",
        "cause",
        "ciphertextblob",
        "clientcontext",
        "code",
        "copysourcessecustomerkey",
        "environment",
        "granttokens",
        "input",
        "keymaterial",
        "logevents",
        "message",
        "messagebody",
        "newpassword",
        "oldpassword",
        "output",
        "parameters",
        "parametervalue",
        "password",
        "payload",
        "plaintext",
        "samlassertion",
        "secretaccesskey",
        "signature",
        "ssecustomerkey",
        "statement",
        "statements",
        "tasktoken",
        "templatebody",
        "tokencode",
        "transactstatements",
        "value",
        "webidentitytoken",
        "zipfile",
    }
)
_OF_ITEMS = frozenset(
    {
        "ConditionExpression",
        "ConsistentRead",
        "ExpressionAttributeNames",
        "FilterExpression",
        "IndexName",
        "KeyConditionExpression",
        "Limit",
        "ProjectionExpression",
        "ReturnConsumedCapacity",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "ScanIndexForward",
        "Segment",
        "Select",
        "TableName",
        "TotalSegments",
        "UpdateExpression",
    }
)
_S3_NAMES = {"Bucket": "bucketName", "Key": "key"}


def request_parameters(call: ApiCall) -> dict[str, Any]:
    """Return what a record shows of a call's parameters."""
    if call.service == "dynamodb":
        return _of_dynamodb(call)
    if call.service == "sts" and "Tags" in call.parameters:
        # A session's tags are the principal's.
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in call.parameters["Tags"]}
        others = {name: value for name, value in call.parameters.items() if name != "Tags"}
        return request_parameters(replace(call, parameters=others)) | {"principalTags": tags}
    shown = {
        _S3_NAMES.get(name, _lower(name)) if call.service == "s3" else _lower(name): _shown(value)
        for name, value in call.parameters.items()
        if name.lower() not in _SECRET and not isinstance(value, bytes)
    }
    if call.service == "kms" and "encryptionContext" in shown:
        shown["encryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
    return shown


def _of_dynamodb(call: ApiCall) -> dict[str, Any]:
    given = call.parameters
    if "TransactItems" in given:
        return {
            "transactItems": [
                {_lower(kind): _of_item(inner, call.region) for kind, inner in each.items()}
                for each in given["TransactItems"]
            ]
        }
    if "RequestItems" in given:
        return {"requestItems": dict(_of_batch(given["RequestItems"], call.region))}
    if "Item" in given or "Key" in given or call.operation in ("Query", "Scan"):
        return _of_item(given, call.region)
    return {_lower(name): _shown(value) for name, value in given.items() if name.lower() not in _SECRET}


def _of_batch(tables: Mapping[str, Any], region: str) -> Iterator[tuple[str, Any]]:
    for table, inner in tables.items():
        if isinstance(inner, Mapping):
            yield table, {"keys": [_plain(key) for key in inner.get("Keys", [])]}
        else:
            yield (
                table,
                [
                    {
                        _lower(kind): _of_item({**request, "TableName": table}, region)
                        for kind, request in each.items()
                    }
                    for each in inner
                ],
            )


def _of_item(given: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Return an item's key, the names of its attributes, and how it is asked for."""
    shown = {_lower(name): _shown(value) for name, value in given.items() if name in _OF_ITEMS}
    if "Key" in given:
        shown["key"] = _plain(given["Key"])
    if "Item" in given:
        table = find_table(str(given.get("TableName", "")), region=region)
        keys = () if table is None else (table.hash_key_attr, table.range_key_attr)
        item = given["Item"]
        shown["key"] = _plain({name: item[name] for name in keys if name is not None and name in item})
        shown["item"] = sorted(item)
    return shown


def _plain(key: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: content.hex() if isinstance(content, bytes) else content
        for name, value in key.items()
        for content in value.values()
    }


def _shown(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {
            # Names that somebody chose stay as they are: an encryption context's, a tag's.
            str(name): _shown(inner)
            for name, inner in value.items()
            if name.lower() not in _SECRET and not isinstance(inner, bytes)
        }
    if isinstance(value, list):
        return [_shown(each) for each in value if not isinstance(each, bytes)]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
