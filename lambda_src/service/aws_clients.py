"""The clients of KMS and DynamoDB: one each for the life of a container, with bounded time-outs and retries.

A request for a record makes one call of each, and one more of each where its branch key is not in memory.
With three attempts of at most three seconds and the pauses between them those fit into the function's time;
`TimeLimit` holds the bound where that reckoning fails.
"""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from service.time_limit import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS, TimeLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

_CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_SECONDS,
    read_timeout=READ_TIMEOUT_SECONDS,
    retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
)


def kms_client(time_limit: TimeLimit) -> "KMSClient":
    """Make the client whose calls are counted."""
    client = boto3.client("kms", config=_CONFIG)
    client.meta.events.register("before-send.kms", time_limit.before_send_to_kms)
    return client


def dynamodb_client(time_limit: TimeLimit) -> "DynamoDBClient":
    """Make the client of the records table."""
    client = boto3.client("dynamodb", config=_CONFIG)
    client.meta.events.register("before-send.dynamodb", time_limit.before_send)
    return client
