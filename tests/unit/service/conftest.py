"""The functions as Lambda loads them, over real AWS clients; KMS and DynamoDB are emulated in-process."""

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

REGION = "eu-central-1"
TABLE = "unit-records"
KEY_STORE = "unit-key-store"


@dataclass(frozen=True)
class LambdaContext:
    aws_request_id: str = "lambda-request"
    milliseconds: int = 28_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any
    text: str

    @property
    def slug(self) -> str:
        """The problem's slug."""
        return self.body["type"].removeprefix("urn:sealed-records:problem:")


def event(
    method: str,
    tenant: str,
    record: str | None = None,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """An event of API Gateway's REST proxy integration."""
    path = f"/tenants/{quote(tenant)}/records"
    resource = "/tenants/{tenant}/records"
    parameters = {"tenant": tenant}
    if record is not None:
        path += f"/{quote(record)}"
        resource += "/{record}"
        parameters["record"] = record
    content = {"content-type": "application/json"} if body is not None else {}
    given = {**content, **(headers or {})}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": given,
        "multiValueHeaders": {name: [value] for name, value in given.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {"requestId": "request-1", "stage": "v1"},
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


@dataclass
class Service:
    """The two functions and what they stand on."""

    writer: Any
    reader: Any
    table: Any
    kms: Any
    key_arn: str

    def call(self, method: str, tenant: str, record: str | None = None, **details: Any) -> Answer:
        context = details.pop("context", LambdaContext())
        return self.send(event(method, tenant, record, **details), context=context)

    def send(self, request: dict[str, Any], *, context: LambdaContext | None = None) -> Answer:
        function = self.writer if request["httpMethod"] in ("PUT", "DELETE") else self.reader
        answer = function.handler(request, context or LambdaContext())
        json.dumps(answer)
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        text = answer["body"] or ""
        return Answer(
            status=int(answer["statusCode"]),
            headers=headers,
            body=json.loads(text) if text else None,
            text=text,
        )

    def put(self, tenant: str, record: str, data: Any, **details: Any) -> Answer:
        return self.call("PUT", tenant, record, body=json.dumps(data), **details)

    def get(self, tenant: str, record: str) -> Answer:
        return self.call("GET", tenant, record)

    def items(self) -> list[dict[str, Any]]:
        return sorted(
            self.table.scan(TableName=TABLE)["Items"],
            key=lambda item: (item["tenant"]["S"], item["record"]["S"]),
        )

    def item(self, tenant: str, record: str) -> dict[str, Any]:
        key = {"tenant": {"S": tenant}, "record": {"S": record}}
        return self.table.get_item(TableName=TABLE, Key=key)["Item"]

    def plant(self, item: dict[str, Any]) -> None:
        self.table.put_item(TableName=TABLE, Item=item)


def load(*names: str) -> list[Any]:
    """Import modules anew, as a container does when it starts."""
    for name in names:
        sys.modules.pop(name, None)
    loaded = [importlib.import_module(name) for name in names]
    for name in names:
        del sys.modules[name]
    return loaded


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
            handler.setStream(_StandardOutput())
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


class _StandardOutput:
    """Standard output as it is now: a logger keeps the one that it was made with, and pytest changes it."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@dataclass
class Faults:
    """Lets attempts of one operation fail where they leave the process; the retries are the real ones."""

    client: Any
    operation: str
    attempts: int = 0
    undo: Callable[[], object] = field(default=lambda: None)

    def answer(self, status: int, code: str, *, times: int = 99) -> None:
        """Answer with an error instead of passing the request on."""

        def fail(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            if self.attempts > times:
                return botocore_stubber(event_name=event_name, request=request)
            body = json.dumps({"__type": code, "message": "for this test: marker-in-message"}).encode()
            return AWSResponse(request.url, status, {"x-amzn-requestid": "fault"}, MockRawResponse(body))

        self._register(fail)

    def lose_answer(self, *, times: int = 1) -> None:
        """Pass the request on, and lose the answer."""

        def lose(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            answer = botocore_stubber(event_name=event_name, request=request)
            if self.attempts <= times:
                raise ReadTimeoutError(endpoint_url=request.url)
            return answer

        self._register(lose)

    def unreachable(self, *, times: int = 99) -> None:
        """Reach no service at all."""

        def refuse(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            if self.attempts <= times:
                raise EndpointConnectionError(endpoint_url=request.url)
            return botocore_stubber(event_name=event_name, request=request)

        self._register(refuse)

    def _register(self, handler: Callable[..., Any]) -> None:
        # The emulator's own handler would carry out a request that this one has answered.
        service = self.client.meta.service_model.service_id.hyphenize()
        events = self.client.meta.events
        events.unregister("before-send", botocore_stubber)

        def send(event_name: str, request: Any, **_: Any) -> AWSResponse | None:
            return handler(event_name=event_name, request=request)

        name = f"before-send.{service}.{self.operation}"
        events.register_last(name, send)
        self.undo = lambda: (events.unregister(name, send), events.register("before-send", botocore_stubber))


@pytest.fixture
def faults(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Faults]]:
    """Faults by operation; the pauses between attempts are left out."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def of(operation: str) -> Faults:
        writes = operation in ("PutItem", "DeleteItem", "GenerateDataKey")
        store = (service.writer if writes else service.reader)._container.store
        in_kms = operation in ("GenerateDataKey", "Decrypt")
        made.append(Faults(store.encryptor._keyring._kms._client if in_kms else store.client, operation))
        return made[-1]

    made: list[Faults] = []
    yield of
    for fault in made:
        fault.undo()


@pytest.fixture
def make_context() -> Callable[[int], LambdaContext]:
    """Makes the runtime's context with so many milliseconds left."""
    return lambda milliseconds: LambdaContext(milliseconds=milliseconds)
