"""The functions as Lambda loads them, the events that they get, and what they answer."""

import importlib
import json
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

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
        answer = self.function_for(request).handler(request, context or LambdaContext())
        json.dumps(answer)
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        text = answer["body"] or ""
        return Answer(
            status=int(answer["statusCode"]),
            headers=headers,
            body=json.loads(text) if text else None,
            text=text,
        )

    def function_for(self, request: dict[str, Any]) -> Any:
        return self.writer if request["httpMethod"] in ("PUT", "DELETE") else self.reader

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


@dataclass
class Tenants(Service):
    """All four functions over one pair of tables."""

    admin: Any
    rotation: Any

    def function_for(self, request: dict[str, Any]) -> Any:
        return self.admin if request["resource"].startswith("/branch-keys") else super().function_for(request)

    def ask(
        self, method: str, path: str, /, *, context: LambdaContext | None = None, **changes: Any
    ) -> Answer:
        """Call `/branch-keys` and what is below."""
        return self.send(branch_key_event(method, path, **changes), context=context)

    def create(self, *tenants: str) -> None:
        for tenant in tenants:
            assert self.ask("PUT", f"/branch-keys/{tenant}").status == 201

    def shred(self, tenant: str, **details: Any) -> Answer:
        query = {"confirm": tenant, **details.pop("query", {})}
        return self.ask("DELETE", f"/branch-keys/{tenant}", query=query, **details)

    def rotate_due(self, *, milliseconds: int = 300_000) -> Any:
        return self.rotation.handler({}, LambdaContext(milliseconds=milliseconds))

    def forget(self) -> None:
        """As if the containers' caches were old."""
        for function in (self.writer, self.reader):
            function._container.own.store.encryptor._keyring._branch_keys.clear()

    def key_store(self, tenant: str) -> dict[str, dict[str, Any]]:
        """A tenant's items of the key store by their type."""
        found = self.table.scan(TableName=KEY_STORE)["Items"]
        return {item["type"]["S"]: item for item in found if item["branch-key-id"]["S"] == tenant}

    def plant_key(self, item: dict[str, Any]) -> None:
        self.table.put_item(TableName=KEY_STORE, Item=item)


def branch_key_event(
    method: str,
    path: str,
    /,
    *,
    body: str | None = None,
    query: dict[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """An event of `/branch-keys`; the tenant may be anything that stands in the path."""
    _, _, *below = path.split("/")
    template = ["", "branch-keys", *(["{tenant}"] if below else []), *below[1:]]
    return {
        **event(method, "", body=body, query=query),
        "resource": "/".join(template),
        "path": path,
        "pathParameters": {"tenant": below[0]} if below else None,
        **changes,
    }


def load(*names: str) -> list[Any]:
    """Import modules anew, as a container does when it starts."""
    for name in names:
        sys.modules.pop(name, None)
    loaded = [importlib.import_module(name) for name in names]
    for name in names:
        del sys.modules[name]
    return loaded


class StandardOutput:
    """Standard output as it is now: a logger keeps the one that it was made with, and pytest changes it."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()
