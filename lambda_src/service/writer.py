"""The function that creates, replaces and deletes records. Its role cannot decrypt."""

import json
from http import HTTPStatus

from service.border import Application, Response, answer_json, answer_nothing, make_handler
from service.event_parts import Event
from service.http_headers import etag
from service.record_writes import delete_record, put_record
from service.requests import parse_delete, parse_put
from service.routes import RECORD
from service.wiring import start

_container = start()
_application = Application()


@_application.serve("PUT", RECORD)
def put(event: Event) -> Response:
    """Create or replace a record."""
    request = parse_put(event)
    written = put_record(_container.of(request.path.tenant).store, request)
    body = {
        "tenant": request.path.tenant,
        "record": request.path.record,
        "revision": written.revision,
        "updated_at": written.updated_at,
    }
    status = HTTPStatus.CREATED if written.created else HTTPStatus.OK
    return answer_json(status, json.dumps(body), etag=etag(written.revision))


@_application.serve("DELETE", RECORD)
def delete(event: Event) -> Response:
    """Delete a record."""
    request = parse_delete(event)
    delete_record(_container.of(request.path.tenant).store, request)
    return answer_nothing()


handler = make_handler(_application, _container.telemetry)
