"""API Gateway: the resource types that moto's CloudFormation lacks, and the properties it drops.

Everything is put where moto's own API reads it, so the front learns the API from ordinary calls.
"""

import json
from typing import Any

from moto.apigateway.models import (
    APIGatewayBackend,
    Deployment,
    Method,
    RestAPI,
    Stage,
    apigateway_backends,
)

from local.additions.cloudformation import Created, Properties, Where, extend, supply, truth

_METHOD_SETTINGS = {
    "ThrottlingBurstLimit": "throttlingBurstLimit",
    "ThrottlingRateLimit": "throttlingRateLimit",
    "MetricsEnabled": "metricsEnabled",
    "LoggingLevel": "loggingLevel",
    "DataTraceEnabled": "dataTraceEnabled",
    "CachingEnabled": "cachingEnabled",
    "CacheDataEncrypted": "cacheDataEncrypted",
}


def install() -> None:
    """Add the resource types and the properties."""
    supply("AWS::ApiGateway::Account", _account, attributes=("Id",))
    supply("AWS::ApiGateway::GatewayResponse", _gateway_response, attributes=("Id",))
    supply("AWS::ApiGateway::Model", _model)
    supply("AWS::ApiGateway::RequestValidator", _request_validator, attributes=("RequestValidatorId",))
    supply("AWS::ApiGateway::Stage", _stage)
    # moto's deployment answers `Ref` with itself, and nothing can print it.
    Deployment.physical_resource_id = property(lambda self: self.id)  # type: ignore[attr-defined]
    extend(RestAPI, _rest_api)
    extend(Method, _method)


def _backend(where: Where) -> APIGatewayBackend:
    return apigateway_backends[where.account][where.region]


def _account(properties: Properties, where: Where) -> Created:
    _backend(where).get_account().cloudwatch_role_arn = properties.get("CloudWatchRoleArn")
    return Created(where.logical_id, {"Id": where.logical_id})


def _gateway_response(properties: Properties, where: Where) -> Created:
    response_type = properties["ResponseType"]
    status = properties.get("StatusCode")
    _backend(where).put_gateway_response(
        properties["RestApiId"],
        response_type,
        status if status is None else int(status),  # type: ignore[arg-type]
        dict(properties.get("ResponseParameters", {})),
        dict(properties.get("ResponseTemplates", {})),
    )
    return Created(response_type, {"Id": response_type})


def _model(properties: Properties, where: Where) -> Created:
    schema = properties.get("Schema", {})
    name = properties.get("Name", where.logical_id)
    _backend(where).create_model(
        rest_api_id=properties["RestApiId"],
        name=name,
        content_type=properties.get("ContentType", "application/json"),
        description=properties.get("Description", ""),
        schema=schema if isinstance(schema, str) else json.dumps(schema),
    )
    return Created(name)


def _request_validator(properties: Properties, where: Where) -> Created:
    validator = _backend(where).create_request_validator(
        restapi_id=properties["RestApiId"],
        name=properties.get("Name", where.logical_id),
        body=truth(properties.get("ValidateRequestBody", False)),
        params=truth(properties.get("ValidateRequestParameters", False)),
    )
    return Created(validator.id, {"RequestValidatorId": validator.id})


def _stage(properties: Properties, where: Where) -> Created:
    name = properties["StageName"]
    stage = _backend(where).create_stage(
        properties["RestApiId"],
        name,
        properties["DeploymentId"],
        variables=dict(properties.get("Variables", {})),
        description=properties.get("Description", ""),
        tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
        tracing_enabled=truth(properties.get("TracingEnabled", False)),
    )
    log = properties.get("AccessLogSetting")
    if log:
        stage.access_log_settings = {"destinationArn": log.get("DestinationArn"), "format": log.get("Format")}
    for setting in properties.get("MethodSettings", []):
        _method_setting(stage, setting)
    return Created(name)


def _method_setting(stage: Stage, setting: Properties) -> None:
    path = setting.get("ResourcePath", "/*").lstrip("/").replace("/", "~1") or "*"
    known = {new: setting[old] for old, new in _METHOD_SETTINGS.items() if old in setting}
    stage.method_settings[f"{path}/{setting.get('HttpMethod', '*')}"] = known


def _rest_api(api: RestAPI, properties: Properties, _where: Where) -> None:
    api.binaryMediaTypes = list(properties.get("BinaryMediaTypes", []))
    api.disableExecuteApiEndpoint = truth(properties.get("DisableExecuteApiEndpoint", False))
    configuration: dict[str, Any] = properties.get("EndpointConfiguration", {})
    if "Types" in configuration:
        api.endpoint_configuration = {"types": list(configuration["Types"])}
        if configuration.get("VpcEndpointIds"):
            api.endpoint_configuration["vpcEndpointIds"] = list(configuration["VpcEndpointIds"])
    if properties.get("Policy"):
        # Kept and not evaluated.
        policy = properties["Policy"]
        api.policy = policy if isinstance(policy, str) else json.dumps(policy)
    if "MinimumCompressionSize" in properties:
        api.minimum_compression_size = int(properties["MinimumCompressionSize"])


def _method(method: Method, properties: Properties, _where: Where) -> None:
    method.authorization_type = properties.get("AuthorizationType", "NONE")
    method.request_parameters = {
        name: truth(required) for name, required in properties.get("RequestParameters", {}).items()
    }
    method.request_models = dict(properties.get("RequestModels", {}))
    method.request_validator_id = properties.get("RequestValidatorId")
    integration = method.method_integration
    if integration is not None and "TimeoutInMillis" in properties.get("Integration", {}):
        integration.timeout_in_millis = properties["Integration"]["TimeoutInMillis"]
