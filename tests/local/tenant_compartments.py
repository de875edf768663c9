"""The service's own code in this process, with the deployed functions' settings, roles and sessions."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from local.embedded import EmbeddedAws
from tests.local.names import PREFIX


@dataclass(frozen=True)
class InProcess:
    """A container of a function: what its handlers work with, and the modules that they call."""

    container: Any
    record_reads: Any
    record_writes: Any
    requests: Any
    tenant_shredding: Any


@contextmanager
def started(aws: EmbeddedAws, function: str) -> Iterator[InProcess]:
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
        "POWERTOOLS_DEV": "0",
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
