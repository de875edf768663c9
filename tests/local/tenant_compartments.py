"""The service's own code in this process, with the deployed functions' settings, roles and sessions."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from envelope import KmsKeyring
from local.embedded import EmbeddedAws
from service.store import record_encryptor
from tests.local.names import PREFIX


@dataclass(frozen=True)
class InProcess:
    """A container of a function: what its handlers work with, and the modules that they call."""

    container: Any
    record_reads: Any
    record_writes: Any
    requests: Any
    tenant_shredding: Any


def plant_by_kms(aws: EmbeddedAws, tenant: str, record: str, text: str) -> dict[str, Any]:
    """Store a record as the strategy `record` does, whatever the deployed one is; return the item."""
    keyring = KmsKeyring(aws.client("kms"), aws.outputs["EnvelopeKeyArn"])
    encryptor = record_encryptor(logical_table="records", plaintext_attributes=(), keyring=keyring)
    plain = {
        "tenant": {"S": tenant},
        "record": {"S": record},
        "revision": {"S": "0" * 32},
        "updated_at": {"S": "2026-01-01T00:00:00.000000Z"},
        "of": {"S": text},
    }
    item = encryptor.encrypt(plain)
    aws.client("dynamodb").put_item(TableName=aws.outputs["RecordsTableName"], Item=item)
    return item


@contextmanager
def started(aws: EmbeddedAws, function: str, **changes: str) -> Iterator[InProcess]:
    """Start a function's code here, as Lambda starts it: with its variables, and credentials of its role."""
    described = aws.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-{function}")
    key = aws.client("sts").assume_role(RoleArn=described["Role"], RoleSessionName=function)["Credentials"]
    variables = {
        **described["Environment"]["Variables"],
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ENDPOINT_URL": aws.aws_endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": key["SessionToken"],
        **changes,
    }
    before = dict(os.environ)
    os.environ.update(variables)
    boto3.DEFAULT_SESSION = None
    try:
        container = importlib.import_module("service.wiring").start()
        container.time_limit.begin(remaining_ms=600_000)
        names = ("record_reads", "record_writes", "requests", "tenant_shredding")
        yield InProcess(container, *(importlib.import_module(f"service.{name}") for name in names))
    finally:
        boto3.DEFAULT_SESSION = None
        os.environ.clear()
        os.environ.update(before)
