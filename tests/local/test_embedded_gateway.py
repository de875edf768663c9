"""What API Gateway does by itself: validation, its own answers, and the mapping of a function's result."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from local.deployed_api import Api, GatewayResponse, Method, Validator
from local.gateway import GatewayError, render
from local.proxy import MalformedResultError, Request, event, response
from local.validation import validate

OBJECTS_ONLY = {"type": "object"}
METHOD = Method(
    resource="/tenants/{tenant}",
    resource_id="r",
    http_method="PUT",
    signed=True,
    function="writer",
    timeout_seconds=29,
    validator=Validator(body=True, parameters=True),
    required_parameters=("method.request.querystring.limit", "method.request.header.If-Match"),
    models={"application/json": OBJECTS_ONLY},
)
API = Api(
    id="api",
    stage="v1",
    account="123456789012",
    binary_media_types=frozenset({"application/octet-stream", "image/*"}),
    methods=(METHOD, replace(METHOD, resource="/tenants/all", http_method="ANY")),
    gateway_responses={},
    access_log_group=None,
    access_log_format="",
)
REQUEST = Request(
    id="id-1",
    method="PUT",
    path="/tenants/acme",
    query="limit=1",
    headers=(("If-Match", '"1"'), ("Content-Type", "application/json")),
    body=b"{}",
    source_ip="127.0.0.1",
    protocol="HTTP/1.1",
)


def refusal(request: Request) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        validate(request, METHOD, path_parameters=frozenset({"tenant"}))
    return caught.value


def test_a_request_with_all_that_is_required_passes() -> None:
    validate(REQUEST, METHOD, path_parameters=frozenset({"tenant"}))


def test_missing_parameters_are_named() -> None:
    error = refusal(replace(REQUEST, query="", headers=()))
    assert error.response_type == "BAD_REQUEST_PARAMETERS"
    assert error.message == "Missing required request parameters: [limit, If-Match]"


@pytest.mark.parametrize("body", [b"[]", b"{", b"", b'"text"', b"[" * 200_000])
def test_a_body_that_does_not_fit_its_model_is_refused(body: bytes) -> None:
    error = refusal(replace(REQUEST, body=body))
    assert (error.response_type, error.status) == ("BAD_REQUEST_BODY", 400)


def test_a_body_of_a_type_without_model_is_not_checked() -> None:
    headers = (("If-Match", "x"), ("Content-Type", "text/plain"))
    validate(replace(REQUEST, headers=headers, body=b"["), METHOD, path_parameters=frozenset())


def test_a_literal_segment_goes_before_a_parameter() -> None:
    literal = API.match("PUT", "/tenants/all")
    assert literal is not None
    assert (literal[0].resource, literal[1]) == ("/tenants/all", {})
    named = API.match("PUT", "/tenants/acme")
    assert named is not None
    assert named[1] == {"tenant": "acme"}
    assert API.match("GET", "/tenants/acme") is None


def test_without_a_deployed_answer_api_gateways_own_is_given() -> None:
    answer = render(GatewayError("THROTTLED", 429, 'Too "many"'), api=API, context={})
    assert (answer.status, json.loads(answer.body)) == (429, {"message": 'Too "many"'})
    assert answer.headers == (("Content-Type", "application/json"),)


def test_a_deployed_answer_goes_before_the_deployed_default() -> None:
    default = GatewayResponse(status=None, templates={"application/json": "default"}, headers={})
    own = GatewayResponse(
        status=418,
        templates={"application/json": '{"id":"$context.requestId","why":$context.error.messageString}'},
        headers={
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Id": "context.requestId",
        },
    )
    api = replace(API, gateway_responses={"DEFAULT_4XX": default, "THROTTLED": own})
    answer = render(GatewayError("THROTTLED", 429, "slow"), api=api, context={"requestId": "id-1"})
    assert (answer.status, json.loads(answer.body)) == (418, {"id": "id-1", "why": "slow"})
    assert answer.headers == (("Content-Type", "application/problem+json"), ("X-Id", "id-1"))
    assert render(GatewayError("ACCESS_DENIED", 403, "no"), api=api, context={}).body == b"default"
    assert render(GatewayError("INTEGRATION_TIMEOUT", 504, "late"), api=api, context={}).status == 504


def sent(request: Request) -> Any:
    return json.loads(event(request, api=API, method=METHOD, parameters={}, caller=None))


def test_a_body_reaches_the_function_as_text_or_as_base64() -> None:
    text = sent(replace(REQUEST, body="é".encode()))
    assert (text["body"], text["isBase64Encoded"]) == ("é", False)
    binary = sent(replace(REQUEST, headers=(("Content-Type", "image/png"),), body=b"\xff"))
    assert (binary["body"], binary["isBase64Encoded"]) == (base64.b64encode(b"\xff").decode(), True)
    assert sent(replace(REQUEST, body=b""))["body"] is None


def test_bytes_that_are_no_text_arrive_as_replacement_characters() -> None:
    assert sent(replace(REQUEST, body=b"\xff"))["body"] == "\ufffd"


@pytest.mark.parametrize(
    "result",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"statusCode": "many"}',
        b'{"statusCode": 42}',
        b'{"statusCode": 200, "body": {}}',
        b'{"statusCode": 200, "cookies": []}',
        b'{"statusCode": 200, "headers": ["a"]}',
    ],
)
def test_a_result_of_another_form_is_no_response(result: bytes) -> None:
    with pytest.raises(MalformedResultError):
        response(result, request=REQUEST, api=API)


def test_a_base64_result_is_decoded_only_for_who_accepts_bytes() -> None:
    result = json.dumps({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}).encode()
    accepting = replace(REQUEST, headers=(("Accept", "application/octet-stream"),))
    assert response(result, request=accepting, api=API).body == b"\xff"
    assert response(result, request=REQUEST, api=API).body == b"/w=="
