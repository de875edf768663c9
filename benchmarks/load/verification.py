"""After the load: every acknowledged write is read back, and other tenants' callers are refused.

That a write was kept shows in one of two ways. The last one of a record is read. An earlier one was there
when the write after it was acknowledged: that one named its revision (`If-Match`) or, after a deletion, that
there is none (`If-None-Match`).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.load import contents
from benchmarks.load.callers import Answer, Caller, NoAnswerError, records_path
from benchmarks.load.records import Record, Records

_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_AT_ONCE = 4
_TRIES = 3
_PAGE_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes
    ----------
    acknowledged, verified
        Writes, and how many of them were shown to be kept.
    present, absent
        Records that were read as they must be, and that are not there as it must be.
    doubtful
        Of all these, those with two possibilities, of which one was found.
    refused, tried
        Reads by another tenant's caller, and how many were tried.
    findings
        What is not as it must be.
    """

    acknowledged: int
    verified: int
    present: int
    absent: int
    doubtful: int
    refused: int
    tried: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One record read back: whether it is there, and what is wrong with it."""

    record: Record
    present: bool
    finding: str = ""


def verify(
    records: Records, callers: Mapping[str, Caller], *, tenants: Sequence[str], sample: int
) -> Verification:
    """Read every record and every list, and try a sample of records as another tenant."""
    every = records.all()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = list(pool.map(lambda record: _read(record, callers[record.tenant]), every))
        listed = list(pool.map(lambda tenant: _names(tenant, callers[tenant]), tenants))
        present = [each.record for each in found if each.present]
        tried = present[:: max(1, len(present) // sample)][:sample] if len(tenants) > 1 else []
        answers = list(pool.map(lambda record: _as_another(record, callers, tenants), tried))
    findings = [each.finding for each in found if each.finding]
    for tenant, names in zip(tenants, listed, strict=True):
        # What is in doubt may still come or go between the one look and the other.
        known = [each for each in found if each.record.tenant == tenant and not each.record.doubtful]
        doubtful = {each.name for each in every if each.tenant == tenant and each.doubtful}
        there = {each.record.name for each in known if each.present}
        unknown = names - there - doubtful
        findings += [f"the list of {tenant} has {name}, and it must not" for name in sorted(unknown)]
        findings += [f"the list of {tenant} lacks {name}" for name in sorted(there - names)]
    findings += [
        f"{record.tenant}/{record.name} as another tenant: {answer} in place of {_FORBIDDEN}"
        for record, answer in zip(tried, answers, strict=True)
        if answer != _FORBIDDEN
    ]
    acknowledged = sum(record.acknowledged for record in every)
    lost = sum(bool(each.finding) and each.record.acknowledged > 0 for each in found)
    return Verification(
        acknowledged=acknowledged,
        verified=acknowledged - lost,
        present=len(present),
        absent=sum(not each.present and not each.finding for each in found),
        doubtful=sum(each.record.doubtful and not each.finding for each in found),
        refused=sum(answer == _FORBIDDEN for answer in answers),
        tried=len(tried),
        findings=tuple(findings),
    )


def _read(record: Record, caller: Caller) -> _Found:
    where = f"{record.tenant}/{record.name}"
    answer = _answer(caller, f"{records_path(record.tenant)}/{record.name}")
    if answer is None:
        return _Found(record, present=False, finding=f"{where} cannot be read: no answer")
    if answer.status == _NOT_FOUND:
        lost = "" if record.allows(None) else f"{where} is not there: write {_write(record)} was acknowledged"
        return _Found(record, present=False, finding=lost)
    if answer.status != _OK:
        return _Found(record, present=False, finding=f"{where} cannot be read: {answer.told}")
    data = answer.content()
    for content in (record.content, record.attempted):
        if content is None or data != contents.body(record.tenant, record.name, content):
            continue
        if content == record.content and answer.revision != record.revision:
            return _Found(record, present=True, finding=f"{where} has another revision than its write")
        return _Found(record, present=True)
    if record.content is None:
        return _Found(record, present=True, finding=f"{where} is there: its deletion was acknowledged")
    there = data.get("write") if isinstance(data, dict) else None
    told = f"{where} holds write {there}: write {_write(record)} was acknowledged"
    return _Found(record, present=True, finding=told)


def _write(record: Record) -> int | None:
    return record.content.write if record.content else None


def _names(tenant: str, caller: Caller) -> set[str]:
    """Return the names of all records of a tenant, page by page; empty if a page cannot be had."""
    names: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        answer = _answer(caller, f"{records_path(tenant)}?limit={_PAGE_LIMIT}{more}")
        page = None if answer is None or answer.status != _OK else answer.page()
        if page is None:
            return set()
        names |= {each["record"] for each in page["records"]}
        cursor = page["cursor"]
    return names


def _as_another(record: Record, callers: Mapping[str, Caller], tenants: Sequence[str]) -> int | None:
    other = tenants[(tenants.index(record.tenant) + 1) % len(tenants)]
    answer = _answer(callers[other], f"{records_path(record.tenant)}/{record.name}")
    return None if answer is None else answer.status


def _answer(caller: Caller, path: str) -> Answer | None:
    """Read, and try again what could not be answered: the load is over, and a machine may still be busy."""
    for left in reversed(range(_TRIES)):
        try:
            answer = caller.call("GET", path)
        except NoAnswerError:
            continue
        if answer.status < 500 or not left:
            return answer
    return None
