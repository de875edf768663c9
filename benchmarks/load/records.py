"""What every record must hold, as far as answers have told: the model that the API is compared with.

A record is in the hands of one request at a time, so no request contends with another of this load, and any
conflict is an error. A write without an acknowledgement leaves two possibilities; then nobody is given the
record again until it is read back at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from benchmarks.load.contents import Content

#: One in so many creations gives a record back that was deleted before.
_AGAIN = 4


@dataclass(slots=True, eq=False)
class Record:
    """One record, and what is known of it. `content` is None where there is none."""

    tenant: str
    name: str
    content: Content | None = None
    revision: str | None = None
    #: The revision before, of which a write was acknowledged that replaced or deleted it.
    superseded: str | None = None
    #: How many writes were acknowledged.
    acknowledged: int = 0
    #: What a write without an acknowledgement would have left, if there was one.
    doubtful: bool = False
    attempted: Content | None = None

    def acknowledge(self, content: Content | None, *, revision: str | None) -> None:
        """Take note of a write that was acknowledged; None: of a deletion."""
        self.superseded = self.revision or self.superseded
        self.content, self.revision = content, revision
        self.acknowledged += 1

    def doubt(self, attempted: Content | None) -> None:
        """Take note of a write that was not: it may have been carried out, or may still be."""
        self.doubtful, self.attempted = True, attempted

    def allows(self, content: Content | None) -> bool:
        """Tell whether it can hold this, after all that was answered."""
        return content == self.content or (self.doubtful and content == self.attempted)


@dataclass(slots=True)
class _Idle:
    """Records of a tenant that no request has in hand."""

    present: list[Record] = field(default_factory=list)
    deleted: list[Record] = field(default_factory=list)


class Records:
    """All records of the load."""

    def __init__(self, tenants: Iterable[str]) -> None:
        self._lock = Lock()
        self._idle = {tenant: _Idle() for tenant in tenants}
        self._all: list[Record] = []
        self._writes = 0

    def all(self) -> list[Record]:
        """Return all that were ever begun."""
        with self._lock:
            return list(self._all)

    def next_content(self, size: int) -> Content:
        """Return a content that no write had before."""
        with self._lock:
            self._writes += 1
            return Content(self._writes, size)

    def take_absent(self, tenant: str, *, pick: float) -> Record:
        """Hand out a record to create: mostly a new one."""
        with self._lock:
            deleted = self._idle[tenant].deleted
            if deleted and int(pick * 1000) % _AGAIN == 0:
                return _taken(deleted, pick)
            # The first digits spread over the tenant's records, as prefixes of a page.
            number = len(self._all)
            record = Record(tenant, f"r-{number * 7919 % 256:02x}-{number}")
            self._all.append(record)
            return record

    def take_present(self, tenant: str, *, pick: float) -> Record | None:
        """Hand out a record to read, replace or delete; None while there is none."""
        with self._lock:
            present = self._idle[tenant].present
            return _taken(present, pick) if present else None

    def give_back(self, record: Record) -> None:
        """Let others have it, unless it is not known what it holds."""
        if record.doubtful:
            return
        with self._lock:
            idle = self._idle[record.tenant]
            (idle.deleted if record.content is None else idle.present).append(record)


def _taken(idle: list[Record], pick: float) -> Record:
    place = int(pick * len(idle))
    idle[place], idle[-1] = idle[-1], idle[place]
    return idle.pop()
