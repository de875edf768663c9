"""Runs a named query here, over the trail's files: sqlglot reads it as Athena does, DuckDB runs it.

Columns have the types of the deployed table, so that a query which names what the table lacks fails. It needs
the packages of the extra `audit`.
"""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.session import Session

from client.namedqueries import NamedQuery
from client.problems import UsageError

Record = Mapping[str, Any]
Table = Mapping[str, Any]

_FROM = re.compile(r"^FROM (\w+)$", re.MULTILINE)
_PLACE = re.compile(r"s3://([^/]+)/(.*)")


def ask(session: Session, query: NamedQuery, parameters: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Read the files of the days that the first two parameters name, and run the query over them."""
    (name,) = _FROM.findall(query.sql)
    glue: Any = session.create_client("glue")
    table = glue.get_table(DatabaseName=query.database, Name=name)["Table"]
    records = _records(session.create_client("s3"), table, first=parameters[0], last=parameters[1])
    with TemporaryDirectory() as folder:
        yield from run(query.sql, parameters=parameters, table=table, records=records, work=Path(folder))


def run(
    sql: str, *, parameters: Sequence[str], table: Table, records: Iterable[Record], work: Path
) -> Iterator[Mapping[str, Any]]:
    """Run a query over records of CloudTrail, in a table as Glue describes it.

    Parameters
    ----------
    work
        A folder for the records.
    """
    duckdb = _duckdb()
    file = work / "records.json"
    with file.open("w", encoding="utf-8") as lines:
        for record in records:
            lines.write(json.dumps(stored(record, table=table)) + "\n")
    types = {name: _type_here(kind) for name, kind in columns(table).items()}
    with duckdb.connect() as database:
        database.execute(
            f"CREATE TABLE {table['Name']} AS "  # noqa: S608 - the deployed table's own name
            f"SELECT * FROM read_json(?, columns = {types!r}, format = 'newline_delimited')",
            [str(file)],
        )
        found = database.execute(translated(sql), list(parameters))
        names = [column[0] for column in found.description or ()]
        for row in found.fetchall():
            yield dict(zip(names, row, strict=True))


def columns(table: Table) -> dict[str, str]:
    """Names and types of a table's columns, partitions too."""
    every = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
    return {column["Name"]: column["Type"] for column in every}


def translated(sql: str) -> str:
    """Write a query of Athena's for DuckDB."""
    sqlglot = _sqlglot()
    expressions = sqlglot.exp
    tree = sqlglot.parse_one(sql, read="athena")
    for call in list(tree.find_all(expressions.Anonymous)):
        # DuckDB has no any_match; like Trino's, this is null where there is no array.
        if call.name.lower() != "any_match":
            raise UsageError(f"the query uses {call.name}, which only Athena has: give --engine athena")
        kept = expressions.Anonymous(this="list_filter", expressions=call.expressions)
        length = expressions.Anonymous(this="len", expressions=[kept])
        call.replace(expressions.GT(this=length, expression=expressions.Literal.number(0)))
    return str(tree.sql(dialect="duckdb"))


def stored(record: Record, *, table: Table) -> dict[str, Any]:
    """A record as the table shows it: names in small letters, what has no type of its own as JSON text."""
    lower = {name.lower(): value for name, value in record.items()}
    row: dict[str, Any] = {}
    for name, kind in columns(table).items():
        value = lower.get(name)
        if kind != "string":
            row[name] = _lowered(value)
        elif value is not None:
            row[name] = value if isinstance(value, str) else json.dumps(value)
    return {**row, "region": record["awsRegion"], "day": record["eventTime"][:10].replace("-", "/")}


def _records(s3: Any, table: Table, *, first: str, last: str) -> Iterator[Record]:  # noqa: ANN401
    """Yield the records in the files of some days, of every Region that has any."""
    place = _PLACE.fullmatch(table["StorageDescriptor"]["Location"])
    if place is None:
        raise UsageError(f"the table {table['Name']} does not say where its files are")
    bucket, prefix = place[1], place[2]
    day = re.compile(re.escape(prefix) + r"[a-z0-9-]+/([0-9]{4}/[0-9]{2}/[0-9]{2})/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            filed = day.match(entry["Key"])
            if filed is None or not first <= filed[1] <= last:
                continue
            content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            yield from json.loads(gzip.decompress(content))["Records"]


def _type_here(kind: str) -> str:
    """Write a type of Hive's in DuckDB's words."""
    return str(_sqlglot().exp.DataType.build(kind, dialect="hive").sql(dialect="duckdb"))


def _lowered(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case dict():
            return {name.lower(): _lowered(inner) for name, inner in value.items()}
        case list():
            return [_lowered(inner) for inner in value]
        case _:
            return value


def _duckdb() -> Any:  # noqa: ANN401 - a module
    try:
        import duckdb  # noqa: PLC0415 - only who reads files here needs it
    except ImportError:
        raise _missing() from None
    return duckdb


def _sqlglot() -> Any:  # noqa: ANN401 - a module
    try:
        import sqlglot  # noqa: PLC0415
    except ImportError:
        raise _missing() from None
    return sqlglot


def _missing() -> UsageError:
    return UsageError("reading files here needs duckdb and sqlglot: pip install 'sealed-records[audit]'")
