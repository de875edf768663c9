"""Where a run is written down: its plan, what is left of it, the answers of its calls, its summary.

All of it lies in the maintenance bucket, under `runs/<run>/`; beside the runs lies the lock, which says who
works. What must stay true: only one run holds the lock, whatever two planners do at once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from service.batches import batches
from service.failures import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOCK = "lock.json"
_AT_A_TIME = 16
# S3's answers to a write whose condition does not hold, the second while another such write is under way.
_CONDITION_FAILED = {"412", "PreconditionFailed", "ConditionalRequestConflict"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lock:
    """Who works: a run, and its execution. `etag` is what S3 calls this state of the lock."""

    run: str
    execution: str
    etag: str


class RunStore:
    """The bucket of runs.

    Parameters
    ----------
    s3
        A client of S3.
    bucket
        The bucket's name.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def lock(self) -> Lock | None:
        """Return who holds the lock, or held it last."""
        found = self._found(_LOCK)
        if found is None:
            return None
        held, etag = found
        return Lock(run=held["run"], execution=held["execution"], etag=etag)

    def take_lock(self, *, run: str, execution: str, began: str, instead_of: Lock | None) -> bool:
        """Take the lock if it still is as it was seen; return whether that was so."""
        condition: dict[str, Any] = (
            {"IfNoneMatch": "*"} if instead_of is None else {"IfMatch": instead_of.etag}
        )
        body = json.dumps({"run": run, "execution": execution, "began": began})
        try:
            self._s3.put_object(Bucket=self.bucket, Key=_LOCK, Body=body.encode(), **condition)
        except ClientError as error:
            if error_code(error) not in _CONDITION_FAILED:
                raise
            return False
        return True

    def plan(self, run: str) -> Document | None:
        """Return a run's plan."""
        return self._read(f"runs/{run}/plan.json")

    def write_plan(self, run: str, plan: Mapping[str, Any]) -> None:
        """Write a run's plan, or what was added to it."""
        self._write(f"runs/{run}/plan.json", plan)

    def write_manifest(self, run: str, number: int, segments: list[Document]) -> str:
        """Write what an execution is to work on; return the object's key."""
        key = f"runs/{run}/manifest-{number}.json"
        self._write(key, segments)
        return key

    def write_summary(self, run: str, summary: Mapping[str, Any]) -> None:
        """Write a run's summary."""
        self._write(f"runs/{run}/summary.json", summary)

    def results(self, run: str) -> Iterator[Document]:
        """Yield the answers of a run's calls, by segment and step."""
        yield from self._read_all(self._result_keys(run))

    def last_results(self, run: str) -> Iterator[Document]:
        """Yield the last answer for each segment that has one."""
        last: dict[str, str] = {}
        for key in self._result_keys(run):
            last[key.rpartition("/")[0]] = key
        yield from self._read_all(last.values())

    def _result_keys(self, run: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"runs/{run}/results/"
        )
        for page in pages:
            yield from (listed["Key"] for listed in page.get("Contents", []))

    def _read_all(self, keys: Iterable[str]) -> Iterator[Document]:
        with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
            for batch in batches(keys, size=10 * _AT_A_TIME):
                yield from filter(None, pool.map(self._read, batch))

    def _read(self, key: str) -> Document | None:
        found = self._found(key)
        return None if found is None else found[0]

    def _found(self, key: str) -> tuple[Document, str] | None:
        """Return a document and what S3 calls this state of it, or None where there is none."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None
        return json.loads(answer["Body"].read()), answer["ETag"]

    def _write(self, key: str, document: object) -> None:
        self._s3.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=json.dumps(document).encode(),
            ContentType="application/json",
        )
