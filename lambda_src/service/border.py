"""The outermost border of a function: every request gets an answer, a log line, its metrics; nothing leaks.

Whatever is raised inside ends here. What is not a problem yet becomes one; what nobody foresaw becomes
`internal-error` and is logged by its class and place alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service import problems
from service.event_parts import Event
from service.failures import NotVerified, is_expected, problem_of
from service.outcomes import outcome_of
from service.problems import Problem, problem_text
from service.routes import method_of, operation_of, resource_of, route_of
from service.telemetry import LambdaContext, Telemetry

Handler = Callable[[Event, LambdaContext], dict[str, Any]]

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

_SECURITY_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the body is text."""

    status: int
    headers: Mapping[str, str]
    body: str

    def for_api_gateway(self) -> dict[str, Any]:
        """Return it in the form that API Gateway's proxy integration takes."""
        return {
            "statusCode": int(self.status),
            "body": self.body,
            "isBase64Encoded": False,
            "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
        }


Operation = Callable[[Event], Response]


class Application:
    """The operations of a function, by method and path.

    API Gateway has matched the path already and names it as the event's resource.
    """

    def __init__(self) -> None:
        self._operations: dict[tuple[str, str], Operation] = {}

    def serve(self, method: str, path: str) -> Callable[[Operation], Operation]:
        """Let the decorated function answer a method of a path of `routes`."""

        def register(operation: Operation) -> Operation:
            self._operations[method, path] = operation
            return operation

        return register

    def answer(self, event: Event) -> Response:
        """Answer a request.

        Raises
        ------
        Problem
            No operation is served at this path, or by this method.
        """
        operation = None
        if route_of(event) is not None:
            operation = self._operations.get((method_of(event), resource_of(event)))
        if operation is None:
            raise _no_route(event)
        return operation(event)


def make_handler(application: Application, telemetry: Telemetry) -> Handler:
    """Make the function that the Lambda runtime calls: it answers every failure with a problem document."""

    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        telemetry.begin(operation=operation_of(event), request_id=request_id(event), context=context)
        try:
            response = application.answer(event)
        except Exception as error:  # noqa: BLE001 - what leaves here, the runtime would print with its text
            response = _failed(error, telemetry=telemetry, event=event)
        telemetry.finish(status=response.status)
        return response.for_api_gateway()

    return handler


def answer_json(status: HTTPStatus, body: str, **headers: str) -> Response:
    """Answer with JSON text."""
    return Response(status, {**_SECURITY_HEADERS, **_spelled(headers), "Content-Type": JSON}, body)


def answer_nothing() -> Response:
    """Answer 204."""
    return Response(HTTPStatus.NO_CONTENT, _SECURITY_HEADERS, "")


def request_id(event: Event) -> str:
    """The id of a request, as API Gateway's access log has it."""
    return str((event.get("requestContext") or {}).get("requestId", ""))


def _failed(error: Exception, *, telemetry: Telemetry, event: Event) -> Response:
    problem = problem_of(error, outcome=outcome_of(operation_of(event)))
    if isinstance(error, NotVerified):
        telemetry.integrity_failure(error)
    elif not is_expected(error):
        telemetry.failure(problem, error)
    telemetry.problem(problem)
    headers = {**_SECURITY_HEADERS, "Content-Type": PROBLEM_JSON}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.allow is not None:
        headers["Allow"] = problem.allow
    body = problem_text(problem, request_id=request_id(event))
    return Response(problem.kind.status, headers, body)


def _no_route(event: Event) -> Problem:
    """Why no route fits: an id that is none, an unknown method, or an unknown path."""
    route = route_of(event)
    if route is None:
        return Problem(
            problems.NO_SUCH_ROUTE,
            "Use /tenants/{tenant}/records, /tenants/{tenant}/records/{record} or /branch-keys.",
        )
    try:
        route.check(event)
    except Problem as problem:
        return problem
    return Problem(problems.METHOD_NOT_ALLOWED, f"Use {route.allowed}.", allow=route.allowed)


def _spelled(headers: dict[str, str]) -> dict[str, str]:
    return {
        "ETag" if name == "etag" else name.replace("_", "-").title(): value for name, value in headers.items()
    }
