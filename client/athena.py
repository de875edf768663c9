"""Runs a named query in Athena.

Source: Athena API Reference, "StartQueryExecution", "GetQueryResults"; User Guide, "Using parameterized
queries".
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.session import Session

from client.display import display_on
from client.namedqueries import NamedQuery
from client.problems import UnavailableError, printable

_PAUSE_SECONDS = 0.5
_LONGEST_SECONDS = 1800.0
_ENDED_BADLY = ("FAILED", "CANCELLED")


def ask(session: Session, query: NamedQuery, parameters: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Run a query, wait for it, and yield its rows.

    Raises
    ------
    UnavailableError
        It failed, was cancelled, or did not end within half an hour.
    """
    athena: Any = session.create_client("athena")
    started = athena.start_query_execution(
        QueryString=query.sql,
        QueryExecutionContext={"Database": query.database},
        WorkGroup=query.workgroup,
        ExecutionParameters=[literal(parameter) for parameter in parameters],
    )["QueryExecutionId"]
    _wait(athena, started)
    yield from _rows(athena, started)


def literal(parameter: str) -> str:
    """Write a parameter as Athena takes it: a literal of SQL."""
    escaped = parameter.replace("'", "''")
    return f"'{escaped}'"


def _wait(athena: Any, started: str) -> None:  # noqa: ANN401 - botocore's client
    ends = time.monotonic() + _LONGEST_SECONDS
    with display_on(name="Athena", total=None, unit="looks") as display:
        while True:
            status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in _ENDED_BADLY:
                why = printable(str(status.get("StateChangeReason", "it does not say why")))
                raise UnavailableError(f"Athena: the query {status['State'].lower()}: {why}")
            if time.monotonic() > ends:
                athena.stop_query_execution(QueryExecutionId=started)
                raise UnavailableError("Athena: the query did not end within half an hour and was stopped")
            display.advance(failed=0)
            time.sleep(_PAUSE_SECONDS)


def _rows(athena: Any, started: str) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    header: list[str] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=started):
        for row in page["ResultSet"]["Rows"]:
            values = [cell.get("VarCharValue") for cell in row["Data"]]
            if not header:
                # The first row of the first page names the columns.
                header = [str(name) for name in values]
                continue
            yield dict(zip(header, values, strict=True))
