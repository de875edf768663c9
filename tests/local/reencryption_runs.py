"""Runs of re-encryption in the embedded AWS, the records that they find, and who works meanwhile."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any
from uuid import uuid4

from envelope import KmsKeyring
from local.embedded import EmbeddedAws
from local.stored_item import HEADER, read_header
from service.store import record_encryptor

BY_RECORD, BY_TENANT = "aws-kms", "aws-kms-hierarchy"
_BATCH = 25


def new_run() -> str:
    """A run's id."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


@dataclass
class Runs:
    """Starts executions, and reads what they wrote down."""

    aws: EmbeddedAws

    def start(self, *, execution: str | None = None, **given: Any) -> str:
        """Start an execution; return its ARN. The run's id is the execution's name unless it is given."""
        name = execution or given.get("run") or new_run()
        started = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.aws.outputs["ReencryptionStateMachineArn"],
            name=name,
            input=json.dumps({"run": name, **given}),
        )
        return str(started["executionArn"])

    def ended(self, execution: str, *, seconds: float = 1800) -> dict[str, Any]:
        """Wait until an execution has ended, and describe it."""
        states, deadline = self.aws.client("stepfunctions"), time.monotonic() + seconds
        while True:
            described: dict[str, Any] = states.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            if time.monotonic() > deadline:
                raise AssertionError(f"the execution runs for more than {seconds} s")
            time.sleep(0.2)

    def run(self, **given: Any) -> dict[str, Any]:
        """Start a run, and return its summary."""
        execution = self.start(**given)
        described = self.ended(execution)
        assert described["status"] == "SUCCEEDED", (described.get("error"), described.get("cause"))
        return self.summary(execution.rpartition(":")[2])

    def stop(self, execution: str) -> None:
        """Stop an execution."""
        self.aws.client("stepfunctions").stop_execution(executionArn=execution)

    def summary(self, run: str) -> dict[str, Any]:
        """A run's summary."""
        return self.document(f"runs/{run}/summary.json")

    def results(self, run: str) -> list[dict[str, Any]]:
        """The answers of a run's calls."""
        pages = (
            self.aws.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.aws.outputs["MaintenanceBucketName"], Prefix=f"runs/{run}/results/")
        )
        return [self.document(listed["Key"]) for page in pages for listed in page.get("Contents", [])]

    def document(self, key: str) -> dict[str, Any]:
        """A document of the maintenance bucket."""
        answer = self.aws.client("s3").get_object(Bucket=self.aws.outputs["MaintenanceBucketName"], Key=key)
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found


def took(summary: dict[str, Any]) -> float:
    """A run's seconds."""
    began, ended = (datetime.fromisoformat(summary[name]) for name in ("began", "ended"))
    return (ended - began).total_seconds()


@dataclass
class Table:
    """The records table, from behind."""

    aws: EmbeddedAws

    @property
    def _name(self) -> str:
        return self.aws.outputs["RecordsTableName"]

    def fill(self, tenants: list[str], *, count: int) -> None:
        """Store so many records as the strategy `record` does, whatever the deployed one is."""
        keyring = KmsKeyring(self.aws.client("kms"), self.aws.outputs["EnvelopeKeyArn"])
        encryptor = record_encryptor(logical_table="records", plaintext_attributes=(), keyring=keyring)
        dynamodb = self.aws.client("dynamodb")

        def sealed(number: int) -> dict[str, Any]:
            return encryptor.encrypt(
                {
                    "tenant": {"S": tenants[number % len(tenants)]},
                    "record": {"S": f"r-{number:06}"},
                    "revision": {"S": uuid4().hex},
                    "updated_at": {"S": "2026-01-01T00:00:00.000000Z"},
                    "n": {"N": str(number)},
                }
            )

        for begin in range(0, count, _BATCH):
            items = [sealed(number) for number in range(begin, min(count, begin + _BATCH))]
            written = dynamodb.batch_write_item(
                RequestItems={self._name: [{"PutRequest": {"Item": item}} for item in items]}
            )
            assert not written["UnprocessedItems"]

    def items(self) -> Iterator[dict[str, Any]]:
        """All that lies in the table."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self._name)
        for page in pages:
            yield from page["Items"]

    def providers(self) -> Counter[str]:
        """How many records are wrapped by what."""
        return Counter(provider_of(item) for item in self.items())

    def put(self, item: dict[str, Any]) -> None:
        """Put an item."""
        self.aws.client("dynamodb").put_item(TableName=self._name, Item=item)

    def empty(self) -> None:
        """Delete everything."""
        dynamodb = self.aws.client("dynamodb")
        keys = [{name: item[name] for name in ("tenant", "record")} for item in self.items()]
        for begin in range(0, len(keys), _BATCH):
            requests = [{"DeleteRequest": {"Key": key}} for key in keys[begin : begin + _BATCH]]
            dynamodb.batch_write_item(RequestItems={self._name: requests})


def provider_of(item: dict[str, Any]) -> str:
    """What a record's data key is wrapped by."""
    return read_header(item[HEADER]["B"]).provider


@dataclass
class Busy:
    """Writers and readers who use the API without a pause, and what they were told."""

    attempted: dict[tuple[str, str], int] = field(default_factory=dict)
    acknowledged: dict[tuple[str, str], int] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    _stop: Event = field(default_factory=Event)

    def write(self, records: Any, names: list[str]) -> None:
        """Replace records of one's own, one after the other, some by their revision; and create some."""
        number = 0
        while not self._stop.is_set():
            name, number = names[number % len(names)], number + 1
            condition = {}
            if number % 10 == 0:
                name = f"new-{name}-{number}"
            elif number % 3 == 0:
                found = records.get(name)
                self.answers["GET", found.status] += 1
                condition = {"If-Match": found.headers["etag"]} if found.status == 200 else {}
            self.attempted[records.tenant, name] = number
            reply = records.put(name, {"n": number}, headers=condition)
            self.answers["PUT", reply.status] += 1
            if reply.status in (200, 201):
                self.acknowledged[records.tenant, name] = number

    def read(self, records: Any, names: list[str], *, seed: int) -> None:
        """Read records at random."""
        draw = random.Random(seed)  # noqa: S311 - which record is no secret
        while not self._stop.is_set():
            self.answers["GET", records.get(draw.choice(names)).status] += 1

    @property
    def created(self) -> set[tuple[str, str]]:
        """The records that were not there before, by tenant and id."""
        return {record for record in self.attempted if record[1].startswith("new-")}

    def stop(self) -> None:
        """Let them end."""
        self._stop.set()


@contextmanager
def strategy_tenant_for(aws: EmbeddedAws, branch_keys: Any, tenants: list[str]) -> Iterator[None]:
    """Tenants with branch keys and a deployment that writes by the strategy `tenant`, for the block."""
    for tenant in tenants:
        assert branch_keys.create(tenant).status == 201
    aws.change_settings({"key_strategy": "tenant"})
    yield
    aws.change_settings({"key_strategy": "record"})
    for tenant in tenants:
        branch_keys.remove(tenant)


@contextmanager
def busy(branch_keys: Any, tenants: list[str], *, count: int) -> Iterator[Busy]:
    """Let four write and four read while the block runs: each writer records of its own."""
    working = Busy()
    with ThreadPoolExecutor(max_workers=8) as pool:
        tasks: list[Future[None]] = []
        for number in range(4):
            tenant = tenants[number % len(tenants)]
            records = branch_keys.records(tenant)
            its = [f"r-{at:06}" for at in range(tenants.index(tenant), count, len(tenants))]
            own = its[number :: 4 * max(1, len(its) // 80)]
            tasks.append(pool.submit(working.write, records, own))
            tasks.append(pool.submit(working.read, records, its, seed=number))
        try:
            yield working
        finally:
            working.stop()
            for task in tasks:
                task.result()


def check_busy(working: Busy, branch_keys: Any) -> None:
    """Check that nobody was failed, and that what was acknowledged last is what is read."""
    assert set(working.answers) <= {("PUT", 200), ("PUT", 201), ("GET", 200)}, working.answers
    assert working.acknowledged == working.attempted
    check_no_lost_update(working, branch_keys)


def check_no_lost_update(working: Busy, branch_keys: Any) -> None:
    """Check that what is read is what was acknowledged last, or attempted after it."""
    assert working.acknowledged
    for (tenant, name), number in working.acknowledged.items():
        read = branch_keys.records(tenant).get(name).body["n"]
        assert number <= read <= working.attempted[tenant, name], (tenant, name, number, read)


def writes_by_role(records: Iterator[Any], role: str) -> Counter[tuple[str, str]]:
    """How often each record was written by a role, by the trail's records."""
    written: Counter[tuple[str, str]] = Counter()
    for each in records:
        if each["eventName"] != "PutItem" or "errorCode" in each:
            continue
        if f"/{role}" in each["userIdentity"]["arn"]:
            key = each["requestParameters"]["key"]
            written[key["tenant"], key["record"]] += 1
    return written
