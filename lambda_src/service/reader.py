"""The function that reads records, one or a page. Its role can decrypt, and cannot write."""

from http import HTTPStatus

from service.border import Application, Response, answer_json, make_handler, request_id
from service.event_parts import Event
from service.failures import NotVerified, problem_of
from service.http_headers import etag, http_date
from service.json_text import text
from service.problems import problem_text
from service.record_reads import Page, StoredRecord, Unreadable, get_record, list_records
from service.requests import parse_list, parse_record_path
from service.routes import COLLECTION, RECORD
from service.wiring import start

_container = start()
_application = Application()


@_application.serve("GET", RECORD)
def get(event: Event) -> Response:
    """Read one record."""
    path = parse_record_path(event)
    found = get_record(_container.of(path.tenant).store, path)
    return answer_json(
        HTTPStatus.OK, found.data, etag=etag(found.revision), last_modified=http_date(found.updated_at)
    )


@_application.serve("GET", COLLECTION)
def list_page(event: Event) -> Response:
    """Read a page of a tenant's records."""
    request = parse_list(event)
    page = list_records(
        _container.of(request.tenant).store,
        request,
        cursor_key=_container.configuration.cursor_key,
        time_limit=_container.time_limit,
    )
    for failed in page.unreadable:
        _report(failed)
    return answer_json(HTTPStatus.OK, _page_text(page, asked=request_id(event)))


def _report(failed: Unreadable) -> None:
    if isinstance(failed.cause, NotVerified):
        _container.telemetry.integrity_failure(failed.cause)
    else:
        _container.telemetry.failure(problem_of(failed.cause), failed.cause)


def _page_text(page: Page, *, asked: str) -> str:
    records = ",".join(map(_record_text, page.records))
    failed = ",".join(_failed_text(each, asked=asked) for each in page.unreadable)
    cursor = "null" if page.cursor is None else text(page.cursor)
    return f'{{"records":[{records}],"failed":[{failed}],"cursor":{cursor}}}'


def _record_text(found: StoredRecord) -> str:
    members = {
        "record": text(found.record),
        "revision": text(found.revision),
        "updated_at": text(found.updated_at),
    }
    written = ",".join(f"{text(name)}:{value}" for name, value in members.items())
    return f'{{{written},"data":{found.data}}}'


def _failed_text(failed: Unreadable, *, asked: str) -> str:
    problem = problem_text(problem_of(failed.cause), request_id=asked)
    return f'{{"record":{text(failed.record)},"problem":{problem}}}'


handler = make_handler(_application, _container.telemetry)
