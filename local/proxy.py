"""API Gateway's Lambda proxy contract of REST APIs: from request to event, from result to response."""

import base64
import binascii
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from local.deployed_api import Api, Method
from local.signature import Caller

# The front takes the signature away from what it has checked: a function has no use for it.
_NOT_PASSED_ON = frozenset({"authorization", "x-amz-security-token"})
_FIRST_STATUS, _LAST_STATUS = 100, 599


class MalformedResultError(Exception):
    """A function returned what API Gateway cannot make a response of."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back to the client."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A request below the stage: path and query as sent, headers in the order they came."""

    id: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str
    protocol: str

    def header(self, name: str) -> str | None:
        """Return the last value of a header."""
        values = [value for key, value in self.headers if key.lower() == name]
        return values[-1] if values else None


def event(
    request: Request, *, api: Api, method: Method, parameters: Mapping[str, str], caller: Caller | None
) -> bytes:
    """Return the event a function gets for a request."""
    headers = [(name, value) for name, value in request.headers if name.lower() not in _NOT_PASSED_ON]
    query = query_parameters(request.query)
    binary = _is_binary(request.header("content-type"), api.binary_media_types)
    body = base64.b64encode(request.body).decode() if binary else request.body.decode("utf-8", "replace")
    now = time.time()
    content = {
        "resource": method.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _grouped(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query),
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": method.resource_id,
            "resourcePath": method.resource,
            "httpMethod": request.method,
            "requestId": request.id,
            "extendedRequestId": request.id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "path": f"/{api.stage}{request.path}",
            "accountId": api.account,
            "protocol": request.protocol,
            "stage": api.stage,
            "apiId": api.id,
            "domainName": request.header("host"),
            "identity": {
                "cognitoIdentityPoolId": None,
                "cognitoIdentityId": None,
                "principalOrgId": None,
                "accountId": caller.account if caller else None,
                "accessKey": caller.access_key_id if caller else None,
                "caller": caller.unique_id if caller else None,
                "user": caller.unique_id if caller else None,
                "userArn": caller.arn if caller else None,
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent"),
            },
        },
        "body": body if request.body else None,
        "isBase64Encoded": bool(request.body) and binary,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def response(result: bytes, *, request: Request, api: Api) -> Response:
    """Make a response of a function's result.

    Raises
    ------
    MalformedResultError
        If the result is not of the form that the proxy contract gives.
    """
    try:
        content = json.loads(result)
    except ValueError as error:
        raise MalformedResultError from error
    if not isinstance(content, dict) or not set(content) <= {
        "statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"
    }:  # fmt: skip
        raise MalformedResultError
    body = content.get("body")
    if not isinstance(body, str | None):
        raise MalformedResultError
    headers = _response_headers(content)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    if content.get("isBase64Encoded") and _is_binary(request.header("accept"), api.binary_media_types):
        return Response(_status(content), tuple(headers), _decoded(body or ""))
    return Response(_status(content), tuple(headers), (body or "").encode())


def query_parameters(query: str) -> list[tuple[str, str]]:
    """Decode a query string; an empty value stays."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]] | None:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        groups[name].append(value)
    return dict(groups) or None


def _is_binary(media_types: str | None, binary: frozenset[str]) -> bool:
    """Tell whether the first named media type is one that the API treats as bytes."""
    first = (media_types or "").split(",")[0].split(";")[0].strip().lower()
    return "*/*" in binary or first in binary or f"{first.partition('/')[0]}/*" in binary


def _status(content: Mapping[str, Any]) -> int:
    try:
        status = int(content["statusCode"])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedResultError from error
    if not _FIRST_STATUS <= status <= _LAST_STATUS:
        raise MalformedResultError
    return status


def _response_headers(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    single, multiple = content.get("headers") or {}, content.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedResultError
    headers = [(name, str(value)) for name, values in multiple.items() for value in values]
    names = {name for name, _ in headers}
    return headers + [(name, str(value)) for name, value in single.items() if name not in names]


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedResultError from error
