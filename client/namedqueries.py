"""The named queries of the AuditStack's workgroup."""

from dataclasses import dataclass
from typing import Any

from botocore.session import Session

from client.problems import NotFoundError


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A named query as it is deployed."""

    name: str
    database: str
    workgroup: str
    sql: str


def find(session: Session, *, workgroup: str, name: str) -> NamedQuery:
    """Return a workgroup's named query.

    Raises
    ------
    NotFoundError
        The workgroup has none of that name.
    """
    athena: Any = session.create_client("athena")
    for page in athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup):
        for query_id in page.get("NamedQueryIds", []):
            found = athena.get_named_query(NamedQueryId=query_id)["NamedQuery"]
            if found["Name"] == name:
                return NamedQuery(name, found["Database"], workgroup, found["QueryString"])
    raise NotFoundError(
        f"the workgroup {workgroup} has no query {name}: where another trail records management events, "
        "cdk.json must name its archive (organization_trail_archive)"
    )
