"""Runs Athena's queries: over the tables of a template, on records of CloudTrail, in DuckDB.

sqlglot reads the query as Athena does and writes it for DuckDB. Columns have the types of the template, so a
query that names a column or a member of a struct that the tables lack fails.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

Row = dict[str, Any]


def columns(table: dict[str, Any]) -> dict[str, str]:
    """Names and types of a table's columns, partitions too."""
    made = table["TableInput"]
    every = [*made["StorageDescriptor"]["Columns"], *made["PartitionKeys"]]
    return {column["Name"]: column["Type"] for column in every}


def run(
    sql: str,
    *,
    parameters: Sequence[str],
    table: dict[str, Any],
    records: Iterable[dict[str, Any]],
    work: Path,
) -> list[Row]:
    """What a query finds in a table that holds these records."""
    types = {name: duckdb_type(kind) for name, kind in columns(table).items()}
    rows = [stored(record, table=table) for record in records]
    file = work / "records.json"
    file.write_text("\n".join(map(json.dumps, rows)))
    with duckdb.connect() as database:
        database.execute(
            f"CREATE TABLE {table['TableInput']['Name']} AS "  # noqa: S608 - the template's own name
            f"SELECT * FROM read_json(?, columns = {types!r}, format = 'newline_delimited')",
            [str(file)],
        )
        found = database.execute(translated(sql), list(parameters))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def translated(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read="athena")
    for call in list(tree.find_all(exp.Anonymous)):
        # DuckDB has no any_match; like Trino's, this is null where there is no array.
        assert call.name.lower() == "any_match", call.name
        kept = exp.Anonymous(this="list_filter", expressions=call.expressions)
        call.replace(
            exp.GT(this=exp.Anonymous(this="len", expressions=[kept]), expression=exp.Literal.number(0))
        )
    return tree.sql(dialect="duckdb")


def duckdb_type(kind: str) -> str:
    """A type of Hive's in DuckDB's words."""
    parsed = exp.DataType.build(kind, dialect="hive")
    return parsed.sql(dialect="duckdb")


def stored(record: dict[str, Any], *, table: dict[str, Any]) -> Row:
    """A record as the table shows it: names in small letters, what has no type of its own as JSON text."""
    lower = {name.lower(): value for name, value in record.items()}
    row: Row = {}
    for name, kind in columns(table).items():
        value = lower.get(name)
        if kind != "string":
            row[name] = lowered(value)
        elif value is not None:
            row[name] = value if isinstance(value, str) else json.dumps(value)
    return {**row, "region": record["awsRegion"], "day": record["eventTime"][:10].replace("-", "/")}


def lowered(value: Any) -> Any:
    match value:
        case dict():
            return {name.lower(): lowered(inner) for name, inner in value.items()}
        case list():
            return [lowered(inner) for inner in value]
        case _:
            return value
