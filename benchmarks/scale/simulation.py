"""A run as it happens, event by event: seeded, deterministic, without threads and clocks.

Children take segments, and work through them page by page. Each page waits its turn at the buckets of the
quotas. A call hands over when its time is up, and the next one goes on from what it handed over; a call that
dies is begun again from where it began. A call that is given up may yet live on and write what it still
holds: its writes are conditional on what it read, as everyone's are.

What must stay true, whatever fails: each record is written exactly once in effect.
"""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.scale.quotas import Quotas
from benchmarks.scale.workload import (
    HAND_OVER_SECONDS,
    SEGMENT_SECONDS,
    START_SECONDS,
    STATES_PER_STEP,
    STEP_SECONDS,
    Layout,
    Workload,
    partitions_of,
)

_TAIL = 1.2
_GOLDEN = 0.6180339887498949
_AT_A_TIME = 8
_RETRIES = 6
_LONGEST_BACKOFF = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong.

    Parameters
    ----------
    call_fails
        How likely one write of a record fails; every other one that fails took effect all the same.
    child_dies
        How likely a call dies, or is given up, in a page; every other one lives on unseen.
    retry_seconds
        Before a record is tried again.
    conditional
        Whether writes are conditional on what was read. Only a test switches that off.
    """

    call_fails: float = 0.0
    child_dies: float = 0.0
    retry_seconds: float = 0.2
    conditional: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Parameters
    ----------
    seconds
        To the end.
    utilisation
        How much of the children's time was work, and not waiting for a quota or for the last segment.
    longest_share
        How much of the run the segment that took longest took.
    seen, rewritten, conflicts
        Records looked at, written, and not written because somebody else had.
    wasted
        Records looked at again, of all.
    steps, deaths, executions
        Calls that handed over or ended, calls that died, and runs of the state machine.
    versions
        How often each record of each segment was written.
    waited
        Seconds of children, by the quota they waited for.
    """

    seconds: float = 0.0
    utilisation: float = 0.0
    longest_share: float = 0.0
    seen: int = 0
    rewritten: int = 0
    conflicts: int = 0
    wasted: float = 0.0
    steps: int = 0
    deaths: int = 0
    executions: int = 1
    versions: list[bytearray] = field(default_factory=list, repr=False)
    waited: dict[str, float] = field(default_factory=dict)


class Bucket:
    """Tokens that come at a rate, and are kept up to a number: first come, first served."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self._rate = rate
        self._kept = (rate if burst is None else burst) / rate
        self._due = -self._kept

    def take(self, now: float, tokens: float) -> float:
        """Take tokens; return when they are there."""
        self._due = max(self._due, now - self._kept) + tokens / self._rate
        return max(now, self._due)


@dataclass(slots=True)
class _Child:
    segment: int
    began: float
    checkpoint: int
    position: int = 0
    call_began: float = 0.0
    attempts: int = 0


def segment_sizes(workload: Workload, segments: int, *, seed: int) -> list[int]:
    """Draw how many records each segment holds.

    Tenants' sizes are drawn from a Pareto distribution, none above `largest_share`; all records of a tenant
    lie in one segment, which is drawn too.
    """
    draw = random.Random(seed)  # noqa: S311 - a simulation
    tenants = max(1, min(workload.tenants, workload.records))
    weights = [draw.paretovariate(_TAIL) for _ in range(tenants)]
    largest = max(workload.largest_share, 1 / tenants)
    for _ in range(20):
        most = largest * sum(weights)
        weights = [min(weight, most) for weight in weights]
    held = [0.0] * segments
    for weight in weights:
        held[draw.randrange(segments)] += weight
    return _rounded(held, total=workload.records)


def _rounded(shares: Sequence[float], *, total: int) -> list[int]:
    """Whole numbers in these proportions, of exactly this sum."""
    scale, so_far, sizes, placed = total / sum(shares), 0.0, [], 0
    for share in shares:
        so_far += share * scale
        sizes.append(round(so_far) - placed)
        placed += sizes[-1]
    sizes[-1] += total - placed
    return sizes


def order_of(segments: int, order: str) -> list[int]:
    """Segments as the manifest lists them."""
    if order == "ascending":
        return list(range(segments))
    return sorted(range(segments), key=lambda segment: segment * _GOLDEN % 1)


class Simulation:
    """One run.

    Parameters
    ----------
    workload, layout, quotas
        What is re-encrypted, how, and within which bounds.
    sizes
        Records of each segment.
    faults
        What goes wrong.
    seed
        Of all that is drawn.
    """

    def __init__(
        self,
        workload: Workload,
        layout: Layout,
        quotas: Quotas,
        *,
        sizes: Sequence[int],
        faults: Faults | None = None,
        seed: int = 0,
    ) -> None:
        self._workload = workload
        self._layout = layout
        self._sizes = sizes
        self._faults = faults or Faults()
        self._draw = random.Random(seed)  # noqa: S311 - a simulation
        self._page = workload.page_records(quotas["scan-page-bytes"])
        self._buckets = {
            "KMS": Bucket(quotas["kms-requests"]),
            "table writes": Bucket(quotas["table-write-units"]),
            "table reads": Bucket(quotas["table-read-units"]),
            "starts": Bucket(quotas["execution-starts"], quotas.burst("execution-starts")),
            "transitions": Bucket(quotas["state-transitions"], quotas.burst("state-transitions")),
        }
        partitions = partitions_of(
            workload.bytes,
            partition_bytes=quotas["partition-bytes"],
            warm_writes=quotas["warm-write-units"],
            writes=quotas.values["partition-write-units"],
        )
        # Where a segment spans several partitions, its child is in one of them at a time.
        self._partitions = [
            Bucket(quotas["partition-write-units"]) for _ in range(min(partitions, layout.segments))
        ]
        self._children = min(layout.children, layout.segments, int(quotas["lambda-concurrency"]))
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._scheduled = 0
        self._left: list[tuple[int, int]] = []
        self._busy = 0.0
        self._longest = 0.0
        self._end = 0.0
        self.outcome = Outcome(versions=[bytearray(size) for size in sizes])

    def run(self) -> Outcome:
        """Let it happen."""
        manifest = [(segment, 0) for segment in order_of(self._layout.segments, self._layout.order)]
        self._execute(manifest, START_SECONDS)
        while self._left:
            # What failed too often is gone on with by a further execution.
            left, self._left = self._left, []
            self.outcome.executions += 1
            self._execute(left, self._end + START_SECONDS)
        outcome = self.outcome
        outcome.seconds = self._end
        outcome.rewritten = sum(map(sum, outcome.versions))
        outcome.utilisation = self._busy / (self._children * self._end)
        outcome.longest_share = self._longest / self._end
        outcome.wasted = outcome.seen / max(1, self._workload.records) - 1
        return outcome

    def _execute(self, manifest: Iterable[tuple[int, int]], now: float) -> None:
        self._manifest = deque(manifest)
        for _ in range(self._children):
            self._at(now, self._next_segment)
        while self._events:
            at, _, happen = heapq.heappop(self._events)
            happen(at)

    def _at(self, when: float, happen: Callable[[float], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._events, (when, self._scheduled, happen))

    def _take(self, bucket: str, now: float, tokens: float) -> float:
        ready = self._buckets[bucket].take(now, tokens)
        self._note(bucket, ready - now)
        return ready

    def _note(self, bucket: str, waited: float) -> None:
        self.outcome.waited[bucket] = self.outcome.waited.get(bucket, 0.0) + waited

    def _next_segment(self, now: float) -> None:
        self._end = max(self._end, now)
        if not self._manifest:
            return
        segment, start = self._manifest.popleft()
        child = _Child(segment=segment, began=now, checkpoint=start)
        self._begin_call(child, self._take("starts", now, 1), SEGMENT_SECONDS)

    def _begin_call(self, child: _Child, now: float, overhead: float) -> None:
        began = self._take("transitions", now, STATES_PER_STEP) + overhead
        child.position, child.call_began = child.checkpoint, began
        self._at(began, lambda at: self._begin_page(child, at))

    def _begin_page(self, child: _Child, now: float) -> None:
        workload, versions = self._workload, self.outcome.versions[child.segment]
        start, end = child.position, min(child.position + self._page, len(versions))
        # As a range where all are old: what is usual is then done at once.
        old: Sequence[int] = range(start, end)
        if any(versions[start:end]):
            old = [record for record in old if not versions[record]]
        self.outcome.seen += end - start
        failures = self._faults.call_fails * len(old) / (1 - self._faults.call_fails)
        work = (
            (end - start) * workload.seconds_per_seen
            + len(old) * (workload.seconds_each - workload.seconds_per_seen)
            + failures * self._faults.retry_seconds / _AT_A_TIME
        )
        done = max(now + work, self._granted(child.segment, now, read=end - start, written=len(old)))
        self._busy += work
        if self._draw.random() < self._faults.child_dies:
            self._die(child, now, done, old)
        else:
            self._at(done, lambda at: self._end_page(child, at, old, end))

    def _granted(self, segment: int, now: float, *, read: int, written: int) -> float:
        """When the quotas have granted what a page takes."""
        workload = self._workload
        ready = self._take("table reads", now, read * workload.read_units_each)
        units = written * workload.write_units_each
        ready = max(ready, self._take("table writes", now, units))
        if workload.kms_calls_each:
            ready = max(ready, self._take("KMS", now, written * workload.kms_calls_each))
        partition = self._partitions[segment * len(self._partitions) // self._layout.segments]
        granted = partition.take(now, units)
        self._note("partitions", granted - now)
        return max(ready, granted)

    def _end_page(self, child: _Child, now: float, old: Sequence[int], end: int) -> None:
        self._write(child.segment, old)
        child.position = end
        if end == len(self.outcome.versions[child.segment]):
            self.outcome.steps += 1
            self._longest = max(self._longest, now - child.began)
            self._next_segment(now)
        elif now - child.call_began >= HAND_OVER_SECONDS:
            self.outcome.steps += 1
            child.checkpoint, child.attempts = end, 0
            self._begin_call(child, now, STEP_SECONDS)
        else:
            self._begin_page(child, now)

    def _die(self, child: _Child, now: float, done: float, old: Sequence[int]) -> None:
        """The call dies somewhere in its page, or is only given up, and writes the rest later."""
        self.outcome.deaths += 1
        at, written = self._draw.uniform(now, done), self._draw.randint(0, len(old))
        self._at(at, lambda _: self._write(child.segment, old[:written]))
        if self._draw.random() < 0.5:
            late = done + self._draw.uniform(0, done - now)
            self._at(late, lambda _: self._write(child.segment, old[written:]))
        child.attempts += 1
        if child.attempts > _RETRIES:
            self._left.append((child.segment, child.checkpoint))
            self._at(at, self._next_segment)
            return
        wait = self._draw.uniform(0, min(_LONGEST_BACKOFF, 2.0**child.attempts))
        self._at(at, lambda then: self._begin_call(child, then, wait + STEP_SECONDS))

    def _write(self, segment: int, records: Sequence[int]) -> None:
        """Write records that were found old when they were read."""
        versions, faults = self.outcome.versions[segment], self._faults
        if isinstance(records, range) and not faults.call_fails:
            reach = slice(records.start, records.stop)
            if not any(versions[reach]):
                versions[reach] = b"\1" * len(records)
                return
        for record in records:
            while faults.call_fails and self._draw.random() < faults.call_fails:
                if self._draw.random() < 0.5:
                    self._put(versions, record)
            self._put(versions, record)

    def _put(self, versions: bytearray, record: int) -> None:
        if self._faults.conditional and versions[record]:
            self.outcome.conflicts += 1
        else:
            versions[record] = min(255, versions[record] + 1)
