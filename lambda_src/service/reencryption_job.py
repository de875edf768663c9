"""What one call of the function `reencryptor` is asked for: a segment of the table, from where, and how.

The state machine alone calls it, with what the planner checked. It is parsed all the same: a wrong event ends
the segment with a sentence, not with a traceback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.configuration import KeyStrategy
from service.machine_errors import SegmentRefused
from service.names import RECORD_ATTRIBUTE, TENANT_ATTRIBUTE
from service.reencryption import Filter

StartKey = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call's work.

    Parameters
    ----------
    run
        The run that it belongs to.
    segment, segments
        Which part of the table, of how many.
    start_key
        The keys of the record after which it begins; None: the beginning.
    step
        How many calls have worked on the segment, with this one.
    chosen
        Which records are meant.
    dry_run
        Whether nothing is written.
    read_rate, write_rate
        Capacity units per second for this call; None: no limit.
    seconds
        How long it works before it hands back where it is.
    """

    run: str
    segment: int
    segments: int
    start_key: StartKey | None
    step: int
    chosen: Filter
    dry_run: bool
    read_rate: float | None
    write_rate: float | None
    seconds: float


def parse_job(event: Mapping[str, Any]) -> Job:
    """Parse an event.

    Raises
    ------
    SegmentRefused
        It has another form. The message names the part, never its content.
    """
    part = "event"
    try:
        job = event["job"]
        part = "job.filter"
        chosen = parse_filter(job["filter"])
        part = "start_key"
        start_key = _start_key(event["start_key"])
        part = "job"
        return Job(
            run=str(event["run"]),
            segment=int(event["segment"]),
            segments=int(job["segments"]),
            start_key=start_key,
            step=int(event["step"]),
            chosen=chosen,
            dry_run=bool(job["dry_run"]),
            read_rate=_rate(job["read_units_per_second"]),
            write_rate=_rate(job["write_units_per_second"]),
            seconds=float(job["seconds"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise SegmentRefused(f"{part}: this is no event of the state machine")


def parse_filter(members: Mapping[str, Any]) -> Filter:
    """Make a filter of its checked members."""
    strategy = members.get("strategy")
    return Filter(
        tenant=members.get("tenant"),
        written_before=members.get("written_before"),
        strategy=None if strategy is None else KeyStrategy(strategy),
        kms_key=members.get("kms_key"),
        branch_key_version=members.get("branch_key_version"),
    )


def _start_key(key: Mapping[str, str] | None) -> StartKey | None:
    if key is None:
        return None
    return {name: str(key[name]) for name in (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE)}


def _rate(value: float | None) -> float | None:
    return None if value is None else float(value)
