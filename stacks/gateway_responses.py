"""What API Gateway itself answers when a request reaches no function: problem documents like the functions'.

Nothing of the request is quoted. A slug that the functions know too (lambda_src/service/problems.py) means
the same here.
"""

import json
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of API Gateway's own answers; `status` None: API Gateway chooses it, and the document has none."""

    kind: apigateway.ResponseType
    status: int | None
    slug: str
    title: str
    detail: str
    retry_after: int | None = None


ANSWERS = (
    Answer(
        kind=apigateway.ResponseType.ACCESS_DENIED,
        status=403,
        slug="access-denied",
        title="The caller may not do this",
        detail="The caller needs the policy for this verb, and the tag 'tenant' with the tenant in the path.",
    ),
    Answer(
        kind=apigateway.ResponseType.WAF_FILTERED,
        status=403,
        slug="refused-by-firewall",
        title="The firewall refused the request",
        detail="Check path and query; an address that sends too many requests is let in again minutes later.",
    ),
    Answer(
        kind=apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN,
        status=403,
        slug="not-signed",
        title="The request is not signed, or there is nothing at this path",
        detail="Sign the request with SigV4 for the service execute-api, and check its method and path.",
    ),
    Answer(
        kind=apigateway.ResponseType.INVALID_SIGNATURE,
        status=403,
        slug="invalid-signature",
        title="The request's signature does not verify",
        detail="Sign exactly what is sent, for the service execute-api and this Region, and check the clock.",
    ),
    Answer(
        kind=apigateway.ResponseType.EXPIRED_TOKEN,
        status=403,
        slug="expired-credentials",
        title="The caller's credentials have expired",
        detail="Get new credentials and send the request again.",
    ),
    Answer(
        kind=apigateway.ResponseType.BAD_REQUEST_PARAMETERS,
        status=400,
        slug="invalid-parameter",
        title="A parameter is not valid",
        detail="Give the path its tenant and record, and parameters their documented form.",
    ),
    Answer(
        kind=apigateway.ResponseType.RESOURCE_NOT_FOUND,
        status=404,
        slug="no-such-route",
        title="There is nothing at this path",
        detail="Check the path: records are at /tenants/{tenant}/records/{record}.",
    ),
    Answer(
        kind=apigateway.ResponseType.REQUEST_TOO_LARGE,
        status=413,
        slug="body-too-large",
        title="The body is too large",
        detail="Send a smaller record: encrypted, it must fit into 400 KB.",
    ),
    Answer(
        kind=apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE,
        status=415,
        slug="unsupported-media-type",
        title="The content type is not application/json",
        detail="Send the record as JSON with the header 'Content-Type: application/json'.",
    ),
    Answer(
        kind=apigateway.ResponseType.THROTTLED,
        status=429,
        slug="throttled",
        title="Too many requests",
        detail="Send the request again after the seconds in Retry-After.",
        retry_after=1,
    ),
    Answer(
        kind=apigateway.ResponseType.INTEGRATION_TIMEOUT,
        status=504,
        slug="timeout",
        title="The service did not answer in time",
        detail="Before you repeat a write, read the record: it may have been stored.",
    ),
    Answer(
        kind=apigateway.ResponseType.DEFAULT_4_XX,
        status=None,
        slug="refused",
        title="The request was refused",
        detail="Check the request; its status says in what way it is wrong.",
    ),
    Answer(
        kind=apigateway.ResponseType.DEFAULT_5_XX,
        status=None,
        slug="internal-error",
        title="The service made an error",
        detail="Send the request again later; tell the operator the request id if it persists.",
    ),
)


def document(answer: Answer) -> str:
    """The problem document as API Gateway's template; it puts in the request's id."""
    members = {
        "type": f"urn:sealed-records:problem:{answer.slug}",
        "title": answer.title,
        "status": answer.status,
        "detail": answer.detail,
        "request_id": "$context.requestId",
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})


def add_problem_documents(api: apigateway.RestApi) -> None:
    """Give `api` every answer of the list."""
    for answer in ANSWERS:
        headers = {"Content-Type": "'application/problem+json'"}
        if answer.retry_after is not None:
            headers["Retry-After"] = f"'{answer.retry_after}'"
        api.add_gateway_response(
            "".join(part.capitalize() for part in answer.kind.response_type.split("_")),
            type=answer.kind,
            status_code=None if answer.status is None else str(answer.status),
            response_headers=headers,
            templates={"application/json": document(answer)},
        )
