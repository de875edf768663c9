"""The REST API as it was deployed: read back from the emulator, not from our own idea of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.clients import Clients

_FUNCTION_IN_URI = re.compile(r":lambda:path/2015-03-31/functions/(arn:[^/]+)/invocations$")
_INTEGRATION_LIMIT_MS = 29_000


class UnsupportedApiError(Exception):
    """The deployed API has something that the embedded AWS cannot serve; the message names it."""


@dataclass(frozen=True, slots=True)
class Validator:
    """What is checked of a request before the function sees it."""

    body: bool = False
    parameters: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one resource."""

    resource: str
    resource_id: str
    http_method: str
    signed: bool
    function: str
    timeout_seconds: float
    validator: Validator
    required_parameters: tuple[str, ...]
    models: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """A customised answer of API Gateway itself."""

    status: int | None
    templates: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Api:
    """A deployed stage of a REST API."""

    id: str
    stage: str
    account: str
    binary_media_types: frozenset[str]
    methods: tuple[Method, ...]
    gateway_responses: Mapping[str, GatewayResponse]
    access_log_group: str | None
    access_log_format: str
    policy: str | None = None

    def match(self, http_method: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """Return the method that serves a raw path below the stage, with the decoded path parameters.

        A literal segment goes before a parameter, and a named method before ANY, as in API Gateway.
        """
        found = [
            (method, parameters)
            for method in self.methods
            if method.http_method in (http_method, "ANY")
            and (parameters := _parameters(method.resource, path)) is not None
        ]
        return min(found, key=lambda pair: (len(pair[1]), pair[0].http_method == "ANY"), default=None)


def read(clients: Clients, *, api_id: str, stage_name: str, account: str) -> Api:
    """Read a deployed REST API.

    Raises
    ------
    UnsupportedApiError
        If a method has another integration than a Lambda proxy.
    """
    client = clients.client("apigateway")
    stage = client.get_stage(restApiId=api_id, stageName=stage_name)
    resources = client.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]
    validators = {
        item["id"]: Validator(
            item.get("validateRequestBody", False), item.get("validateRequestParameters", False)
        )
        for item in client.get_request_validators(restApiId=api_id)["items"]
    }
    models = {
        item["name"]: json.loads(item.get("schema") or "{}")
        for item in client.get_models(restApiId=api_id)["items"]
    }
    log = stage.get("accessLogSettings", {})
    rest_api = client.get_rest_api(restApiId=api_id)
    return Api(
        id=api_id,
        stage=stage_name,
        account=account,
        binary_media_types=frozenset(rest_api.get("binaryMediaTypes", [])),
        methods=tuple(
            _method(resource, method, validators=validators, models=models)
            for resource in resources
            for method in resource.get("resourceMethods", {}).values()
        ),
        gateway_responses={
            item["responseType"]: GatewayResponse(
                status=int(item["statusCode"]) if item.get("statusCode") else None,
                templates=item.get("responseTemplates", {}),
                headers=item.get("responseParameters", {}),
            )
            for item in client.get_gateway_responses(restApiId=api_id)["items"]
        },
        access_log_group=log["destinationArn"].split(":log-group:")[1].removesuffix(":*") if log else None,
        access_log_format=log.get("format", ""),
        policy=rest_api.get("policy"),
    )


def _method(
    resource: Mapping[str, Any],
    method: Mapping[str, Any],
    *,
    validators: Mapping[str, Validator],
    models: Mapping[str, Mapping[str, Any]],
) -> Method:
    integration = method.get("methodIntegration", {})
    function = _FUNCTION_IN_URI.search(integration.get("uri", ""))
    name = f"{method['httpMethod']} {resource['path']}"
    if integration.get("type") != "AWS_PROXY" or function is None:
        message = f"{name} is integrated by {integration.get('type')}; only Lambda proxies are served here."
        raise UnsupportedApiError(message)
    if method["authorizationType"] not in ("NONE", "AWS_IAM"):
        message = (
            f"{name} is authorized by {method['authorizationType']}; only AWS_IAM and NONE are served here."
        )
        raise UnsupportedApiError(message)
    if "+}" in resource["path"]:
        message = f"{name} has a greedy path parameter; only parameters of one segment are served here."
        raise UnsupportedApiError(message)
    return Method(
        resource=resource["path"],
        resource_id=resource["id"],
        http_method=method["httpMethod"],
        signed=method["authorizationType"] == "AWS_IAM",
        function=function[1].rpartition(":function:")[2],
        timeout_seconds=int(integration.get("timeoutInMillis") or _INTEGRATION_LIMIT_MS) / 1000,
        validator=validators.get(method.get("requestValidatorId", ""), Validator()),
        required_parameters=tuple(
            parameter for parameter, required in method.get("requestParameters", {}).items() if required
        ),
        models={
            media: models[model]
            for media, model in method.get("requestModels", {}).items()
            if model in models
        },
    )


def _parameters(template: str, path: str) -> dict[str, str] | None:
    """Match a raw path against a resource's path; every parameter takes exactly one segment."""
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    parameters = {}
    for expected, segment in zip(wanted, given, strict=True):
        if expected.startswith("{") and segment:
            parameters[expected.strip("{}")] = unquote(segment)
        elif expected != unquote(segment):
            return None
    return parameters
