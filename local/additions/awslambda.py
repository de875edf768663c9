"""Lambda: architecture, tracing and log group of a deployed function can be read back."""

from typing import Any

from moto.awslambda.models import LambdaFunction

from local.additions.cloudformation import Properties, Where, extend


def install() -> None:
    """Keep what moto drops from a function's properties."""
    extend(LambdaFunction, _properties)
    original = LambdaFunction.get_configuration

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        configuration = original(self, on_create)
        configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        return configuration

    LambdaFunction.get_configuration = get_configuration  # type: ignore[method-assign]


def _properties(function: LambdaFunction, properties: Properties, _where: Where) -> None:
    if "Architectures" in properties:
        function.architectures = list(properties["Architectures"])
    if "TracingConfig" in properties:
        function.tracing_config = dict(properties["TracingConfig"])
    group = properties.get("LoggingConfig", {}).get("LogGroup")
    if group:
        function.logs_group_name = group
