"""The operator's part of the deployed API, and what tests see of branch keys behind its back."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from botocore.credentials import Credentials

from local.embedded import EmbeddedAws
from tests.local.records_api import Item, RecordsApi, Reply


@dataclass(frozen=True)
class BranchKeysApi:
    """The operator of branch keys, and behind its back the key store."""

    aws: EmbeddedAws
    key: Credentials
    sign: Callable[..., Any]
    send: Callable[..., Any]

    def call(self, method: str, path: str, *, body: bytes = b"") -> Reply:
        """Send a request below the branch keys; `path` is sent as it is."""
        headers = {"Content-Type": "application/json"} if body else {}
        signed = self.sign(
            self.aws.api_url,
            method,
            f"/branch-keys{path}",
            key=self.key,
            region=self.aws.region,
            body=body,
            headers=headers,
        )
        answer = self.send(self.aws.api_url, signed)
        return Reply(answer.status, answer.headers, answer.body.decode())

    def create(self, tenant: str) -> Reply:
        """Create a branch key."""
        return self.call("PUT", f"/{tenant}")

    def describe(self, tenant: str) -> Reply:
        """Describe a branch key."""
        return self.call("GET", f"/{tenant}")

    def rotate(self, tenant: str) -> Reply:
        """Make a new version."""
        return self.call("POST", f"/{tenant}/versions")

    def move(self, tenant: str, *, to: str) -> Reply:
        """Move to another KMS key."""
        return self.call("POST", f"/{tenant}/moves", body=f'{{"to": "{to}"}}'.encode())

    def shred(self, tenant: str, **query: str) -> Reply:
        """Shred; confirmed unless `confirm` says otherwise."""
        given = {"confirm": tenant, **query}
        parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        return self.call("DELETE", f"/{tenant}?{parameters.replace('delete_records', 'delete-records')}")

    def records(self, tenant: str) -> RecordsApi:
        """The records of a tenant."""
        key = self.aws.add_caller(tenant)
        caller = Credentials(key.access_key, key.secret_key)
        return RecordsApi(self.aws, tenant, caller, self.sign, self.send)

    def items(self, tenant: str) -> dict[str, Item]:
        """The key store's items of a tenant, by type."""
        answer = self.aws.client("dynamodb").query(
            TableName=self.aws.outputs["KeyStoreTableName"],
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "branch-key-id"},
            ExpressionAttributeValues={":id": {"S": tenant}},
        )
        return {item["type"]["S"]: item for item in answer["Items"]}

    def remove(self, tenant: str) -> None:
        """Delete every item of a tenant behind the service's back."""
        for item in self.items(tenant).values():
            key = {name: item[name] for name in ("branch-key-id", "type")}
            self.aws.client("dynamodb").delete_item(TableName=self.aws.outputs["KeyStoreTableName"], Key=key)

    def forget(self) -> None:
        """End all warm processes: the next ones have no branch key in memory."""
        for pids in self.aws.function_processes().values():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(self.aws.function_processes().values()):
            assert time.monotonic() < deadline, "a killed process goes on"
            time.sleep(0.01)

    def steps(self, call: Callable[[], Any]) -> list[tuple[str, str, int]]:
        """What a call asks of KMS and DynamoDB, in order: service, operation, and how often before."""
        begin = len(self.aws.requests())
        call()
        asked = [(each.service, each.operation) for each in self.aws.requests()[begin:]]
        made = [each for each in asked if each[0] in ("kms", "dynamodb")]
        return [(*step, made[:place].count(step)) for place, step in enumerate(made)]

    def counting(self) -> "Calls":
        """Count KMS's calls from now on."""
        return Calls(self.aws, Counter(self.aws.kms_calls()))


@dataclass(frozen=True)
class Calls:
    """How often KMS was called since a moment."""

    aws: EmbeddedAws
    before: Counter[str] = field(repr=False)

    @property
    def now(self) -> dict[str, int]:
        """The calls since then, by operation."""
        return dict(Counter(self.aws.kms_calls()) - self.before)
