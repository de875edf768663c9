"""What is re-encrypted, and how a run is laid out. All that is assumed stands here."""

import math
from dataclasses import dataclass

from client.costs import SECONDS_PER_REWRITTEN, SECONDS_PER_SEEN

STRATEGIES = tuple(SECONDS_PER_REWRITTEN)
ORDERS = ("interleaved", "ascending")

#: As the function and its planner have it.
PAGE_RECORDS = 500
HAND_OVER_SECONDS = 780
SEGMENT_BYTES = 64 * 1024 * 1024
SHORT_SEGMENT_BYTES = 4 * 1024 * 1024
SEGMENTS_OF_A_CHILD = 10
MOST_PLANNED_SEGMENTS = 10_000
MOST_SEGMENTS = 100_000
MOST_CHILDREN = 1_000
USUAL_CHILDREN = 10
STATES_PER_STEP = 4
MOST_REFUSED_BYTES = 64 * 1024
#: With what the last 32 records may add that are worked on together; taken twice, as text within text.
REFUSED_AT_MOST_BYTES = MOST_REFUSED_BYTES + 32 * 1_400
#: Function and write enter, are scheduled, start, succeed and exit; the two states after them enter and exit.
EVENTS_PER_STEP = 14

#: Assumed, not measured. A run's start: its plan, and the map's first children.
START_SECONDS = 5.0
#: Assumed: a child's start, with what its first call has to load.
SEGMENT_SECONDS = 1.0
#: Assumed: from the end of a call to the beginning of the next one, by S3.
STEP_SECONDS = 0.3

_KIB = 1024
_EVENTUAL_READ_UNIT_BYTES = 8 * _KIB
_WRITE_UNIT_BYTES = _KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is re-encrypted.

    Parameters
    ----------
    records, record_bytes
        How many, and how large one is on average, as DynamoDB counts.
    strategy
        `record` or `tenant`: in which they are, and become.
    tenants, largest_share
        How many, and how much of the table the largest one holds.
    seconds_per_record
        Of the function, for a record that is read and rewritten; None: as `sealed` assumes it.
    """

    records: int
    record_bytes: int = 1_500
    strategy: str = "record"
    tenants: int = 10_000
    largest_share: float = 0.001
    seconds_per_record: float | None = None

    @property
    def bytes(self) -> int:
        """Of the table."""
        return self.records * self.record_bytes

    @property
    def seconds_per_seen(self) -> float:
        """Of the function, for a record that is only looked at."""
        return float(SECONDS_PER_SEEN)

    @property
    def seconds_each(self) -> float:
        """Of the function, for a record that is read and rewritten."""
        if self.seconds_per_record is not None:
            return self.seconds_per_record
        return self.seconds_per_seen + float(SECONDS_PER_REWRITTEN[self.strategy])

    @property
    def kms_calls_each(self) -> int:
        """One to open and one to close; branch keys are fetched once for many records."""
        return 2 if self.strategy == "record" else 0

    @property
    def write_units_each(self) -> float:
        """A unit for each KiB that is begun: half a KiB more than the size, on average."""
        return self.record_bytes / _WRITE_UNIT_BYTES + 0.5

    @property
    def read_units_each(self) -> float:
        """Pages are read eventually consistent: half a unit for 4 KiB."""
        return self.record_bytes / _EVENTUAL_READ_UNIT_BYTES

    def page_records(self, page_bytes: float) -> int:
        """How many records a page holds."""
        return max(1, min(PAGE_RECORDS, int(page_bytes) // self.record_bytes))


def planned_segments(table_bytes: int, children: int) -> int:
    """The planner's rule: ten for each child, of 4 to 64 MiB; one for each child, and 10,000 at most."""
    shortest, longest = (math.ceil(table_bytes / size) for size in (SHORT_SEGMENT_BYTES, SEGMENT_BYTES))
    wanted = max(longest, min(SEGMENTS_OF_A_CHILD * children, shortest))
    return max(1, min(MOST_PLANNED_SEGMENTS, max(children, wanted)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a run is laid out.

    Parameters
    ----------
    children
        At once.
    segments
        Of the table.
    order
        In which the manifest lists segments: `interleaved`, so that those at work at the same time lie far
        from each other, as the planner does it; or `ascending`.
    """

    children: int
    segments: int
    order: str = ORDERS[0]


def layout_of(
    workload: Workload, *, children: int, segments: int | None = None, order: str = ORDERS[0]
) -> Layout:
    """Lay a run out as the planner does."""
    planned = planned_segments(workload.bytes, children) if segments is None else segments
    return Layout(children=children, segments=planned, order=order)


def partitions_of(table_bytes: int, *, partition_bytes: float, warm_writes: float, writes: float) -> int:
    """How many partitions a table has at least: by its bytes, and by the writes that it takes at once."""
    return max(1, math.ceil(table_bytes / partition_bytes), math.ceil(warm_writes / writes))
