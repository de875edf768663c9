"""The deployed API as a caller meets it: signed requests over HTTP, sent exactly as they are written here."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from botocore.credentials import Credentials

from local.embedded import EmbeddedAws

PROBLEM = "urn:sealed-records:problem:"
Item = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What came back, parsed."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.text)

    @property
    def slug(self) -> str:
        """The problem's type, without what all types begin with."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        document = self.body
        assert document["status"] == self.status
        assert document["request_id"]
        assert document["detail"]
        return str(document["type"].removeprefix(PROBLEM))


@dataclass(frozen=True)
class RecordsApi:
    """A tenant's caller, and behind its back the table."""

    aws: EmbeddedAws
    tenant: str
    key: Credentials
    sign: Callable[..., Any]
    send: Callable[..., Any]

    def call(
        self, method: str, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request below the tenant's records; `path` is sent as it is."""
        return self.send_raw(method, f"/tenants/{self.tenant}/records{path}", body=body, headers=headers)

    def send_raw(
        self, method: str, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request; `path` is sent as it is."""
        url = self.aws.api_url
        signed = self.sign(
            url, method, path, key=self.key, region=self.aws.region, body=body, headers=headers or {}
        )
        answer = self.send(url, signed)
        return Reply(answer.status, answer.headers, answer.body.decode())

    def put(self, record: str, body: Any, *, headers: dict[str, str] | None = None) -> Reply:
        """Put a record; a body in bytes is sent as it is."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        return self.call("PUT", f"/{record}", body=raw, headers=given)

    def get(self, record: str) -> Reply:
        """Read a record."""
        return self.call("GET", f"/{record}")

    def delete(self, record: str, *, headers: dict[str, str] | None = None) -> Reply:
        """Delete a record."""
        return self.call("DELETE", f"/{record}", headers=headers)

    def reader_log(self, request_id: str) -> list[dict[str, Any]]:
        """What the reader has logged of its last request: all from the first line that names it.

        It reaches the log a moment after the answer; the metrics come last, so they end the wait.
        """
        deadline = time.monotonic() + 5
        while True:
            written = self.aws.function_logs(self.aws.outputs["ReaderFunctionName"]).splitlines()
            lines = [json.loads(line) for line in written if line.startswith("{") and line.endswith("}")]
            begun = [place for place, line in enumerate(lines) if line.get("request_id") == request_id]
            if begun and "_aws" in lines[-1]:
                return lines[begun[0] :]
            assert time.monotonic() < deadline, "the request is not in the log"
            time.sleep(0.05)

    def page(self, **query: str) -> Reply:
        """Read a page."""
        return self.call(
            "GET",
            "".join(
                f"{'&' if i else '?'}{name}={quote(value, safe='')}"
                for i, (name, value) in enumerate(query.items())
            ),
        )

    def items(self) -> list[Item]:
        """All items of the table."""
        pages = self._table.get_paginator("scan").paginate(TableName=self._name)
        found = [item for page in pages for item in page["Items"]]
        return sorted(found, key=lambda item: (item["tenant"]["S"], item["record"]["S"]))

    def own_items(self) -> list[Item]:
        """All items of the tenant."""
        return [item for item in self.items() if item["tenant"]["S"] == self.tenant]

    def item(self, record: str) -> Item:
        """The stored item of a record."""
        key = {"tenant": {"S": self.tenant}, "record": {"S": record}}
        item: Item = self._table.get_item(TableName=self._name, Key=key)["Item"]
        return item

    def plant(self, item: Item) -> None:
        """Put an item into the table behind the service's back."""
        self._table.put_item(TableName=self._name, Item=item)

    def empty(self) -> None:
        """Delete all items."""
        for item in self.items():
            self._table.delete_item(
                TableName=self._name, Key={name: item[name] for name in ("tenant", "record")}
            )

    @property
    def _table(self) -> Any:
        return self.aws.client("dynamodb")

    @property
    def _name(self) -> str:
        return self.aws.outputs["RecordsTableName"]
