"""Athena: workgroups and named queries come from templates. Queries are kept; nothing runs them."""

from typing import Any

from moto.athena.models import AthenaBackend, athena_backends

from local.additions.cloudformation import Created, Properties, Where, supply, truth
from local.additions.stack_updates import changeable

_SWITCHES = (
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "RequesterPaysEnabled",
    "EnableMinimumEncryptionConfiguration",
)


def install() -> None:
    """Add the resource types."""
    supply("AWS::Athena::WorkGroup", _work_group)
    supply("AWS::Athena::NamedQuery", _named_query, attributes=("NamedQueryId",))
    changeable("AWS::Athena::NamedQuery", "QueryString", apply=_change_query)


def _change_query(supplied: Any, properties: Properties, where: Where) -> None:  # noqa: ANN401
    query = _backend(where).named_queries[supplied.physical_resource_id]
    query.query_string = properties["QueryString"]


def _backend(where: Where) -> AthenaBackend:
    return athena_backends[where.account][where.region]


def _work_group(properties: Properties, where: Where) -> Created:
    configuration: dict[str, Any] = dict(properties.get("WorkGroupConfiguration", {}))
    for name in _SWITCHES:
        if name in configuration:
            configuration[name] = truth(configuration[name])
    if "BytesScannedCutoffPerQuery" in configuration:
        configuration["BytesScannedCutoffPerQuery"] = int(configuration["BytesScannedCutoffPerQuery"])
    name = properties["Name"]
    created = _backend(where).create_work_group(
        name, configuration, properties.get("Description", ""), list(properties.get("Tags", []))
    )
    if created is None:
        message = f"There is an Athena workgroup {name} already."
        raise ValueError(message)
    created.state = properties.get("State", "ENABLED")
    return Created(name)


def _named_query(properties: Properties, where: Where) -> Created:
    query_id = _backend(where).create_named_query(
        name=properties.get("Name", where.logical_id),
        description=properties.get("Description", ""),
        database=properties["Database"],
        query_string=properties["QueryString"],
        workgroup=properties.get("WorkGroup", "primary"),
    )
    return Created(query_id, {"NamedQueryId": query_id})
