"""Glue: databases and tables of the catalog come from templates."""

import json

from moto.glue.models import GlueBackend, glue_backends

from local.additions.cloudformation import Created, Properties, Where, supply


def install() -> None:
    """Add the resource types."""
    supply("AWS::Glue::Database", _database)
    supply("AWS::Glue::Table", _table)


def _backend(where: Where) -> GlueBackend:
    return glue_backends[where.account][where.region]


def _database(properties: Properties, where: Where) -> Created:
    described = dict(properties["DatabaseInput"])
    name = described.get("Name", where.logical_id.lower())
    _backend(where).create_database(name, described)
    return Created(name)


def _table(properties: Properties, where: Where) -> Created:
    described = dict(properties["TableInput"])
    name = described.get("Name", where.logical_id.lower())
    # In the API every parameter is text.
    parameters = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in described.get("Parameters", {}).items()
    }
    _backend(where).create_table(properties["DatabaseName"], name, {**described, "Parameters": parameters})
    return Created(name)
