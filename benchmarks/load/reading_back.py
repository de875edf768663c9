"""Records and lists as they are after the load, beside what they must be."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.load import contents
from benchmarks.load.callers import records_path
from benchmarks.load.records import Record
from benchmarks.load.retrying import RetryingCallers

_OK, _NOT_FOUND = 200, 404
_PAGE_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Found:
    """One record read back: what is wrong with it, and whether it is there; None where that is not known."""

    record: Record
    present: bool | None
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The names in the list of a tenant, or why it cannot be had."""

    names: Collection[str]
    finding: str = ""


def read(record: Record, callers: RetryingCallers) -> Found:
    """Read a record, and compare it with what was acknowledged."""
    where = f"{record.tenant}/{record.name}"
    answer = callers.call(record.tenant, "GET", f"{records_path(record.tenant)}/{record.name}")
    if answer is None:
        return Found(record, present=None, finding=f"{where} cannot be read: no answer")
    if answer.status == _NOT_FOUND:
        lost = "" if record.allows(None) else f"{where} is not there: write {_write(record)} was acknowledged"
        return Found(record, present=False, finding=lost)
    if answer.status != _OK:
        return Found(record, present=None, finding=f"{where} cannot be read: {answer.told}")
    data = answer.content()
    for content in (record.content, record.attempted):
        if content is None or data != contents.body(record.tenant, record.name, content):
            continue
        if content == record.content and answer.revision != record.revision:
            return Found(record, present=True, finding=f"{where} has another revision than its write")
        return Found(record, present=True)
    if record.content is None:
        return Found(record, present=True, finding=f"{where} is there: its deletion was acknowledged")
    there = data.get("write") if isinstance(data, dict) else None
    told = f"{where} holds write {there}: write {_write(record)} was acknowledged"
    return Found(record, present=True, finding=told)


def names(tenant: str, callers: RetryingCallers) -> Listed:
    """Go through the list of a tenant, page by page, as long as no cursor comes twice."""
    found: set[str] = set()
    cursor, before = "", set[str]()
    while cursor not in before:
        before.add(cursor)
        more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        answer = callers.call(tenant, "GET", f"{records_path(tenant)}?limit={_PAGE_LIMIT}{more}")
        page = None if answer is None or answer.status != _OK else answer.page()
        if page is None:
            told = "no answer" if answer is None else f"{answer.told} is not a page"
            return Listed(found, f"the list of {tenant} cannot be read: {told}")
        found |= {each["record"] for each in page["records"]}
        if page["cursor"] is None:
            return Listed(found)
        cursor = page["cursor"]
    return Listed(found, f"the list of {tenant} has no end: a cursor comes again after {len(before)} pages")


def compared(tenant: str, listed: Listed, found: Collection[Found]) -> list[str]:
    """Say where the list of a tenant differs from its records as they were read.

    What is in doubt may still come or go between the one look and the other, and of what could not be read
    it is not known.
    """
    if listed.finding:
        return [listed.finding]
    own = [each for each in found if each.record.tenant == tenant]
    unknown = {each.record.name for each in own if each.record.doubtful or each.present is None}
    there = {each.record.name for each in own if each.present} - unknown
    return [
        *(
            f"the list of {tenant} has {name}, and it must not"
            for name in sorted(set(listed.names) - there - unknown)
        ),
        *(f"the list of {tenant} lacks {name}" for name in sorted(there - set(listed.names))),
    ]


def _write(record: Record) -> int | None:
    return record.content.write if record.content else None
