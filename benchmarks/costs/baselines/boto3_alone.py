"""A function without encryption: boto3 with the clients of a function for records, and cryptography.

Of cryptography it imports what the stored format is made with. It keeps its item in plaintext.
"""

import os
from collections.abc import Mapping
from typing import Any

import boto3
from cryptography.hazmat.primitives import hashes, hmac, serialization  # noqa: F401
from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: F401
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: F401
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: F401
from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: F401

_TABLE = os.environ["RECORDS_TABLE"]
_kms = boto3.client("kms")
_dynamodb = boto3.client("dynamodb")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Store what the event brings, and read it."""
    key = {"tenant": {"S": "boto3"}, "record": {"S": "alone"}}
    _dynamodb.put_item(TableName=_TABLE, Item={**key, "body": {"S": str(event.get("body"))}})
    found = _dynamodb.get_item(TableName=_TABLE, Key=key, ConsistentRead=True)
    return {"statusCode": 200, "body": found["Item"]["body"]["S"]}
