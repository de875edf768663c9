"""Writes whose precondition does not hold: the API must refuse each, and as docs/api.md says.

All that a load concludes about writes that were replaced since rests on this: a service that ignored
`If-Match` could drop any of them, and the write after it would be acknowledged all the same.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from benchmarks.load import contents
from benchmarks.load.callers import records_path
from benchmarks.load.contents import Content
from benchmarks.load.records import Record
from benchmarks.load.retrying import RetryingCallers, each_in_time

#: How many records are tried at most with each kind of write.
SAMPLE = 50
_MISMATCH, _EXISTS = "412 revision-mismatch", "409 record-exists"
# No write of the load has this number.
_CONTENT = Content(write=0, size=64)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many writes of a kind were tried, and how many of these were refused as they must be."""

    kind: str
    refused: int
    tried: int


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    method: str
    refusal: str

    def headers(self, record: Record) -> dict[str, str]:
        if self.refusal == _EXISTS:
            return {"If-None-Match": "*"}
        return {"If-Match": str(record.superseded)}


_CREATION = _Kind("creations of a record that is there", "PUT", _EXISTS)
_REPLACEMENT = _Kind("replacements of a superseded revision", "PUT", _MISMATCH)
_DELETION = _Kind("deletions of a superseded revision", "DELETE", _MISMATCH)


def try_outdated(
    records: Sequence[Record], callers: RetryingCallers, pool: Executor
) -> tuple[tuple[Refusals, ...], list[str]]:
    """Try writes of each kind on a sample, and return what was refused, and findings of what was not.

    Parameters
    ----------
    records
        Those that were read as they must be, and are not in doubt. Where a write is accepted they are no
        longer as they were: whatever is to be read must be read before.
    """
    present = [record for record in records if record.content is not None]
    outdated = [record for record in records if record.superseded is not None]
    # A deletion that is accepted would let a creation be accepted rightly: it comes last.
    tries = (
        (_CREATION, present),
        (_REPLACEMENT, outdated),
        (_DELETION, [record for record in present if record.superseded is not None]),
    )
    refusals: list[Refusals] = []
    findings: list[str] = []
    for kind, candidates in tries:
        tried = spread(candidates, SAMPLE)
        answers = each_in_time(pool, partial(_told, kind, callers), tried)
        refusals.append(Refusals(kind.name, answers.count(kind.refusal), len(tried)))
        findings += [
            f"{record.tenant}/{record.name}, of the {kind.name}: {answer} in place of {kind.refusal}"
            for record, answer in zip(tried, answers, strict=True)
            if answer not in (kind.refusal, None)
        ]
        if None in answers:
            findings.append(f"{answers.count(None)} of {len(tried)} {kind.name} were not tried in time")
    return tuple(refusals), findings


def spread(records: Sequence[Record], most: int) -> list[Record]:
    """Return so many of them at most, from all over the list."""
    return list(records[:: max(1, len(records) // most)][:most])


def _told(kind: _Kind, callers: RetryingCallers, record: Record) -> str:
    body = contents.body(record.tenant, record.name, _CONTENT) if kind.method == "PUT" else None
    answer = callers.call(
        record.tenant,
        kind.method,
        f"{records_path(record.tenant)}/{record.name}",
        body=body,
        headers=kind.headers(record),
    )
    return "no answer" if answer is None else answer.told
