"""One call's work on a segment of the records table: page by page, until it is through or its time is up.

What must stay true: where a call ends, the next one goes on, and no record lies in between; a record that
cannot be rewritten is told of and does not keep the others from their turn; while KMS or the table cannot be
used, nothing is judged.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from envelope import KeyServiceError
from service import problems
from service.batches import batches
from service.failures import RecordNotVerified, problem_of
from service.item_size import item_size
from service.machine_errors import Unavailable
from service.names import RECORD_ATTRIBUTE, TENANT_ATTRIBUTE
from service.pace import Pace
from service.reencryption import Item, Outcome, Refusal, Rewriter, Verdict, is_record
from service.reencryption_job import Job, StartKey
from service.store import record_key
from service.times import time_text, utc_now
from service.wiring import Container

#: Records of one read: what is lost when a call dies is looked at again, not written again.
PAGE_SIZE = 500

#: Records at a time: their time is spent waiting for KMS and the table.
AT_A_TIME = 8
_GROUP = 4 * AT_A_TIME

#: Kept back of the function's time, for the attempts that a group of records may need at worst.
RESERVE_SECONDS = 45

#: A call ends when it has so much of refusals to tell: its answer must fit into the state of a machine, where
#: a text in a text takes twice the room at worst.
MOST_REFUSED_BYTES = 64 * 1024

_LONGEST_ID = 128
#: What is told of a key that nobody who works with this service can have given.
_MOST_TOLD = 100

#: Seconds of a read rate that a page may take.
_PAGE_SECONDS = 10

# Seconds between the attempts on a record while KMS or the table are throttled or out for now.
_WAITS = (0.2, 0.5, 1, 2, 4)

#: What AWS's clients raise.
_Failure = KeyServiceError | ClientError | BotoCoreError | ResponseParserError | OSError
_FAILURES = (KeyServiceError, ClientError, BotoCoreError, ResponseParserError, OSError)

Report = Callable[[RecordNotVerified], None]
Interrupted = Callable[[Exception], None]


@dataclass(slots=True)
class Tally:
    """What a call did."""

    seen: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    refused: list[dict[str, str]] = field(default_factory=list)
    refused_bytes: int = 0
    bytes_seen: int = 0
    bytes_rewritten: int = 0
    units_read: float = 0
    units_written: float = 0

    def counts(self) -> dict[str, int]:
        """The numbers of records. One that was deleted meanwhile is seen, and nothing else."""
        told = (Verdict.REWRITTEN, Verdict.RIGHT, Verdict.FILTERED, Verdict.REFUSED, Verdict.CONFLICT)
        return {"seen": self.seen} | {verdict.value: self.verdicts[verdict] for verdict in told}


class Segment:
    """One call's work.

    Parameters
    ----------
    container
        What the function works with.
    job
        What is asked for.
    report
        Is told of each record that does not verify.
    interrupted
        Is told what ended the call before its time, where it had done something.
    clock, sleep
        Seconds.
    """

    def __init__(
        self,
        container: Container,
        job: Job,
        *,
        report: Report,
        interrupted: Interrupted,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._container = container
        self._job = job
        self._report = report
        self._interrupted = interrupted
        self._clock = clock
        self._sleep = sleep
        self._tally = Tally()
        self._reading = Pace(job.read_rate, clock=clock, sleep=sleep)
        self._writing = Pace(job.write_rate, clock=clock, sleep=sleep)
        own = container.time_limit.remaining_seconds - RESERVE_SECONDS
        self._deadline = clock() + max(0, min(job.seconds, own))

    def run(self) -> dict[str, Any]:
        """Work, and return where the segment is and what was done.

        Raises
        ------
        Unavailable
            Nothing could be done: what is needed cannot be used now.
        """
        began = utc_now()
        # Which version of a branch key is the active one is asked anew: it decides which records are right.
        self._container.forget_branch_keys()
        after, done, outage = self._job.start_key, False, None
        with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
            while not done and outage is None and self._goes_on():
                try:
                    items, last, units = self._page(after)
                except _FAILURES as failure:
                    outage = failure
                    break
                after, through, outage = self._work(pool, items, after=after)
                if through:
                    after, done = last, last is None
                # Afterwards, so that every call comes further, however little may be read in its time.
                self._reading.spend(units, until=self._deadline)
        if outage is not None:
            if after == self._job.start_key:
                causes = getattr(outage, "causes", None) or [outage]
                raise Unavailable(problem_of(outage).kind.slug, causes) from None
            self._interrupted(outage)
        return self._answer(began, after=after, done=done, interrupted=outage is not None)

    def _goes_on(self) -> bool:
        return self._clock() < self._deadline and self._tally.refused_bytes < MOST_REFUSED_BYTES

    def _page(self, after: StartKey | None) -> tuple[list[Item], StartKey | None, float]:
        store, job = self._container.own.store, self._job
        # A rewritten record's old state is no longer there: the write's condition finds that out.
        request: dict[str, Any] = {
            "TableName": store.table,
            "Limit": _page_size(job.read_rate),
            "ReturnConsumedCapacity": "TOTAL",
        }
        if after is not None:
            request["ExclusiveStartKey"] = record_key(after[TENANT_ATTRIBUTE], after[RECORD_ATTRIBUTE])
        if job.chosen.tenant is None:
            answer = store.client.scan(**request, Segment=job.segment, TotalSegments=job.segments)
        else:
            answer = store.client.query(
                **request,
                KeyConditionExpression="#tenant = :tenant",
                ExpressionAttributeNames={"#tenant": TENANT_ATTRIBUTE},
                ExpressionAttributeValues={":tenant": {"S": job.chosen.tenant}},
            )
        units = float(answer.get("ConsumedCapacity", {}).get("CapacityUnits") or 0)
        self._tally.units_read += units
        last = cast("Item | None", answer.get("LastEvaluatedKey"))
        return cast("list[Item]", answer.get("Items", [])), None if last is None else _keys(last), units

    def _work(
        self, pool: ThreadPoolExecutor, items: Sequence[Item], *, after: StartKey | None
    ) -> tuple[StartKey | None, bool, _Failure | None]:
        """Take a page's turns; return after which record to go on, whether it is through, and an outage."""
        for number, group in enumerate(batches(items, size=_GROUP)):
            if number and not self._goes_on():
                return after, False, None
            turns = [(item, self._begin(pool, item)) for item in group]
            outage: _Failure | None = None
            units = 0.0
            for item, turn in turns:
                try:
                    outcome = turn.result()
                except _FAILURES as failure:
                    outage = outage or failure
                    continue
                units += outcome.units
                if outage is None:
                    self._count(item, outcome)
                    after = _keys(item)
                elif outcome.verdict is Verdict.REWRITTEN and not self._job.dry_run:
                    # It comes again, after the one that failed, and is right then.
                    self._tally.verdicts[Verdict.REWRITTEN] += 1
                    self._tally.bytes_rewritten += outcome.bytes
            self._tally.units_written += units
            if outage is not None:
                return after, False, outage
            self._writing.spend(units, until=self._deadline)
        return after, True, None

    def _begin(self, pool: ThreadPoolExecutor, item: Item) -> "Future[Outcome]":
        if not is_record(item):
            refused: Future[Outcome] = Future()
            refused.set_result(Outcome(Verdict.REFUSED, refusal=Refusal.NOT_A_RECORD))
            return refused
        try:
            # Here and not in the pool: clients are made by one thread at a time.
            rewriter = self._rewriter(item[TENANT_ATTRIBUTE]["S"])
        except _FAILURES as failure:
            failed: Future[Outcome] = Future()
            failed.set_exception(failure)
            return failed
        return pool.submit(self._turn, rewriter, item)

    def _rewriter(self, tenant: str) -> Rewriter:
        return Rewriter(
            self._container.configuration,
            self._container.of(tenant),
            chosen=self._job.chosen,
            dry_run=self._job.dry_run,
        )

    def _turn(self, rewriter: Rewriter, item: Item) -> Outcome:
        """Take a record's turn; where what it needs is throttled or out for now, again after a while."""
        for wait in _WAITS:
            try:
                return rewriter.turn(item)
            except _FAILURES as failure:
                if not _passes(failure) or self._clock() >= self._deadline:
                    raise
            self._sleep(wait)
        return rewriter.turn(item)

    def _count(self, item: Item, outcome: Outcome) -> None:
        tally = self._tally
        tally.seen += 1
        tally.bytes_seen += item_size(item)
        tally.verdicts[outcome.verdict] += 1
        tally.bytes_rewritten += outcome.bytes if outcome.verdict is Verdict.REWRITTEN else 0
        if outcome.refusal is None:
            return
        told = {name: _told(item, name) for name in (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE)}
        tally.refused.append({**told, "reason": outcome.refusal.value})
        tally.refused_bytes += len(json.dumps(tally.refused[-1]))
        if outcome.refusal is Refusal.DOES_NOT_VERIFY:
            self._report(RecordNotVerified(**told, reason="Reencryption"))

    def _answer(
        self, began: datetime, *, after: StartKey | None, done: bool, interrupted: bool
    ) -> dict[str, Any]:
        job, tally = self._job, self._tally
        return {
            "run": job.run,
            "segment": job.segment,
            "step": job.step,
            "key": f"runs/{job.run}/results/{job.segment:07d}/{job.step:05d}.json",
            "done": done,
            "interrupted": interrupted,
            "next": {
                "segment": job.segment,
                "start_key": None if done else after,
                "step": job.step + 1,
            },
            "dry_run": job.dry_run,
            "counts": tally.counts(),
            "bytes": {"seen": tally.bytes_seen, "rewritten": tally.bytes_rewritten},
            "units": {"read": tally.units_read, "write": tally.units_written},
            "kms_calls": self._container.time_limit.kms_calls,
            "refused": tally.refused,
            "began": time_text(began),
            "ended": time_text(utc_now()),
        }


def _keys(item: Item) -> StartKey:
    return {name: item[name]["S"] for name in (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE)}


def _told(item: Item, name: str) -> str:
    """What is told of a record's key: all of an id, and of anything else its beginning."""
    text = str(item[name].get("S", ""))
    return text if len(text) <= _LONGEST_ID and text.isascii() else f"{text[:_MOST_TOLD]}…"


def _page_size(read_rate: float | None) -> int:
    """Records of one read: so many that what it takes is due within seconds, at a unit for each."""
    if read_rate is None:
        return PAGE_SIZE
    return max(1, min(PAGE_SIZE, int(read_rate * _PAGE_SECONDS)))


def _passes(failure: _Failure) -> bool:
    """Tell whether what failed may work again in seconds."""
    return problem_of(failure).kind in (problems.THROTTLED, problems.TEMPORARILY_UNAVAILABLE)
