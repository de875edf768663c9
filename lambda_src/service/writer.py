"""The function that creates, replaces and deletes records. Its role cannot decrypt."""

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler.api_gateway import Response

from service.border import answer_json, answer_nothing, make_application, make_handler
from service.http_headers import etag
from service.record_writes import delete_record, put_record
from service.requests import parse_delete, parse_put
from service.routes import RECORD
from service.wiring import start

_container = start()
_application = make_application(_container.telemetry)


@_application.put(RECORD)
def put(**_: str) -> Response[str]:
    """Create or replace a record."""
    request = parse_put(_application.current_event.raw_event)
    written = put_record(_container.of(request.path.tenant).store, request)
    body = {
        "tenant": request.path.tenant,
        "record": request.path.record,
        "revision": written.revision,
        "updated_at": written.updated_at,
    }
    status = HTTPStatus.CREATED if written.created else HTTPStatus.OK
    return answer_json(status, json.dumps(body), etag=etag(written.revision))


@_application.delete(RECORD)
def delete(**_: str) -> Response[str]:
    """Delete a record."""
    request = parse_delete(_application.current_event.raw_event)
    delete_record(_container.of(request.path.tenant).store, request)
    return answer_nothing()


handler = make_handler(_application, _container.telemetry)
