"""The functions as Lambda loads them, over real AWS clients; KMS and DynamoDB are emulated in-process."""

import json
import logging
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from local import additions
from tests.unit.service.faults import Faults
from tests.unit.service.functions import (
    KEY_STORE,
    TABLE,
    LambdaContext,
    Service,
    StandardOutput,
    Tenants,
    load,
)
from tests.unit.service.reencrypting import SECRET, Reencrypting

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    """Environment variables for one file of tests, as starting the functions is what takes their time."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def aws(environment: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "unit",
        "AWS_SECRET_ACCESS_KEY": "unit",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        environment.setenv(name, value)
    environment.delenv("AWS_PROFILE", raising=False)
    environment.delenv("AWS_ENDPOINT_URL", raising=False)
    additions.install()
    with mock_aws():
        for table, keys in ((TABLE, ("tenant", "record")), (KEY_STORE, ("branch-key-id", "type"))):
            make_table(table, keys=keys)
        yield


def make_table(name: str, *, keys: tuple[str, str]) -> None:
    partition, sort = keys
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
    )


@pytest.fixture(scope="module")
def start(aws: None, environment: pytest.MonkeyPatch) -> Callable[..., Service]:
    """Starts both functions; settings may be given by name."""
    environment.setattr(logging, "raiseExceptions", True)  # what a container switches off, for itself alone

    def started(**settings: str) -> Service:
        table = boto3.client("dynamodb")
        kms = boto3.client("kms")
        given = {
            "RECORDS_TABLE": TABLE,
            "LOGICAL_TABLE": "records",
            "ENVELOPE_KEY_ARN": kms.create_key()["KeyMetadata"]["Arn"],
            "DECRYPT_KEY_ARNS": "",
            "PLAINTEXT_ATTRIBUTES": "",
            "CURSOR_KEY": "arn:aws:cloudformation:eu-central-1:123456789012:stack/unit/0",
            "KEY_STRATEGY": "record",
            "KEY_STORE_TABLE": KEY_STORE,
            "LOGICAL_KEY_STORE": "branch-keys",
            "BRANCH_KEY_CACHE_SECONDS": "300",
            "BRANCH_KEY_CACHE_ENTRIES": "1000",
            "KEY_STORE_RECOVERY_DAYS": "7",
            "BRANCH_KEY_ROTATION_DAYS": "365",
            "POWERTOOLS_SERVICE_NAME": "records-unit",
            "POWERTOOLS_METRICS_NAMESPACE": "SealedRecords",
            **settings,
        }
        for name, value in given.items():
            environment.setenv(name, value)
        writer, reader = load("service.writer", "service.reader")
        logging.raiseExceptions = True
        for handler in logging.getLogger(given["POWERTOOLS_SERVICE_NAME"]).handlers:
            handler.setStream(StandardOutput())
        return Service(writer, reader, table=table, kms=kms, key_arn=given["ENVELOPE_KEY_ARN"])

    return started


@pytest.fixture(scope="module")
def running(start: Callable[..., Service]) -> Service:
    return start()


@pytest.fixture
def service(running: Service) -> Service:
    """Both functions over an empty table."""
    for item in running.items():
        key = {name: item[name] for name in ("tenant", "record")}
        running.table.delete_item(TableName=TABLE, Key=key)
    return running


@pytest.fixture(scope="module")
def start_tenants(start: Callable[..., Service]) -> Callable[..., Tenants]:
    """Starts all four functions; settings may be given by name."""

    def started(**settings: str) -> Tenants:
        base = start(**{"KEY_STRATEGY": "tenant", **settings})
        admin, rotation = load("service.tenant_admin", "service.rotation")
        logging.raiseExceptions = True
        return Tenants(**vars(base), admin=admin, rotation=rotation)

    return started


@pytest.fixture(scope="module")
def running_tenants(start_tenants: Callable[..., Tenants]) -> Tenants:
    return start_tenants()


@pytest.fixture
def tenants(running_tenants: Tenants) -> Tenants:
    """All functions in strategy tenant, over empty tables and with empty caches."""
    for table, names in ((TABLE, ("tenant", "record")), (KEY_STORE, ("branch-key-id", "type"))):
        for page in running_tenants.table.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                running_tenants.table.delete_item(TableName=table, Key={name: item[name] for name in names})
    running_tenants.forget()
    return running_tenants


@pytest.fixture
def record_strategy(tenants: Tenants, start: Callable[..., Service]) -> Service:
    """The writer and the reader of a deployment that was, or is again, in strategy record."""
    return start(ENVELOPE_KEY_ARN=tenants.key_arn)


@pytest.fixture
def reencrypting(
    tenants: Tenants, start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Reencrypting]:
    """Starts the function that encrypts records anew; settings may be given by name."""
    monkeypatch.setattr("service.reencryption_segment._WAITS", (0, 0))

    def started(**settings: str) -> Reencrypting:
        start(**{"ENVELOPE_KEY_ARN": tenants.key_arn, "KEY_STRATEGY": "tenant", **settings})
        (function,) = load("service.reencryptor")
        return Reencrypting(function, tenants)

    return started


@pytest.fixture
def old(tenants: Tenants, record_strategy: Service) -> Service:
    """A deployment that was in strategy record, with three records of two tenants."""
    tenants.create("acme", "globex")
    for tenant, record in (("acme", "r-1"), ("acme", "r-2"), ("globex", "r-1")):
        record_strategy.put(tenant, record, {"name": SECRET, "n": 1, "deep": {"list": [1, None, True]}})
    return record_strategy


@pytest.fixture
def mixed(tenants: Tenants, record_strategy: Service) -> Tenants:
    """A tenant with two records that hang on its branch key, three that do not, and a neighbour."""
    tenants.create("acme", "globex")
    for record in ("b-1", "b-2"):
        tenants.put("acme", record, {"n": 1})
    record_strategy.put("acme", "a-outside", {"n": 2})
    tenants.plant({"tenant": {"S": "acme"}, "record": {"S": "c-headless"}})
    item = tenants.item("acme", "b-1")
    tenants.plant({**item, "record": {"S": "d-broken"}, "aws_dbe_head": {"B": b"\x02\x00broken"}})
    record_strategy.put("globex", "p-1", {"n": 3})
    tenants.forget()
    return tenants


@pytest.fixture
def faults(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Faults]]:
    """Faults by operation; the pauses between attempts are left out."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def of(operation: str) -> Faults:
        writes = operation in ("PutItem", "DeleteItem", "GenerateDataKey")
        store = (service.writer if writes else service.reader)._container.own.store
        in_kms = operation in ("GenerateDataKey", "Decrypt")
        made.append(Faults(store.encryptor._keyring._kms._client if in_kms else store.client, operation))
        return made[-1]

    made: list[Faults] = []
    yield of
    for fault in made:
        fault.undo()


@pytest.fixture
def faults_of(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Faults]]:
    """Faults by the function's name and the operation; the pauses between attempts are left out."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def of(function: str, operation: str) -> Faults:
        container = getattr(tenants, function)._container
        kms = container.own.branch_keys._wrapping._kms
        of_kms = operation in ("Decrypt", "ReEncrypt", "GenerateDataKeyWithoutPlaintext")
        made.append(Faults(kms if of_kms else container.own.store.client, operation))
        return made[-1]

    made: list[Faults] = []
    yield of
    for fault in made:
        fault.undo()


@pytest.fixture
def findings(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[tuple[str, str | None, str]]]:
    """Tells tenant, record and reason of each integrity failure, as logged; the metric must agree."""

    def read() -> list[tuple[str, str | None, str]]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        found = [line for line in lines if line.get("message") == "integrity failure"]
        counted = [line["IntegrityFailures"] for line in lines if "IntegrityFailures" in line]
        assert sum(count for (count,) in counted) == len(found)
        assert all(line["level"] == "ERROR" for line in found)
        return [(line["tenant"], line.get("record"), line["reason"]) for line in found]

    return read


@pytest.fixture
def make_context() -> Callable[[int], LambdaContext]:
    """Makes the runtime's context with so many milliseconds left."""
    return lambda milliseconds: LambdaContext(milliseconds=milliseconds)
