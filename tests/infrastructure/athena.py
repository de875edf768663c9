"""Runs Athena's queries over the tables of a template, on records of CloudTrail, as the client does."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from client import trailfiles

Row = Mapping[str, Any]


def columns(table: Mapping[str, Any]) -> dict[str, str]:
    """Names and types of a table's columns, partitions too."""
    return trailfiles.columns(table["TableInput"])


def run(
    sql: str,
    *,
    parameters: Sequence[str],
    table: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    work: Path,
) -> list[Row]:
    """What a query finds in a table that holds these records."""
    return list(
        trailfiles.run(sql, parameters=parameters, table=table["TableInput"], records=records, work=work)
    )
