"""The clients of KMS, DynamoDB and STS: one each for a container or for a session, with bounded time-outs.

A request for a record makes one call of KMS and one of DynamoDB, one more of each where its branch key is not
in memory, and one of STS where its tenant has no session. With three attempts of at most three seconds and
the pauses between them those fit into the function's time; `TimeLimit` holds the bound where that reckoning
fails.
"""

from typing import TYPE_CHECKING, TypedDict

import boto3
from botocore.config import Config

from service.tenant_sessions import SessionCredentials
from service.time_limit import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS, TimeLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sts import STSClient


def _config(attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


_CONFIG = _config(MAX_ATTEMPTS)

#: Calls of a session of a tenant are signed with these; without, with the function's own.
Credentials = SessionCredentials | None


def kms_client(time_limit: TimeLimit, credentials: Credentials = None) -> "KMSClient":
    """Make a client whose calls are counted."""
    client = boto3.client("kms", config=_CONFIG, **_signed_with(credentials))
    client.meta.events.register("before-send.kms", time_limit.before_send_to_kms)
    return client


def dynamodb_client(time_limit: TimeLimit, credentials: Credentials = None) -> "DynamoDBClient":
    """Make a client of the two tables."""
    client = boto3.client("dynamodb", config=_CONFIG, **_signed_with(credentials))
    client.meta.events.register("before-send.dynamodb", time_limit.before_send)
    return client


def sts_client(time_limit: TimeLimit, *, attempts: int = MAX_ATTEMPTS) -> "STSClient":
    """Make a client that begins sessions, at the Region's own endpoint; its calls are counted."""
    client = boto3.client("sts", config=_config(attempts))
    client.meta.events.register("before-send.sts", time_limit.before_send_to_sts)
    return client


class _Signer(TypedDict, total=False):
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


def _signed_with(credentials: Credentials) -> _Signer:
    if credentials is None:
        return {}
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
    }
