"""After the load: every record is read back, and what must be refused is tried.

Whether a write was kept is told in one of two ways. The last one of a record is read. An earlier one is
concluded from the write after it, which was acknowledged and named its revision (`If-Match`) or, after a
deletion, that there is none (`If-None-Match`): so it was there. That holds of an API that honours these,
which is tried on a sample; where one outdated write is not refused, no earlier write counts as verified.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.load.callers import Caller, records_path
from benchmarks.load.preconditions import Refusals, spread, try_outdated
from benchmarks.load.reading_back import Found, Listed, compared, names, read
from benchmarks.load.records import Record, Records
from benchmarks.load.retrying import RetryingCallers, each_in_time

_FORBIDDEN = 403
_NO_ANSWER = 0
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes
    ----------
    acknowledged, verified
        Writes, and how many of them were shown to be kept.
    read
        Of those verified, how many were the last of their record, and read.
    present, absent
        Records that were read as they must be, and that are not there as it must be.
    doubtful
        Of all these, those with two possibilities, of which one was found.
    refused, tried
        Reads by another tenant's caller, and how many were tried.
    outdated
        Writes whose precondition does not hold.
    findings
        What is not as it must be.
    """

    acknowledged: int
    verified: int
    read: int
    present: int
    absent: int
    doubtful: int
    refused: int
    tried: int
    outdated: tuple[Refusals, ...]
    findings: tuple[str, ...]


def verify(
    records: Records, callers: Mapping[str, Caller], *, tenants: Sequence[str], sample: int, seconds: float
) -> Verification:
    """Read every record and every list, and then try what must be refused.

    Parameters
    ----------
    records, callers, tenants
        Of the load that is over.
    sample
        How many records are tried as another tenant, at most.
    seconds
        After which nothing more is asked; what is not verified by then is not verified, and a finding.
    """
    asking, every = RetryingCallers(callers, seconds=seconds), records.all()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        looks = each_in_time(pool, lambda record: read(record, asking), every)
        lists = each_in_time(pool, lambda tenant: names(tenant, asking), tenants)
        good = [look for look in looks if look is not None and not look.finding]
        present = [look.record for look in looks if look is not None and look.present]
        tried = spread(present, sample) if len(tenants) > 1 else []
        statuses = each_in_time(pool, lambda record: _as_another(record, asking, tenants), tried)
        # What is accepted here changes a record, so it comes after everything that is read.
        certain = [look.record for look in good if not look.record.doubtful]
        outdated, accepted = try_outdated(certain, asking, pool)
    found = [look or Found(record, present=None) for record, look in zip(every, looks, strict=True)]
    acknowledged = sum(record.acknowledged for record in every)
    last = sum(record.acknowledged > 0 for record in every)
    last_read = sum(look.record.acknowledged > 0 for look in good)
    honoured = all(each.refused == each.tried for each in outdated)
    return Verification(
        acknowledged=acknowledged,
        verified=last_read + (acknowledged - last if honoured else 0),
        read=last_read,
        present=len(present),
        absent=sum(not look.present for look in good),
        doubtful=sum(look.record.doubtful for look in good),
        refused=statuses.count(_FORBIDDEN),
        tried=len(tried),
        outdated=outdated,
        findings=(
            *_not_in_time(looks, "records were not read"),
            *(look.finding for look in found if look.finding),
            *_not_in_time(lists, "lists were not gone through"),
            *_of_lists(tenants, lists, found),
            *_not_in_time(statuses, "records were not tried as another tenant"),
            *_of_others(tried, statuses),
            *accepted,
        ),
    )


def _not_in_time(answers: Sequence[object], what: str) -> list[str]:
    missing = sum(answer is None for answer in answers)
    return [f"{missing:,} of {len(answers):,} {what} in time"] if missing else []


def _of_lists(tenants: Sequence[str], lists: Sequence[Listed | None], found: Sequence[Found]) -> list[str]:
    return [
        finding
        for tenant, listed in zip(tenants, lists, strict=True)
        if listed is not None
        for finding in compared(tenant, listed, found)
    ]


def _of_others(tried: Sequence[Record], statuses: Sequence[int | None]) -> list[str]:
    return [
        f"{record.tenant}/{record.name} as another tenant: {status or 'no answer'} in place of {_FORBIDDEN}"
        for record, status in zip(tried, statuses, strict=True)
        if status not in (_FORBIDDEN, None)
    ]


def _as_another(record: Record, asking: RetryingCallers, tenants: Sequence[str]) -> int:
    other = tenants[(tenants.index(record.tenant) + 1) % len(tenants)]
    answer = asking.call(other, "GET", f"{records_path(record.tenant)}/{record.name}")
    return _NO_ANSWER if answer is None else answer.status
