"""Plans a run, and sums it up when it ends.

What must stay true: two runs never work at once; a run that is gone on with begins each segment where its
last call ended; to plan the same execution twice gives the same plan.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.machine_errors import RunRefused
from service.run_input import RunInput
from service.run_store import Document, Lock, RunStore

_MIB = 1024 * 1024
# No longer than this; shorter where that gives each child ten, but not so short that its start takes longer.
_SEGMENT_BYTES = 64 * _MIB
_SHORT_SEGMENT_BYTES = 4 * _MIB
_SEGMENTS_OF_A_CHILD = 10
_MOST_PLANNED = 10_000
# Fractional parts of its multiples are spread as evenly as can be: Knuth, volume 3, section 6.4.
_GOLDEN_RATIO = 0.6180339887498949
_MOST_TOLD = 10_000
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution of the state machine: its ARN, its name, and when it began."""

    arn: str
    name: str
    began: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """How large the table is, as DynamoDB last counted it, some hours ago."""

    items: int
    bytes: int


class RunPlanner:
    """Begins runs and goes on with them.

    Parameters
    ----------
    store
        Where runs are written down.
    table_size
        Asks how large the records table is.
    is_running
        Tells whether an execution still works.
    """

    def __init__(
        self,
        store: RunStore,
        *,
        table_size: Callable[[], TableSize],
        is_running: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._table_size = table_size
        self._is_running = is_running

    def plan(self, wanted: RunInput, execution: Execution) -> dict[str, Any]:
        """Return what the state machine works by.

        Raises
        ------
        RunRefused
            Another run is at work; the run exists already, or there is none to go on with.
        """
        run = wanted.run or _run_id(execution)
        self._lock(run, execution)
        plan = self._store.plan(run)
        if plan is None:
            plan = self._new_plan(run, wanted, execution)
        elif execution.arn not in plan["executions"]:
            if not wanted.resume:
                raise RunRefused(f"there is a run {run} already: go on with it, or choose another id")
            plan["executions"].append(execution.arn)
        self._store.write_plan(run, plan)
        number = plan["executions"].index(execution.arn) + 1
        manifest_key = self._store.write_manifest(run, number, self._left(run, plan))
        return {
            "run": run,
            "bucket": self._store.bucket,
            "manifest_key": manifest_key,
            "concurrency": plan["concurrency"],
            "tolerated_failure_percentage": plan["tolerated_failure_percentage"],
            "job": plan["job"],
        }

    def _lock(self, run: str, execution: Execution) -> None:
        held: Lock | None = None
        for _ in range(_ATTEMPTS):
            held = self._store.lock()
            if held is not None and held.execution == execution.arn:
                return
            if held is not None and self._is_running(held.execution):
                break
            if self._store.take_lock(
                run=run, execution=execution.arn, began=execution.began, instead_of=held
            ):
                return
        at_work = f"run {held.run}" if held is not None else "another run"
        raise RunRefused(f"{at_work} is at work: let it end, or stop it first")

    def _new_plan(self, run: str, wanted: RunInput, execution: Execution) -> Document:
        if wanted.resume:
            raise RunRefused(f"there is no run {run} to go on with")
        size = self._table_size()
        # The records of a tenant lie together: they are read by their key, in one piece.
        segments = 1 if "tenant" in wanted.chosen else wanted.segments or _segments(size, wanted.concurrency)
        return {
            "run": run,
            "job": wanted.job(segments=segments),
            "segments": segments,
            "concurrency": wanted.concurrency,
            "tolerated_failure_percentage": wanted.tolerated_failure_percentage,
            "items": size.items,
            "bytes": size.bytes,
            "began": execution.began,
            "executions": [execution.arn],
        }

    def _left(self, run: str, plan: Mapping[str, Any]) -> list[Document]:
        """What is still to be worked on: each segment, from where its last call ended."""
        ended = {result["segment"]: result for result in self._store.last_results(run)}
        left: list[Document] = []
        for segment in in_order(plan["segments"]):
            result = ended.get(segment)
            if result is None:
                left.append({"segment": segment, "start_key": None, "step": 1})
            elif not result["done"]:
                left.append(result["next"])
        return left


def summarize(store: RunStore, run: str, *, ended: str) -> Document:
    """Sum up what a run has done, and write it down. `ended` is the time.

    Raises
    ------
    RunRefused
        There is no such run.
    """
    plan = store.plan(run)
    if plan is None:
        raise RunRefused(f"there is no run {run}")
    sums, done, refused, refused_total = _sums(store.results(run))
    summary = {
        "run": run,
        "state": "complete" if done == plan["segments"] else "failed",
        "dry_run": plan["job"]["dry_run"],
        "executions": plan["executions"],
        "segments": plan["segments"],
        "segments_done": done,
        "began": plan["began"],
        "ended": ended,
        **sums,
        "refused": refused,
        "refused_total": refused_total,
    }
    store.write_summary(run, summary)
    return summary


def _sums(results: Iterable[Mapping[str, Any]]) -> tuple[Document, int, list[Document], int]:
    sums: dict[str, Counter[str]] = {"counts": Counter(), "bytes": Counter(), "units": Counter()}
    kms_calls = done = refused_total = 0
    refused: list[Document] = []
    for result in results:
        for name, counter in sums.items():
            counter.update(result[name])
        kms_calls += result["kms_calls"]
        done += result["done"]
        refused_total += len(result["refused"])
        refused += result["refused"][: _MOST_TOLD - len(refused)]
    told = {name: dict(counter) for name, counter in sums.items()}
    return {**told, "kms_calls": kms_calls}, done, refused, refused_total


def in_order(segments: int) -> list[int]:
    """Give the segments in the order in which they are to be worked on.

    Neighbours lie in the same partition of the table, which takes only so many writes: those that are worked
    on at the same time lie far from each other.
    """
    return sorted(range(segments), key=lambda segment: segment * _GOLDEN_RATIO % 1)


def _segments(size: TableSize, concurrency: int) -> int:
    """Segments small enough that the last ones do not keep the others' children waiting long."""
    at_most, at_least = math.ceil(size.bytes / _SHORT_SEGMENT_BYTES), math.ceil(size.bytes / _SEGMENT_BYTES)
    wanted = max(at_least, min(_SEGMENTS_OF_A_CHILD * concurrency, at_most))
    return max(1, min(_MOST_PLANNED, max(concurrency, wanted)))


def _run_id(execution: Execution) -> str:
    """An id for a run that a schedule began: the same, however often it is planned."""
    digits = "".join(character for character in execution.began[:19] if character.isdigit())
    return f"{digits[:8]}T{digits[8:]}Z-{hashlib.sha256(execution.name.encode()).hexdigest()[:8]}"
