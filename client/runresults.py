"""What a run has done so far, added up from the answers that it leaves in the bucket, each of them once.

What must stay true: an answer counts once, however often the bucket is looked at, and one that could not be
fetched counts the next time. What lies in the bucket names records and says nothing of their content; it is
still somebody else's text, and is not shown as it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from client.awsfailures import code_of, told
from client.boundedwork import done_at_once
from client.maintenanceplace import MaintenancePlace
from client.problems import UnexpectedAnswerError

COUNTS = ("seen", "rewritten", "right", "filtered", "refused", "conflicts")
AT_ONCE = 16
MOST_REFUSED = 10_000
_STEP = re.compile(r"([0-9]{7})/([0-9]{5})\.json")
_RUNS = "runs/"

Document = Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """The sum of answers."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    bytes_seen: int = 0
    bytes_rewritten: int = 0
    read_units: Decimal = Decimal(0)
    write_units: Decimal = Decimal(0)
    kms_calls: int = 0
    function_seconds: Decimal = Decimal(0)
    steps: int = 0
    segments_done: set[int] = field(default_factory=set)
    refused: list[Document] = field(default_factory=list)
    began: str | None = None
    ended: str | None = None
    dry_run: bool = False

    def add(self, answer: Document) -> None:
        """Add an answer; one that is not whole is not added in part."""
        counts = {name: int(answer["counts"][name]) for name in COUNTS}
        sizes = int(answer["bytes"]["seen"]), int(answer["bytes"]["rewritten"])
        units = Decimal(str(answer["units"]["read"])), Decimal(str(answer["units"]["write"]))
        began, ended = str(answer["began"]), str(answer["ended"])
        took = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
        segment, calls = int(answer["segment"]), int(answer["kms_calls"])
        refused = [dict(entry) for entry in answer["refused"]]
        dry_run, done = answer["dry_run"] is True, answer["done"] is True
        for name, count in counts.items():
            self.counts[name] += count
        self.bytes_seen += sizes[0]
        self.bytes_rewritten += sizes[1]
        self.read_units += units[0]
        self.write_units += units[1]
        self.kms_calls += calls
        self.function_seconds += Decimal(str(took.total_seconds()))
        self.steps += 1
        self.refused.extend(refused[: MOST_REFUSED - len(self.refused)])
        self.began = min(filter(None, (self.began, began)))
        self.ended = max(filter(None, (self.ended, ended)))
        self.dry_run = self.dry_run or dry_run
        if done:
            self.segments_done.add(segment)

    def summary(self, run: str, *, plan: Document | None, state: str) -> dict[str, Any]:
        """Return the sum in the form of a summary, for a run that has none of its last execution."""
        plan = plan or {}
        return {
            "run": run,
            "state": state,
            "dry_run": self.dry_run or dict(plan.get("job") or {}).get("dry_run") is True,
            "executions": list(plan.get("executions") or ()),
            "segments": plan.get("segments"),
            "segments_done": len(self.segments_done),
            "began": plan.get("began") or self.began,
            "ended": self.ended,
            "counts": dict(self.counts),
            "bytes": {"seen": self.bytes_seen, "rewritten": self.bytes_rewritten},
            "units": {"read": float(self.read_units), "write": float(self.write_units)},
            "kms_calls": self.kms_calls,
            "refused": list(self.refused),
            "refused_total": self.counts["refused"],
        }


class Results:
    """The answers of one run, as far as they have been seen.

    Parameters
    ----------
    place
        Where they are.
    run
        Whose they are.
    """

    def __init__(self, place: MaintenancePlace, run: str) -> None:
        self.tally = Tally()
        self._place = place
        self._prefix = f"{_RUNS}{run}/results/"
        self._seen: set[tuple[int, int]] = set()
        self._first_open = 0

    def look(self) -> int:
        """Add the answers that have come since the last time; return how many these are."""
        before = self.tally.steps
        with told("the results of the run"):
            work = (partial(self._fetched, step) for step in self._new_steps())
            for step, answer in done_at_once(work, limit=AT_ONCE):
                self._add(step, answer)
        while self._first_open in self.tally.segments_done:
            self._first_open += 1
        return self.tally.steps - before

    def _add(self, step: tuple[int, int], answer: Document) -> None:
        try:
            self.tally.add(answer)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise UnexpectedAnswerError(
                f"{self._key(step)} is not an answer of the re-encryption ({type(error).__name__})"
            ) from None
        self._seen.add(step)

    def _new_steps(self) -> Iterator[tuple[int, int]]:
        """List what is not seen yet. Segments that are through, from the first on, are not listed again."""
        pages = self._place.s3.get_paginator("list_objects_v2").paginate(
            **self._place.at, Prefix=self._prefix, StartAfter=f"{self._prefix}{self._first_open:07d}/"
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                found = _STEP.fullmatch(entry["Key"].removeprefix(self._prefix))
                if found is not None and (step := (int(found[1]), int(found[2]))) not in self._seen:
                    yield step

    def _fetched(self, step: tuple[int, int]) -> tuple[tuple[int, int], Document]:
        answer = fetched(self._place, self._key(step))
        if answer is None:
            raise UnexpectedAnswerError(f"{self._key(step)} was removed while it was read")
        return step, answer

    def _key(self, step: tuple[int, int]) -> str:
        return f"{self._prefix}{step[0]:07d}/{step[1]:05d}.json"


def fetched(place: MaintenancePlace, key: str) -> Document | None:
    """Return a JSON object of the bucket, or None where there is none of this key."""
    try:
        body = place.s3.get_object(**place.at, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) == "NoSuchKey":
            return None
        raise
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswerError(f"{key} in the maintenance bucket is not a JSON object")
    return document


def plan_of(place: MaintenancePlace, run: str) -> Document | None:
    """Return a run's plan, or None where it has none."""
    with told(f"the plan of run {run}"):
        return fetched(place, f"{_RUNS}{run}/plan.json")


def summary_of(place: MaintenancePlace, run: str) -> Document | None:
    """Return a run's summary, or None where it has none."""
    with told(f"the summary of run {run}"):
        return fetched(place, f"{_RUNS}{run}/summary.json")


def planned_executions(plan: Document | None) -> list[str]:
    """Return the executions that a plan names."""
    return [str(entry) for entry in (plan or {}).get("executions") or ()]


def runs_in(place: MaintenancePlace) -> list[str]:
    """Return the names under which there are runs in the bucket."""
    with told("runs"):
        pages = place.s3.get_paginator("list_objects_v2").paginate(**place.at, Prefix=_RUNS, Delimiter="/")
        return [
            entry["Prefix"].removeprefix(_RUNS).rstrip("/")
            for page in pages
            for entry in page.get("CommonPrefixes", ())
        ]
