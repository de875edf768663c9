"""The questions of `sealed audit`: each is a named query of the AuditStack, and its answer a table or JSON.

There is one text of each query, the deployed one. Athena runs it; without Athena DuckDB runs it here, over
the same files.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.session import Session

from client import athena, trailfiles
from client.awsfailures import told
from client.credentials import credentials_of
from client.namedqueries import NamedQuery, find
from client.output import emit, say
from client.problems import Exit, UsageError, printable
from client.tables import print_table, wants_json

Row = Mapping[str, Any]

QUESTIONS = {
    "who-decrypted": "who-decrypted-for-a-tenant",
    "principals": "principals-of-the-envelope-key",
    "denied": "failed-and-denied-decrypts",
    "key-changes": "changes-to-keys-policies-and-grants",
}
_TIME, _DAY = "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d"
# CloudTrail delivers within minutes; a file is filed under the day of its delivery.
_MARGIN = timedelta(days=1)


def run(arguments: argparse.Namespace) -> Exit:
    """Ask the question that stands behind `audit`."""
    until = arguments.until or datetime.now(UTC)
    if arguments.since >= until:
        raise UsageError("--since must be before --until")
    workgroup = arguments.workgroup or os.environ.get("SEALED_AUDIT_WORKGROUP")
    if not workgroup:
        raise UsageError(
            "no workgroup: give --workgroup, or set SEALED_AUDIT_WORKGROUP, to the output AuditWorkGroupName"
        )
    parameters = _parameters(arguments, until=until)
    with told("audit"):
        session = _session(arguments)
        query = find(session, workgroup=workgroup, name=QUESTIONS[arguments.audit_command])
        rows = _ask(arguments, session, query, parameters)
    _print(rows, output=arguments.output)
    if not rows:
        say(
            f"nothing between {arguments.since.strftime(_TIME)} and {until.strftime(_TIME)}; what was done "
            "in the last minutes may not be delivered yet"
        )
    return Exit.OK


def _parameters(arguments: argparse.Namespace, *, until: datetime) -> list[str]:
    days = (arguments.since - _MARGIN, until + _MARGIN)
    times = (arguments.since, until)
    given = [day.strftime(_DAY) for day in days] + [time.strftime(_TIME) for time in times]
    return [*given, arguments.tenant] if arguments.audit_command == "who-decrypted" else given


def _session(arguments: argparse.Namespace) -> Session:
    session = Session(profile=arguments.profile)
    if arguments.region:
        session.set_config_variable("region", arguments.region)
    elif os.environ.get("AWS_REGION"):
        session.set_config_variable("region", os.environ["AWS_REGION"])
    if not session.get_config_variable("region"):
        raise UsageError("no Region: give --region, or set AWS_REGION")
    credentials_of(session)
    return session


def _ask(
    arguments: argparse.Namespace, session: Session, query: NamedQuery, parameters: Sequence[str]
) -> list[Row]:
    engine = arguments.engine or ("files" if os.environ.get("AWS_ENDPOINT_URL") else "athena")
    ask = athena.ask if engine == "athena" else trailfiles.ask
    return list(ask(session, query, parameters))


def _print(rows: Sequence[Row], *, output: str | None) -> None:
    if wants_json(output):
        for row in rows:
            # In ASCII: who calls AWS chooses user agents and the names in contexts.
            emit(json.dumps(row, default=str))
        return
    if not rows:
        return
    columns = _columns_with_content(rows)
    print_table(columns, ([_cell(row[name]) for name in columns] for row in rows))


def _columns_with_content(rows: Sequence[Row]) -> list[str]:
    return [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    # An assumed role's ARN says the account twice; who and which session is what matters in a table.
    return printable(text.rpartition(":assumed-role/")[2] if ":assumed-role/" in text else text)
