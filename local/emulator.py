"""moto's server inside this process, on a free port of the loopback interface.

Every request passes one gate: it is read (service, operation, parameters), delayed or failed where a test
asked for it, admitted or refused, carried out, noted and shown to who observes.
Requests of DynamoDB and of S3 go one at a time: moto checks a condition and writes in two steps, and two
writers at once could both win.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NoReturn

# Web pages have no business here: without this moto answers any origin.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
# Roles of the CDK have policies of AWS.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from local import additions, api_call
from local.additions import stack_updates
from local.additions.requests import as_judged
from local.api_call import ApiCall, protocol_of
from local.connections import Connections, reset
from local.faults import Fault, Faults
from local.journal import Journal, Request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

    from local.enforcement.denials import Denial

ACCOUNT = "123456789012"
HOST = "127.0.0.1"

Environ = dict[str, Any]
Application = Callable[[Environ, "StartResponse"], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered: the status line, the body, the headers."""

    line: str
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def status(self) -> int:
        """The status."""
        return int(self.line[:3])


Admit = Callable[[ApiCall], "Denial | None"]
Observe = Callable[[ApiCall, Answer], None]

#: moto's own pages: they show and empty everything, whoever asks.
_NOT_AWS = ("/moto-api", "/latest")
_LOGGERS = ("werkzeug", "moto", "local")
_NO_HEADERS: tuple[tuple[str, str], ...] = ()
_ONE_IN_A_PROCESS = Lock()


class Emulator:
    """The AWS services, in memory. One of them can run in a process: moto keeps its state in modules.

    Parameters
    ----------
    log_file
        Takes what goes wrong inside.
    admit
        Says why a call is refused, or None.
    observe
        Is shown every call with its answer, before the caller has it.
    """

    def __init__(
        self,
        *,
        log_file: Path,
        admit: Admit = lambda _: None,
        observe: Observe = lambda _call, _answer: None,
    ) -> None:
        self._admit = admit
        self._observe = observe
        self.journal = Journal()
        self.faults = Faults()
        self.connections = Connections()
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
            DomainDispatcherApplication(create_backend_app),
            journal=self.journal,
            faults=self.faults,
            connections=self.connections,
            admit=self._admit,
            observe=self._observe,
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
    """What every request passes on its way to moto, and its answer on its way back."""

    def __init__(
        self,
        application: Application,
        *,
        journal: Journal,
        faults: Faults,
        connections: Connections,
        admit: Admit,
        observe: Observe,
    ) -> None:
        self._application = application
        self._journal = journal
        self._faults = faults
        self._connections = connections
        self._admit = admit
        self._observe = observe
        self._one_at_a_time = {"dynamodb": Lock(), "s3": Lock()}

    def __call__(self, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        call = api_call.read(environ)
        connection: socket.socket = environ["werkzeug.socket"]
        with self._connections.answering(connection, access_key_id=call.access_key_id) as there:
            if not there:
                _break_connection(environ)
            return self._answered(call, environ, start_response)

    def _answered(self, call: ApiCall, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        fault = self._faults.take(call.service, call.operation, access_key_id=call.access_key_id)
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        if fault is not None and fault.reset:
            self._note(call, 0)
            _break_connection(environ)
        if fault is not None and fault.code is not None:
            answer = _fault_answer(call, fault)
        else:
            answer = self._carried_out(call, environ)
        self._note(call, answer.status)
        self._observe(call, answer)
        if fault is not None and fault.answer_lost:
            _break_connection(environ)
        start_response(answer.line, list(answer.headers))
        return [answer.body]

    def _carried_out(self, call: ApiCall, environ: Environ) -> Answer:
        if str(environ.get("PATH_INFO", "")).startswith(_NOT_AWS):
            return Answer("403 Refused", b"", _headers("text/plain", b""))
        denial = self._admit(call)
        if denial is not None:
            return Answer(f"{denial.status} Refused", denial.body, _headers(denial.content_type, denial.body))
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401, ARG001
            heads.append((status, headers))
            return lambda _: None

        with self._one_at_a_time.get(call.service, nullcontext()), as_judged(call):
            try:
                body = b"".join(self._application(environ, keep))
            except Exception:  # what moto does not know it raises; the call is noted all the same
                logging.getLogger("local").exception(
                    "%s:%s was not carried out", call.service, call.operation
                )
                return Answer("500 Not Carried Out", b"", _headers("text/plain", b""))
        line, headers = heads[-1]
        return Answer(line, body, tuple(headers))

    def _note(self, call: ApiCall, status: int) -> None:
        self._journal.add(Request(call.service, call.operation, call.access_key_id, status))


def _headers(content_type: str, body: bytes) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("Content-Length", str(len(body))))


def _fault_answer(call: ApiCall, fault: Fault) -> Answer:
    """Answer with the fault's error, in the service's protocol."""
    message, headers = "Asked for by a test.", _NO_HEADERS
    if call.is_json:
        content_type = "application/x-amz-json-1.1"
        body = json.dumps({"__type": fault.code, "message": message}).encode()
    elif protocol_of(call.service) == "rest-json":
        content_type, headers = "application/json", (("x-amzn-ErrorType", str(fault.code)),)
        body = json.dumps({"message": message}).encode()
    else:
        content_type = "text/xml"
        error = f"<Error><Type>Sender</Type><Code>{fault.code}</Code><Message>{message}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>".encode()
    return Answer(f"{fault.status} Fault", body, (*_headers(content_type, body), *headers))


def _break_connection(environ: Environ) -> NoReturn:
    """Close the connection so that the client sees a reset."""
    reset(environ["werkzeug.socket"])
    raise ConnectionResetError
