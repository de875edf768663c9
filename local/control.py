"""How other terminals reach the running one: a loopback endpoint that asks for the state file's token."""

import hmac
import json
import queue
import secrets
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal, cast

from local.emulator import HOST

Command = Literal["stop", "reset", "change"]
_PATIENCE_SECONDS = 300
_LARGEST_BODY = 64 * 1024


Settings = dict[str, Any]


class UnreachableError(Exception):
    """The endpoint does not answer, or not as ours would."""


class Control:
    """The endpoint. Commands are carried out by whoever reads them from ``next``; it answers when told."""

    def __init__(self, status: Callable[[], dict[str, Any]]) -> None:
        self.token = secrets.token_urlsafe(32)
        self.status = status
        self._commands: queue.Queue[tuple[Command, Settings, queue.Queue[str]]] = queue.Queue()
        self._server = _Server(self)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="control", daemon=True
        )

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://{HOST}:{self._server.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def interrupt(self) -> None:
        """Put a stop command in line, as a signal does."""
        self._commands.put(("stop", {}, queue.Queue()))

    def next(self) -> tuple[Command, Settings, Callable[[str], None]]:
        """Wait for a command and its settings; the last value tells its sender the outcome."""
        command, settings, answer = self._commands.get()
        return command, settings, answer.put

    def order(self, command: Command, settings: Settings | None = None) -> str:
        """Put a command in line and wait for its outcome."""
        answer: queue.Queue[str] = queue.Queue()
        self._commands.put((command, settings or {}, answer))
        return answer.get(timeout=_PATIENCE_SECONDS)


def ask(
    state: dict[str, Any], action: Literal["status"] | Command, settings: Settings | None = None
) -> dict[str, Any]:
    """Ask the process that a state file describes.

    Raises
    ------
    UnreachableError
        If it does not answer as ours would.
    """
    control = state.get("control", {})
    request = urllib.request.Request(  # noqa: S310 - the address is checked by the next line
        f"{control.get('url')}/{action}",
        method="GET" if action == "status" else "POST",
        data=None if settings is None else json.dumps(settings).encode(),
        headers={"Authorization": f"Bearer {control.get('token')}"},
    )
    if not request.full_url.startswith(f"http://{HOST}:"):
        raise UnreachableError
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            content = json.load(answer)
    except (OSError, ValueError) as error:
        raise UnreachableError from error
    return cast("dict[str, Any]", content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, control: Control) -> None:
        super().__init__((HOST, 0), _Handler)
        self.control = control


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self._trusted() and self.path == "/status":
            self._answer(200, self._control.status())

    def do_POST(self) -> None:
        if not self._trusted():
            return
        if self.path == "/stop":
            self._answer(200, {"outcome": self._control.order("stop")})
        elif self.path == "/reset":
            self._answer(200, {"outcome": self._control.order("reset")})
        elif self.path == "/change":
            length = min(int(self.headers.get("Content-Length", 0)), _LARGEST_BODY)
            self._answer(200, {"outcome": self._control.order("change", json.loads(self.rfile.read(length)))})

    @property
    def _control(self) -> Control:
        return cast("_Server", self.server).control

    def _trusted(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {self._control.token}".encode()):
            return True
        self._answer(403, {"error": "The token is not the one in the state file."})
        return False

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
