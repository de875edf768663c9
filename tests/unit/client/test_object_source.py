"""What is read of an object from a server that does not answer as S3 does."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from client.objectsource import StoredObject
from client.problems import UnavailableError

HEAD = 1000
_PIECE = bytes(64 * 1024)
_MOST_PIECES = 1000
AS_S3 = {"ETag": '"e"', "Content-Range": f"bytes 0-{HEAD - 1}/2000"}


class _Server(ThreadingHTTPServer):
    """Answers every request in the same way, and counts what it could send."""

    def __init__(self, *, headers: dict[str, str], pieces: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.headers, self.pieces, self.sent = headers, pieces, 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(206)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for _ in range(self.server.pieces):
                self.wfile.write(_PIECE)
                self.server.sent += 1
        except OSError:
            pass  # the client went away

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Serve = Callable[..., tuple[StoredObject, _Server]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server; return an object that is read from it, and the server."""
    running: list[tuple[_Server, threading.Thread, Any]] = []

    def started(headers: dict[str, str], *, pieces: int) -> tuple[StoredObject, _Server]:
        server = _Server(headers=headers, pieces=pieces)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        session = Session()
        session.set_credentials("AKIDTEST", "any")
        s3 = session.create_client(
            "s3",
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        running.append((server, thread, s3))
        return StoredObject(s3, at={"Bucket": "objects"}, key="tenants/acme/o-1"), server

    yield started
    for server, thread, s3 in running:
        s3.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_answer_without_an_end_is_not_read_to_its_end(serve: Serve) -> None:
    stored, server = serve(AS_S3, pieces=_MOST_PIECES)
    with pytest.raises(UnavailableError, match="more bytes than were asked for"):
        stored.open(HEAD)
    # What fits into the sockets' buffers is sent whether it is read or not.
    assert server.sent < _MOST_PIECES / 2


def test_a_server_that_does_not_know_ranges_is_refused(serve: Serve) -> None:
    stored, _ = serve({"ETag": '"e"', "Content-Length": f"{len(_PIECE)}"}, pieces=1)
    with pytest.raises(UnavailableError, match="more bytes than were asked for"):
        stored.open(HEAD)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": AS_S3["Content-Range"], "Content-Length": "0"},
        {"ETag": '"e"'},
        {"ETag": '"e"', "Content-Range": f"bytes 0-9/{'9' * 5000}"},
    ],
    ids=["no content", "no size", "a size without an end"],
)
def test_an_answer_that_does_not_say_what_it_is_of_is_refused(serve: Serve, headers: dict[str, str]) -> None:
    stored, _ = serve(headers, pieces=0)
    with pytest.raises(UnavailableError, match="did not say how large the object is"):
        stored.open(HEAD)
