"""CloudWatch Logs: the key a log group was deployed with can be read back."""

from moto.logs.models import LogGroup

from local.additions.cloudformation import Properties, Where, extend


def install() -> None:
    """Keep the key of a log group."""
    extend(LogGroup, _key)


def _key(group: LogGroup, properties: Properties, _where: Where) -> None:
    group.kms_key_id = properties.get("KmsKeyId")
