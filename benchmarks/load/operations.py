"""What each planned request does, and what its answer must be: by what is known of the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load import contents
from benchmarks.load.callers import Answer, Caller, NoAnswerError, records_path
from benchmarks.load.plan import CREATE, DELETE, PAGE, READ, Arrival
from benchmarks.load.records import Record, Records

_OK, _CREATED, _NO_CONTENT = 200, 201, 204
#: Answers that say of a record that it is not as was acknowledged.
_CONTRADICTIONS = (404, 409, 412)
_PAGE_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended. `error` says what was not as it must be.

    `wrong`: whether the answer contradicts what was acknowledged before.
    """

    kind: str
    error: str = ""
    wrong: bool = False


class Operations:
    """Carries out planned requests as the callers of their tenants. Safe to share between threads."""

    def __init__(self, tenants: Sequence[str], callers: Mapping[str, Caller], records: Records) -> None:
        self._tenants, self._callers, self._records = tenants, callers, records

    def carry_out(self, arrival: Arrival) -> Outcome:
        """Send what is planned; where there is no record yet to do it to, one is created."""
        tenant = self._tenants[arrival.tenant]
        if arrival.kind == PAGE:
            return self._page(tenant, arrival)
        kind, record = arrival.kind, None
        if kind != CREATE:
            record = self._records.take_present(tenant, pick=arrival.pick)
        if record is None:
            kind, record = CREATE, self._records.take_absent(tenant, pick=arrival.pick)
        try:
            return self._on(record, kind, arrival)
        finally:
            self._records.give_back(record)

    def _on(self, record: Record, kind: str, arrival: Arrival) -> Outcome:
        if kind == READ:
            return self._read(record)
        if kind == DELETE:
            return self._delete(record)
        return self._put(record, kind, size=arrival.size)

    def _put(self, record: Record, kind: str, *, size: int) -> Outcome:
        content = self._records.next_content(size)
        known = {"If-None-Match": "*"} if kind == CREATE else {"If-Match": str(record.revision)}
        try:
            answer = self._call(
                record,
                "PUT",
                body=contents.body(record.tenant, record.name, content),
                headers=known,
            )
        except NoAnswerError as lost:
            record.doubt(content)
            return Outcome(kind, f"{kind}: no answer ({lost})")
        if answer.status != (_CREATED if kind == CREATE else _OK):
            record.doubt(content)
            return _failed(kind, answer)
        record.acknowledge(content, revision=answer.revision)
        return Outcome(kind)

    def _delete(self, record: Record) -> Outcome:
        try:
            answer = self._call(record, "DELETE", headers={"If-Match": str(record.revision)})
        except NoAnswerError as lost:
            record.doubt(None)
            return Outcome(DELETE, f"{DELETE}: no answer ({lost})")
        if answer.status != _NO_CONTENT:
            record.doubt(None)
            return _failed(DELETE, answer)
        record.acknowledge(None, revision=None)
        return Outcome(DELETE)

    def _read(self, record: Record) -> Outcome:
        try:
            answer = self._call(record, "GET")
        except NoAnswerError as lost:
            return Outcome(READ, f"{READ}: no answer ({lost})")
        if answer.status != _OK:
            return _failed(READ, answer)
        if record.content is None or answer.revision != record.revision:
            return Outcome(READ, f"{READ}: another revision than was acknowledged", wrong=True)
        if answer.content() != contents.body(record.tenant, record.name, record.content):
            return Outcome(READ, f"{READ}: another content than was acknowledged", wrong=True)
        return Outcome(READ)

    def _page(self, tenant: str, arrival: Arrival) -> Outcome:
        prefix = f"r-{int(arrival.pick * 16):x}"
        path = f"{records_path(tenant)}?limit={_PAGE_LIMIT}&prefix={prefix}"
        try:
            answer = self._callers[tenant].call("GET", path)
        except NoAnswerError as lost:
            return Outcome(PAGE, f"{PAGE}: no answer ({lost})")
        if answer.status != _OK:
            return _failed(PAGE, answer)
        page = answer.page()
        if page is None or page["failed"]:
            return Outcome(PAGE, f"{PAGE}: not a page of records that open", wrong=True)
        # Others write meanwhile: which records are there is not known, but each must be its own.
        if not all(
            each["record"].startswith(prefix)
            and contents.is_of(each["data"], tenant=tenant, record=each["record"])
            for each in page["records"]
        ):
            return Outcome(PAGE, f"{PAGE}: a record with another's content", wrong=True)
        return Outcome(PAGE)

    def _call(
        self,
        record: Record,
        method: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        path = f"{records_path(record.tenant)}/{record.name}"
        return self._callers[record.tenant].call(method, path, body=body, headers=headers)


def _failed(kind: str, answer: Answer) -> Outcome:
    return Outcome(kind, f"{kind}: {answer.told}", wrong=answer.status in _CONTRADICTIONS)
