"""The outermost border of a function: every request gets an answer, a log line, its metrics; nothing leaks.

Whatever is raised inside ends here. What is not a problem yet becomes one; what nobody foresaw becomes
`internal-error` and is logged by its class and place alone.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver, Response

from service import problems
from service.event_parts import Event
from service.failures import NotVerified, is_expected, problem_of
from service.outcomes import outcome_of
from service.problems import Problem, problem_text
from service.routes import operation_of, route_of
from service.telemetry import LambdaContext, Telemetry

Handler = Callable[[Event, LambdaContext], dict[str, Any]]

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

_SECURITY_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def make_application(telemetry: Telemetry) -> APIGatewayRestResolver:
    """Make a router that answers every failure with a problem document.

    Parameters
    ----------
    telemetry
        Where failures are reported.
    """
    # debug=False: no environment variable may switch on the mode that prints events and answers with
    # tracebacks.
    application = APIGatewayRestResolver(debug=False)

    def fail(error: Exception) -> Response[str]:
        return _failed(error, telemetry=telemetry, event=application.current_event.raw_event)

    def no_route(_: Exception) -> Response[str]:
        return fail(_no_route(application.current_event.raw_event))

    application.exception_handler(Exception)(fail)
    application.not_found(no_route)
    return application


def make_handler(application: APIGatewayRestResolver, telemetry: Telemetry) -> Handler:
    """Make the function that the Lambda runtime calls."""

    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        telemetry.begin(operation=operation_of(event), request_id=_request_id(event), context=context)
        try:
            answer: dict[str, Any] = application.resolve(event, context)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - what leaves here, the runtime would print with its text
            answer = _plain_answer(_failed(error, telemetry=telemetry, event=event))
        telemetry.finish(status=answer["statusCode"])
        return answer

    return handler


def answer_json(status: HTTPStatus, body: str, **headers: str) -> Response[str]:
    """Answer with JSON text."""
    return Response(
        status_code=status, content_type=JSON, body=body, headers={**_SECURITY_HEADERS, **_spelled(headers)}
    )


def answer_nothing() -> Response[str]:
    """Answer 204."""
    return Response(status_code=HTTPStatus.NO_CONTENT, body="", headers=dict(_SECURITY_HEADERS))


def request_id(application: APIGatewayRestResolver) -> str:
    """The id of the running request, as API Gateway's access log has it."""
    return _request_id(application.current_event.raw_event)


def _failed(error: Exception, *, telemetry: Telemetry, event: Event) -> Response[str]:
    problem = problem_of(error, outcome=outcome_of(operation_of(event)))
    if isinstance(error, NotVerified):
        telemetry.integrity_failure(error)
    elif not is_expected(error):
        telemetry.failure(problem, error)
    telemetry.problem(problem)
    headers = dict(_SECURITY_HEADERS)
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.allow is not None:
        headers["Allow"] = problem.allow
    return Response(
        status_code=problem.kind.status,
        content_type=PROBLEM_JSON,
        body=problem_text(problem, request_id=_request_id(event)),
        headers=headers,
    )


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


def _request_id(event: Event) -> str:
    return str((event.get("requestContext") or {}).get("requestId", ""))


def _spelled(headers: dict[str, str]) -> dict[str, str]:
    return {
        "ETag" if name == "etag" else name.replace("_", "-").title(): value for name, value in headers.items()
    }


def _plain_answer(response: Response[str]) -> dict[str, Any]:
    """An answer in API Gateway's form, for where the router itself failed."""
    headers = {**response.headers, "Content-Type": PROBLEM_JSON}
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
    }
