"""moto's server inside this process, on a free port of the loopback interface.

Every request passes one gate: it is named (service and operation), delayed or failed where a test asked for
it, and written to the journal. DynamoDB's requests go one at a time: moto checks a condition and writes in
two steps, and two writers at once could both win.
"""

import io
import json
import logging
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

# Web pages have no business here: without this moto answers any origin.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from local import additions
from local.additions import stack_updates
from local.faults import Fault, Faults
from local.journal import Journal, Request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

ACCOUNT = "123456789012"
HOST = "127.0.0.1"

Environ = dict[str, Any]
Application = Callable[[Environ, "StartResponse"], Iterable[bytes]]

_LOGGERS = ("werkzeug", "moto", "local")
_ONE_IN_A_PROCESS = Lock()


class Emulator:
    """The AWS services, in memory. One of them can run in a process: moto keeps its state in modules."""

    def __init__(self, *, log_file: Path) -> None:
        self.journal = Journal()
        self.faults = Faults()
        self._log_file = log_file
        self._log_handler: logging.Handler | None = None
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            message = "The emulator has not been started."
            raise RuntimeError(message)
        return int(self._server.server_port)

    @property
    def endpoint(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Begin empty, and listen."""
        if not _ONE_IN_A_PROCESS.acquire(blocking=False):
            message = "An emulator runs in this process already; moto has room for one."
            raise RuntimeError(message)
        additions.install()
        stack_updates.install()
        self.reset()
        self._log_handler = logging.FileHandler(self._log_file)
        self._log_handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(self._log_handler)
            logging.getLogger(name).propagate = False
        gate = _Gate(
            DomainDispatcherApplication(create_backend_app), journal=self.journal, faults=self.faults
        )
        self._server = make_server(HOST, 0, gate, threaded=True, request_handler=_Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = Thread(target=self._server.serve_forever, name="emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and forget everything."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None
            self.reset()
            _ONE_IN_A_PROCESS.release()
        if self._log_handler is not None:
            for name in _LOGGERS:
                logging.getLogger(name).removeHandler(self._log_handler)
                logging.getLogger(name).propagate = True
            self._log_handler.close()
            self._log_handler = None

    def reset(self) -> None:
        """Forget everything that was created, asked and set, and go on listening."""
        moto_api_backend.reset()
        self.faults.clear()
        self.journal.clear()


class _Handler(MotoRequestHandler):
    """Answers at once, and keeps its log for what went wrong."""

    # Without this the answer's second segment waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing about requests that were answered."""


class _Gate:
    """What every request passes on its way to moto."""

    def __init__(self, application: Application, *, journal: Journal, faults: Faults) -> None:
        self._application = application
        self._journal = journal
        self._faults = faults
        self._one_at_a_time = {"dynamodb": Lock()}

    def __call__(self, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        access_key_id, service = _signer(environ)
        operation = _operation(environ)
        fault = self._faults.take(service, operation)
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        if fault is not None and fault.reset:
            self._journal.add(Request(service, operation, access_key_id, 0))
            return _break_connection(environ)
        if fault is not None and fault.code is not None:
            self._journal.add(Request(service, operation, access_key_id, fault.status))
            return _fail(environ, start_response, fault=fault)

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401
            self._journal.add(Request(service, operation, access_key_id, int(status[:3])))
            return start_response(status, headers, exc_info)

        with self._one_at_a_time.get(service, nullcontext()):
            answer = self._application(environ, noted)
        return _break_connection(environ) if fault is not None and fault.answer_lost else answer


def _signer(environ: Environ) -> tuple[str, str]:
    """Return the access key id and the service that the signature names."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    _, _, scope = authorization.partition("Credential=")
    parts = scope.split(",")[0].split("/")
    scope_parts = 5
    return (parts[0], parts[3]) if len(parts) == scope_parts else ("", "")


def _operation(environ: Environ) -> str:
    """Name the operation as the API reference does, or by method and path where the protocol is REST."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target.rpartition(".")[2])
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        actions = parse_qs(body.decode("utf-8", "replace")).get("Action")
        if actions:
            return str(actions[0])
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _fail(environ: Environ, start_response: "StartResponse", *, fault: Fault) -> Iterable[bytes]:
    """Answer with the fault's error, in the service's protocol."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(length)
    message = "Asked for by a test."
    if environ.get("HTTP_X_AMZ_TARGET"):
        content_type = "application/x-amz-json-1.1"
        body = json.dumps({"__type": fault.code, "message": message}).encode()
    else:
        content_type = "text/xml"
        error = f"<Error><Type>Sender</Type><Code>{fault.code}</Code><Message>{message}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>".encode()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    start_response(f"{fault.status} Fault", headers)
    return [body]


def _break_connection(environ: Environ) -> Iterable[bytes]:
    """Close the connection so that the client sees a reset."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RD)
    connection.close()
    raise ConnectionResetError
