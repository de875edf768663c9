"""Lambda's Runtime API for one function process: next invocation, response, error, initialization error."""

import json
import queue
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal, cast

from local import http_body
from local.emulator import HOST

_VERSION = "/2018-06-01/runtime"
# Above Lambda's own limit, which the front checks: what is larger need not be kept whole.
_LARGEST_RESULT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way to the function."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended.

    ``response`` and ``error`` carry what the function posted; ``init-error`` too, from before any event;
    ``exit`` says that the process ended; ``timeout`` that its time was over.
    """

    kind: Literal["response", "error", "init-error", "exit", "timeout"]
    body: bytes = b""


class RuntimeApi:
    """The endpoint that one function process asks for its work."""

    def __init__(self) -> None:
        self._invocations: queue.Queue[Invocation | None] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._server = _Server(self)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port, for AWS_LAMBDA_RUNTIME_API."""
        return f"{HOST}:{self._server.server_port}"

    def submit(self, invocation: Invocation) -> None:
        """Offer an event to the process."""
        self._invocations.put(invocation)

    def wait(self, *, seconds: float) -> Outcome:
        """Wait for how the invocation ends."""
        try:
            return self._outcomes.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return Outcome("timeout")

    def report(self, outcome: Outcome) -> None:
        """Take note of how it ended: the process by request, or whoever saw the process end."""
        self._outcomes.put(outcome)

    def next(self) -> Invocation | None:
        """Wait for the next event; None when there will be none."""
        return self._invocations.get()

    def close(self) -> None:
        """Stop listening."""
        self._invocations.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__((HOST, 0), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Serve one request; a process that has been ended is no failure."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        if self.path != f"{_VERSION}/invocation/next":
            self._answer(404, b"{}")
            return
        invocation = cast("_Server", self.server).api.next()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root={invocation.request_id};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = http_body.read(self.headers, self.rfile, limit=_LARGEST_RESULT) or b""
        api = cast("_Server", self.server).api
        if self.path == f"{_VERSION}/init/error":
            api.report(Outcome("init-error", body))
        elif self.path.endswith("/response"):
            api.report(Outcome("response", body))
        elif self.path.endswith("/error"):
            api.report(Outcome("error", body))
        else:
            self._answer(404, b"{}")
            return
        self._answer(202, json.dumps({"status": "OK"}).encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the function's own log tells the story."""
