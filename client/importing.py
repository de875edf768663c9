"""Sends the lines of an import: several at a time, in bounded memory, each exactly as the file has it.

What must stay true:
- Lines of the same record are sent one after the other, in the file's order, so the last one wins.
- A line counts as stored only once the API has confirmed it.
- A line that fails stops no other line; but when line after line fails because the API is out of reach or
  denies the caller, the import stops instead of failing for every line to the end.
"""

import collections
import json
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TextIO

from client.api import Answer, RecordsApi
from client.display import Display
from client.importlines import Line, parse_line
from client.journal import Journal
from client.problems import AbandonedError, ConflictError, DeniedError, SealedError, UnavailableError

_SHOWN_FAILURES = 20
_GIVE_UP_AFTER = 20
_QUEUED_PER_THREAD = 2
_CREATED = 201


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    created: int = 0
    replaced: int = 0
    existing: int = 0
    stored_before: int = 0
    failed: int = 0
    failures: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def stored(self) -> int:
        """Lines that this run has stored."""
        return self.created + self.replaced


class Importer:
    """One run of an import.

    Parameters
    ----------
    api
        Sends the records; it must allow as many connections as there are threads.
    tenant
        The tenant of all lines, or None where each line names its own.
    create_only
        Leave records that exist as they are.
    concurrency
        How many requests are under way at the same time.
    journal
        Where stored lines are recorded, or None for an input that cannot be read again.
    display
        Shows progress and failures.
    failures
        Takes a JSON line for each failed line, or None.
    """

    def __init__(
        self,
        api: RecordsApi,
        *,
        tenant: str | None,
        create_only: bool,
        concurrency: int,
        journal: Journal | None,
        display: Display,
        failures: TextIO | None,
    ) -> None:
        self.tally = Tally()
        self.interrupted = False
        self.stopped_by: SealedError | None = None
        self._api = api
        self._tenant = tenant
        self._create_only = create_only
        self._concurrency = concurrency
        self._journal = journal
        self._display = display
        self._failures = failures
        self._under_way: dict[Future[Answer], Line] = {}
        self._failed_lines: dict[tuple[str, str], list[int]] = {}
        self._in_a_row = 0

    @property
    def complete(self) -> bool:
        """Whether every line is stored."""
        return not self.interrupted and self.stopped_by is None and self.tally.failed == 0

    def run(self, lines: Iterable[tuple[int, bytes | None]]) -> None:
        """Send all lines. Returns early, with the reason in the attributes, when it is stopped."""
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="import")
        try:
            self._feed(pool, lines)
            if self._under_way:
                self._wind_down()
        finally:
            self._api.abandon()
            pool.shutdown(wait=False, cancel_futures=True)

    def _feed(self, pool: ThreadPoolExecutor, lines: Iterable[tuple[int, bytes | None]]) -> None:
        try:
            for number, raw in lines:
                if self._journal is not None and self._journal.is_stored(number):
                    self.tally.stored_before += 1
                    self._display.advance(failed=self.tally.failed)
                else:
                    self._begin(pool, number, raw)
                if self.stopped_by is not None:
                    return
            while self._under_way and self.stopped_by is None:
                self._settle_some()
        except KeyboardInterrupt:
            self.interrupted = True

    def _begin(self, pool: ThreadPoolExecutor, number: int, raw: bytes | None) -> None:
        try:
            line = parse_line(number, raw, tenant=self._tenant)
        except SealedError as error:
            self._fail(number, error=error)
            return
        while self.stopped_by is None and self._must_wait(line):
            self._settle_some()
        if self.stopped_by is None:
            self._under_way[pool.submit(self._send, line)] = line

    def _must_wait(self, line: Line) -> bool:
        if len(self._under_way) >= self._concurrency * _QUEUED_PER_THREAD:
            return True
        return any((o.tenant, o.record) == (line.tenant, line.record) for o in self._under_way.values())

    def _send(self, line: Line) -> Answer:
        return self._api.put(line.tenant, line.record, body=line.data, if_none_match=self._create_only)

    def _settle_some(self) -> None:
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            self._settle(future, line=self._under_way.pop(future))

    def _settle(self, future: Future[Answer], *, line: Line) -> None:
        try:
            answer = future.result()
        except AbandonedError:
            return
        except SealedError as error:
            if self._create_only and isinstance(error, ConflictError):
                self.tally.existing += 1
                self._stored(line)
            else:
                self._failed_lines.setdefault((line.tenant, line.record), []).append(line.number)
                self._fail(line.number, record=line.record, error=error)
            return
        if answer.status == _CREATED:
            self.tally.created += 1
        else:
            self.tally.replaced += 1
        self._stored(line)

    def _stored(self, line: Line) -> None:
        self._in_a_row = 0
        # An earlier line of the same record that failed must not come back over this one on a resume.
        outdated = self._failed_lines.pop((line.tenant, line.record), [])
        if self._journal is not None:
            for number in (*outdated, line.number):
                self._journal.mark(number)
        self._display.advance(failed=self.tally.failed)

    def _fail(self, number: int, *, error: SealedError, record: str | None = None) -> None:
        self.tally.failed += 1
        self.tally.failures[error.kind] += 1
        if self._failures is not None:
            entry = {"line": number, "record": record, "type": error.kind, "request_id": error.request_id}
            self._failures.write(json.dumps(entry) + "\n")
            self._failures.flush()
        if self.tally.failed <= _SHOWN_FAILURES:
            named = "" if record is None else f" ({record})"
            self._display.say(f"line {number}{named}: {error.line()}")
        elif self.tally.failed == _SHOWN_FAILURES + 1:
            self._display.say(
                "more lines fail; they are counted and not shown here (--failed FILE lists all)"
            )
        self._display.advance(failed=self.tally.failed)
        self._in_a_row = self._in_a_row + 1 if isinstance(error, DeniedError | UnavailableError) else 0
        if self._in_a_row >= _GIVE_UP_AFTER:
            self.stopped_by = error

    def _wind_down(self) -> None:
        """Let requests that are under way end, so that what they stored is known; begin no new one."""
        self._api.abandon()
        for future in list(self._under_way):
            if future.cancel():
                del self._under_way[future]
        if self._under_way:
            self._display.say(f"stopping: {len(self._under_way)} requests are under way")
        while self._under_way:
            self._settle_some()
