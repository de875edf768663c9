"""The API's address on this machine: serves the deployed REST API over HTTP, as API Gateway would.

The order is API Gateway's: size, route, signature, policies of caller and API, validation, function. What it
does not do: throttling is not enforced.
"""

import logging
import re
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

from local import http_body, principals, proxy, signature, validation
from local.deployed_api import Api, Method
from local.emulator import HOST
from local.enforcement import Enforcement, acts_of_services, denials, execute_api, identities
from local.enforcement.ask import Ask
from local.functions import FunctionNotFoundError, Functions, write_log
from local.gateway import GatewayError, fill, render
from local.policy import PolicyError
from local.proxy import MalformedResultError, Request, Response
from local.signature import Caller, Received, SignatureError

_LARGEST_BODY = 10 * 1024 * 1024
# Lambda's limit for the event and for the result of a synchronous invocation.
_LARGEST_PAYLOAD = 6 * 1024 * 1024 + 100
_LOG_STREAM = "embedded"
_WAITING = 64
_LOG = logging.getLogger(__name__)
_WITHOUT_BODY = (204, 304)
_PARAMETER = re.compile(r"\{[^}]*\}")


_UNKNOWN = ("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token")
_TOO_LARGE = ("REQUEST_TOO_LARGE", 413, "Request Too Long")
_BROKEN = ("API_CONFIGURATION_ERROR", 500, "Internal server error")
_FUNCTION_FAILED = ("INTEGRATION_FAILURE", 502, "Internal server error")


class Front:
    """The HTTP server of one deployed API."""

    def __init__(self, api: Api, functions: Functions, *, region: str, enforcement: Enforcement) -> None:
        self.api = api
        self._enforcement = enforcement
        self.region = region
        self.functions = functions
        # A function that outlives the API's limit must not hold the answer back.
        self.workers = ThreadPoolExecutor(max_workers=_WAITING, thread_name_prefix="invocation")
        self._server = _Server(self)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="front", daemon=True
        )

    @property
    def url(self) -> str:
        """The address with the stage."""
        return f"http://{HOST}:{self._server.server_port}/{self.api.stage}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.workers.shutdown(wait=False, cancel_futures=True)

    def answer(self, arrived: Request) -> Response:
        """Answer one request, with the path as it arrived, and write the access log."""
        began = time.monotonic()
        served = _Served(arrived)
        try:
            response = self._serve(served)
        except GatewayError as error:
            served.error = error
            response = render(error, api=self.api, context=self._context(served))
        except Exception:  # noqa: BLE001 - the outermost border
            _LOG.exception("the front failed")
            served.error = GatewayError(*_BROKEN)
            response = render(served.error, api=self.api, context=self._context(served))
        self._log_access(served, response, milliseconds=(time.monotonic() - began) * 1000)
        return Response(response.status, (*response.headers, ("x-amzn-RequestId", arrived.id)), response.body)

    def _serve(self, served: "_Served") -> Response:
        arrived = served.request
        if len(arrived.body) > _LARGEST_BODY:
            raise GatewayError(*_TOO_LARGE)
        _, stage, path = (*arrived.path.split("/", 2), "", "")[:3]
        if stage != self.api.stage:
            raise GatewayError("ACCESS_DENIED", 403, "Forbidden")
        found = self.api.match(arrived.method, f"/{path}")
        if found is None:
            raise GatewayError(*_UNKNOWN)
        served.method, parameters = found
        served.caller = self._signer(arrived) if served.method.signed else None
        request = replace(arrived, path=f"/{path}")
        if served.caller is not None:
            self._authorize(request, served.caller)
        validation.validate(request, served.method, path_parameters=frozenset(parameters))
        event = proxy.event(
            request, api=self.api, method=served.method, parameters=parameters, caller=served.caller
        )
        if len(event) > _LARGEST_PAYLOAD:
            raise GatewayError(*_TOO_LARGE)
        return self._invoke(served, served.method, event)

    def _signer(self, request: Request) -> Caller:
        headers: dict[str, str] = {}
        for name, value in request.headers:
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        received = Received(request.method, request.path, request.query, headers, request.body)
        try:
            return signature.verify(received, region=self.region, find=principals.find)
        except SignatureError as error:
            raise GatewayError(error.response_type, 403, error.message) from error

    def _authorize(self, request: Request, caller: Caller) -> None:
        """Ask the policies of the caller and of the API."""
        context = execute_api.context(
            source_ip=request.source_ip, user_agent=request.header("user-agent"), region=self.region
        )
        identity = identities.of_caller(caller)
        try:
            for ask in self._asks(request):
                decision = self._enforcement.judge(identity, ask, context=context)
                if not decision.allowed:
                    message = denials.message(identity.principal, ask, decision)
                    raise GatewayError("ACCESS_DENIED", 403, message)
        except PolicyError as error:
            _LOG.warning("a policy cannot be decided: %s", error)
            raise GatewayError(*_BROKEN) from error

    def _asks(self, request: Request) -> list[Ask]:
        return execute_api.asks(
            api=self.api.id,
            stage=self.api.stage,
            region=self.region,
            account=self.api.account,
            method=request.method,
            path=request.path,
            policy=self.api.policy,
        )

    def _may_invoke(self, method: Method) -> None:
        """Ask the function's policy, as API Gateway's own service."""
        path = _PARAMETER.sub("*", method.resource)
        here = f"arn:aws:execute-api:{self.region}:{self.api.account}:{self.api.id}/{self.api.stage}"
        verb = "*" if method.http_method == "ANY" else method.http_method
        try:
            acts_of_services.call_function(
                self._enforcement,
                identities.service("apigateway.amazonaws.com"),
                method.function,
                region=self.region,
                source=f"{here}/{verb}{path}",
            )
        except acts_of_services.RefusedError as error:
            _LOG.warning("%s", error)
            raise GatewayError(*_BROKEN) from error

    def _invoke(self, served: "_Served", method: Method, event: bytes) -> Response:
        self._may_invoke(method)
        began = time.monotonic()
        invocation = self.workers.submit(self.functions.invoke, method.function, event)
        try:
            outcome = invocation.result(timeout=method.timeout_seconds)
        except FutureTimeoutError as error:
            raise GatewayError("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out") from error
        except FunctionNotFoundError as error:
            raise GatewayError(*_BROKEN) from error
        except acts_of_services.RefusedError as error:
            _LOG.warning("%s", error)
            raise GatewayError(*_FUNCTION_FAILED) from error
        finally:
            served.integration_ms = (time.monotonic() - began) * 1000
        if outcome.kind != "response" or len(outcome.body) > _LARGEST_PAYLOAD:
            raise GatewayError(*_FUNCTION_FAILED)
        try:
            return proxy.response(outcome.body, request=served.request, api=self.api)
        except MalformedResultError as error:
            raise GatewayError(*_FUNCTION_FAILED) from error

    def _context(self, served: "_Served") -> Mapping[str, str]:
        request, caller = served.request, served.caller
        known = {
            "requestId": request.id,
            "extendedRequestId": request.id,
            "httpMethod": request.method,
            "path": request.path,
            "resourcePath": served.method.resource if served.method else None,
            "protocol": request.protocol,
            "stage": self.api.stage,
            "apiId": self.api.id,
            "accountId": self.api.account,
            "domainName": request.header("host"),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "requestTimeEpoch": str(int(time.time() * 1000)),
            "identity.sourceIp": request.source_ip,
            "identity.userAgent": request.header("user-agent"),
            "identity.caller": caller.unique_id if caller else None,
            "identity.user": caller.unique_id if caller else None,
            "identity.userArn": caller.arn if caller else None,
            "identity.accessKey": caller.access_key_id if caller else None,
            "identity.accountId": caller.account if caller else None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _log_access(self, served: "_Served", response: Response, *, milliseconds: float) -> None:
        if self.api.access_log_group is None:
            return
        variables = {
            **self._context(served),
            "status": str(response.status),
            "responseLength": str(len(response.body)),
            "responseLatency": str(round(milliseconds)),
        }
        if served.integration_ms is not None:
            latency = str(round(served.integration_ms))
            variables |= {"integrationLatency": latency, "integration.latency": latency}
        if served.error is not None:
            variables |= {
                "error.message": served.error.message,
                "error.responseType": served.error.response_type,
            }
        line = fill(self.api.access_log_format, variables)
        write_log(self.region, group=self.api.access_log_group, stream=_LOG_STREAM, text=line)


@dataclass(slots=True)
class _Served:
    """A request on its way, and what is known of it so far."""

    request: Request
    method: Method | None = None
    caller: Caller | None = None
    error: GatewayError | None = None
    integration_ms: float | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, front: Front) -> None:
        super().__init__((HOST, 0), _Handler)
        self.front = front


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        """Name the server in its answers."""
        return "embedded"

    def handle_one_request(self) -> None:
        """Serve one request; a client that has gone away is no failure."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        try:
            body = http_body.read(self.headers, self.rfile, limit=_LARGEST_BODY)
        except http_body.BodyError:
            self.close_connection = True
            self.send_error(400)
            return
        request = Request(
            id=str(uuid.uuid4()),
            method=self.command,
            path=path,
            query=query,
            headers=tuple(self.headers.items()),
            body=bytes(_LARGEST_BODY + 1) if body is None else body,
            source_ip=str(self.client_address[0]),
            protocol=self.request_version,
        )
        response = cast("_Server", self.server).front.answer(request)
        self.send_response(response.status)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        if response.status in _WITHOUT_BODY:
            self.end_headers()
            return
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    # The names that http.server looks for.
    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the access log is deployed."""
