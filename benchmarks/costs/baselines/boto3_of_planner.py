"""As boto3_alone, with the three clients of the planner."""

import os
from collections.abc import Mapping
from typing import Any

import boto3
from cryptography.hazmat.primitives import hashes, hmac, serialization  # noqa: F401
from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: F401
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: F401
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: F401
from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: F401

_BUCKET = os.environ["MAINTENANCE_BUCKET"]
_TABLE = os.environ["RECORDS_TABLE"]
_s3 = boto3.client("s3")
_dynamodb = boto3.client("dynamodb")
_machine = boto3.client("stepfunctions")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Look at the table, and write what the event brings."""
    _dynamodb.describe_table(TableName=_TABLE)
    _s3.put_object(Bucket=_BUCKET, Key="alone", Body=str(event).encode())
    found = _s3.get_object(Bucket=_BUCKET, Key="alone")
    return {"statusCode": 200, "body": found["Body"].read().decode()}
