"""A function that keeps items with dynamodb-encryption-sdk, under a data key from KMS each."""

import os
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from dynamodb_encryption_sdk.encrypted.client import EncryptedClient
from dynamodb_encryption_sdk.identifiers import CryptoAction
from dynamodb_encryption_sdk.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions

_TABLE = os.environ["RECORDS_TABLE"]
_dynamodb = EncryptedClient(
    client=boto3.client("dynamodb"),
    materials_provider=AwsKmsCryptographicMaterialsProvider(
        key_id=os.environ["ENVELOPE_KEY_ARN"],
        botocore_session=botocore.session.get_session(),
        regional_clients={os.environ["AWS_DEFAULT_REGION"]: boto3.client("kms")},
    ),
    attribute_actions=AttributeActions(default_action=CryptoAction.ENCRYPT_AND_SIGN),
)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Store what the event brings, and read it."""
    key = {"tenant": {"S": "official"}, "record": {"S": "item"}}
    _dynamodb.put_item(TableName=_TABLE, Item={**key, "body": {"S": str(event.get("body"))}})
    found = _dynamodb.get_item(TableName=_TABLE, Key=key, ConsistentRead=True)
    return {"statusCode": 200, "body": found["Item"]["body"]["S"]}
