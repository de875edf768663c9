"""A small records API on loopback that verifies every signature, and `sealed` run against it."""

import base64
import contextlib
import io
import json
import os
import re
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from client.api import RecordsApi
from client.endpoint import Endpoint
from client.entry import main
from client.retries import RetryPolicy
from client.signing import Signer
from tests.unit.client.branch_keys import BranchKeys
from tests.unit.client.maintenance_runs import RUN, Deployment, deployed

ACCESS_KEY = "AKIDTESTCLIENT"
SECRET_KEY = "a-secret-that-only-this-test-knows"
REGION = "eu-west-1"
STAMP = "2026-01-02T03:04:05.000Z"


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Planned:
    """An answer given in place of the real one; `status` None breaks the connection without an answer.

    `after_work` does what the request asks for first, so only the answer is lost.
    """

    status: int | None
    document: object = None
    headers: dict[str, str] = field(default_factory=dict)
    after_work: bool = False
    body: bytes | None = None


def problem(
    slug: str, *, status: int, title: str = "Title.", detail: str = "Detail.", request_id: str = "req-1"
) -> Any:
    return {
        "type": f"urn:sealed-records:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }


class RecordsServer:
    """Keeps records in memory, in the exact bytes of their bodies."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.branch_keys = BranchKeys()
        self.unreadable: set[str] = set()
        self.tunnels: set[str] = set()
        self.requests: list[Request] = []
        self.planned: deque[Planned] = deque()
        self.planned_for: dict[str, Planned] = {}
        self.history: list[tuple[str, bytes]] = []
        self.most_at_once = 0
        self.hold = threading.Event()
        self.hold.set()
        self.reached = threading.Semaphore(0)
        self.at_once = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.hold.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def answer(self, request: Any) -> Any:
        """Return status, headers and body of the answer to a request."""
        if not signature_holds(request):
            return respond(403, problem("denied", status=403, title="Forbidden."))
        parts = urlsplit(request.path)
        asked = parts.path.rpartition("/")[2]
        plan = self.planned.popleft() if self.planned else self.planned_for.get(asked)
        if plan is None:
            return self.work(request, parts)
        if plan.after_work:
            self.work(request, parts)
        if plan.status is None:
            return None
        status, headers, body = respond(plan.status, plan.document)
        return status, {**headers, **plan.headers}, body if plan.body is None else plan.body

    def work(self, request: Any, parts: Any) -> Any:
        if parts.path.startswith("/v1/branch-keys"):
            with self.lock:
                return self.branch_keys.answer(request, respond, problem)
        match = re.fullmatch(r"/v1/tenants/([A-Za-z0-9_-]+)/records(?:/([A-Za-z0-9_-]+))?", parts.path)
        if match is None:
            return respond(404, problem("no-such-path", status=404))
        tenant, record = match.groups()
        if record is None:
            return self.page(tenant, {k: v[0] for k, v in parse_qs(parts.query).items()})
        return getattr(self, request.method.lower())(tenant, record, request)

    def put(self, tenant: str, record: str, request: Any) -> Any:
        present = self.records.get((tenant, record))
        if request.headers.get("if-none-match") == "*" and present:
            return respond(409, problem("exists", status=409))
        wanted = request.headers.get("if-match")
        if wanted and (present is None or wanted != f'"{present[0]}"'):
            return respond(412, problem("revision", status=412))
        revision = secrets.token_hex(16)
        with self.lock:
            self.records[tenant, record] = revision, request.body
            self.history.append((record, request.body))
        document = {"tenant": tenant, "record": record, "revision": revision, "updated_at": STAMP}
        return respond(200 if present else 201, document, ETag=f'"{revision}"')

    def get(self, tenant: str, record: str, _: Any) -> Any:
        if record in self.unreadable:
            return respond(500, problem("integrity-failure", status=500))
        if (tenant, record) not in self.records:
            return respond(404, problem("not-found", status=404))
        revision, body = self.records[tenant, record]
        return 200, {"Content-Type": "application/json", "ETag": f'"{revision}"'}, body

    def delete(self, tenant: str, record: str, request: Any) -> Any:
        present = self.records.get((tenant, record))
        if present is None:
            return respond(404, problem("not-found", status=404))
        if request.headers.get("if-match", f'"{present[0]}"') != f'"{present[0]}"':
            return respond(412, problem("revision", status=412))
        del self.records[tenant, record]
        return 204, {}, b""

    def page(self, tenant: str, query: Any) -> Any:
        after = base64.b64decode(query["cursor"]).decode() if "cursor" in query else ""
        names = sorted(
            r for t, r in self.records if t == tenant and r > after and r.startswith(query.get("prefix", ""))
        )
        limit = int(query.get("limit", "25"))
        shown, more = names[:limit], len(names) > limit
        records = [
            f'{{"record": "{r}", "revision": "{self.records[tenant, r][0]}", "updated_at": "{STAMP}",\n'
            f' "data": {self.records[tenant, r][1].decode()}}}'
            for r in shown
            if r not in self.unreadable
        ]
        failed = [
            {"record": r, "problem": problem("integrity-failure", status=500)}
            for r in shown
            if r in self.unreadable
        ]
        # Plus, slash and equals signs on purpose: the client has to encode what it gives back.
        cursor = base64.b64encode(shown[-1].encode()).decode() if more else None
        text = (
            f'{{"records":[{",".join(records)}],"failed":{json.dumps(failed)},"cursor":{json.dumps(cursor)}}}'
        )
        return 200, {"Content-Type": "application/json"}, text.encode()


def respond(status: int, document: Any, **headers: Any) -> Any:
    kind = "application/problem+json" if status >= 400 else "application/json"
    body = b"" if document is None else json.dumps(document).encode()
    return status, {"Content-Type": kind, **headers}, body


def signature_holds(request: Any) -> Any:
    """Sign the request once more, as it arrived, and compare."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request, "
        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
        request.headers.get("authorization", ""),
    )
    if found is None or found.group(1, 2, 3) != (ACCESS_KEY, REGION, "execute-api"):
        return False
    names = found.group(4).split(";")
    if "host" not in names or ("content-type" in request.headers and "content-type" not in names):
        return False
    again = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.path}",
        data=request.body,
        headers={name: request.headers[name] for name in names},
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "execute-api", REGION)
    signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    return secrets.compare_digest(signature, found.group(5))


def handler_for(server: Any) -> Any:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Request(self.command, self.path, headers, body)
            with server.lock:
                server.requests.append(request)
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            server.reached.release()
            server.hold.wait(20)
            outcome = server.answer(request)
            with server.lock:
                server.at_once -= 1
            if outcome is None:
                self.close_connection = True
                return
            status, sent, text = outcome
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                for name, value in sent.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = serve  # noqa: N815 - the names that http.server looks for

        def do_CONNECT(self) -> None:
            server.tunnels.add(self.path)
            self.send_error(403)

        def log_message(self, *_: Any) -> None:
            return

    return Handler


@pytest.fixture
def server() -> Iterator[Any]:
    running = RecordsServer()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def plan() -> Any:
    """The constructor of planned answers, and of problem documents to put in them."""
    return Planned


@pytest.fixture
def problem_document() -> Any:
    return problem


@dataclass
class Result:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def environment(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Exactly the environment variables that `sealed` needs, and a home without AWS settings."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "SEALED_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    settings = {
        "HOME": str(tmp_path),
        "SEALED_ENDPOINT": server.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def sealed(environment: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `sealed` in this process and return its exit code and what it printed. Waits are cut short."""
    monkeypatch.setattr("client.api.RetryPolicy", lambda: RetryPolicy(first=0.002))

    def run(*arguments: Any, stdin: Any = b"") -> Any:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Result(left.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def api_with(server: Any) -> Iterator[Any]:
    """Make a RecordsApi for the server with a policy of waits."""
    made = []

    def make(policy: Any, *, timeout: Any = 5.0, url: Any = None) -> Any:
        endpoint = Endpoint(url=url or server.url, region=REGION, loopback=True)
        signer = Signer(Credentials(ACCESS_KEY, SECRET_KEY), region=REGION)
        made.append(RecordsApi(endpoint, signer=signer, timeout=timeout, policy=policy))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """What re-encryptions run in."""
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def running(deployment: Deployment) -> Deployment:
    """A run that is planned and at work."""
    deployment.start(RUN, run=RUN)
    deployment.plan()
    return deployment
