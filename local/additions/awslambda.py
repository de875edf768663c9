"""Lambda: how a function was deployed can be read back, and so can code signing configurations.

Signatures of code are not checked, environments not encrypted, networks and reserved concurrency not applied.
"""

import json
import uuid
from typing import Any
from urllib.parse import unquote

from moto.awslambda import urls
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.ec2.models import ec2_backends

from local.additions.cloudformation import Created, Properties, Where, extend, supply
from local.additions.stack_updates import changeable


def install() -> None:
    """Keep what moto drops from a function's properties, and add code signing configurations."""
    extend(LambdaFunction, _properties)
    changed = ("Environment", "MemorySize", "Timeout", "TracingConfig", "ReservedConcurrentExecutions")
    changeable("AWS::Lambda::Function", *changed, apply=_change)
    original = LambdaFunction.get_configuration

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        configuration = original(self, on_create)
        configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        network = configuration.get("VpcConfig")
        if network and network.get("SubnetIds"):
            subnet = ec2_backends[self.account_id][self.region].get_subnet(network["SubnetIds"][0])
            # moto names a network that does not exist.
            network["VpcId"] = subnet.vpc_id
        return configuration

    LambdaFunction.get_configuration = get_configuration  # type: ignore[method-assign]
    supply(
        "AWS::Lambda::CodeSigningConfig",
        _code_signing,
        attributes=("CodeSigningConfigArn", "CodeSigningConfigId"),
    )
    urls.url_paths[r"{0}/(?P<api_version>[^/]+)/code-signing-configs/(?P<arn>.+)$"] = LambdaResponse.dispatch
    LambdaResponse.get_code_signing_config = get_code_signing_config  # type: ignore[attr-defined]


def _properties(function: LambdaFunction, properties: Properties, _where: Where) -> None:
    if "Architectures" in properties:
        function.architectures = list(properties["Architectures"])
    if "TracingConfig" in properties:
        function.tracing_config = dict(properties["TracingConfig"])
    function.kms_key_arn = properties.get("KmsKeyArn")
    function.code_signing_config_arn = properties.get("CodeSigningConfigArn")
    group = properties.get("LoggingConfig", {}).get("LogGroup")
    if group:
        function.logs_group_name = group


def _change(function: LambdaFunction, properties: Properties, where: Where) -> None:
    names = ("MemorySize", "Timeout")
    function.update_configuration({name: properties[name] for name in names if name in properties})
    function.environment_vars = dict(properties.get("Environment", {}).get("Variables", {}))
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    _properties(function, properties, where)


def _code_signing(properties: Properties, where: Where) -> Created:
    identity = f"csc-{uuid.uuid4().hex[:17]}"
    arn = f"arn:aws:lambda:{where.region}:{where.account}:code-signing-config:{identity}"
    _configurations(lambda_backends[where.account][where.region])[arn] = {
        "CodeSigningConfigId": identity,
        "CodeSigningConfigArn": arn,
        "Description": properties.get("Description", ""),
        "AllowedPublishers": properties["AllowedPublishers"],
        "CodeSigningPolicies": properties.get(
            "CodeSigningPolicies", {"UntrustedArtifactOnDeployment": "Warn"}
        ),
    }
    return Created(arn, {"CodeSigningConfigArn": arn, "CodeSigningConfigId": identity})


def _configurations(backend: LambdaBackend) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("code_signing_configs", {})
    return found


def get_code_signing_config(self: LambdaResponse) -> Any:  # noqa: ANN401 - status, headers, body
    """Answer GetCodeSigningConfig."""
    found = _configurations(self.backend).get(unquote(self.path).rpartition("/")[2])
    if found is None:
        return 404, {"x-amzn-errortype": "ResourceNotFoundException"}, "{}"
    return 200, {}, json.dumps({"CodeSigningConfig": found})
