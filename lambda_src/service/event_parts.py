"""The parts of an API Gateway event: ids, the path, the query, headers.

Nothing here trusts that API Gateway has checked anything. The raw path must be the plain one that the ids
spell, so that IAM, the access log, CloudTrail and this code can never mean different things by one request.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from service import problems
from service.names import RECORD_ID, TENANT_ID
from service.problems import Problem, ProblemType

Event = Mapping[str, Any]

MAX_LIMIT = 100
DEFAULT_LIMIT = 25

_LIMIT = re.compile(r"[1-9][0-9]{0,2}")


def tenant_id(event: Event) -> str:
    """The id of a tenant in the path."""
    return _id(event, "tenant", form=TENANT_ID, kind=problems.INVALID_TENANT_ID, longest=64)


def record_id(event: Event) -> str:
    """The id of a record in the path."""
    return _id(event, "record", form=RECORD_ID, kind=problems.INVALID_RECORD_ID, longest=128)


def check_path(event: Event, plain: str) -> None:
    """Refuse every path but the plain one."""
    if event.get("path") != plain:
        raise Problem(
            problems.INVALID_PATH,
            "Write the path plainly: no percent-encoding, no further slashes, no dot segments.",
        )


def page_limit(given: Mapping[str, str]) -> int:
    """The number of entries that a page may hold."""
    limit = given.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_LIMIT:
        raise Problem(
            problems.INVALID_PARAMETER,
            f"Give a whole number from 1 to {MAX_LIMIT}.",
            field="limit",
            limit=MAX_LIMIT,
        )
    return int(limit)


def parameters(event: Event, *, known: Sequence[str]) -> dict[str, str]:
    """The parameters of the query, each once; none but the known ones."""
    given: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    read: dict[str, str] = {}
    for name, values in given.items():
        if name.startswith("X-Amz-"):  # a signature in the query
            continue
        if name not in known:
            raise Problem(
                problems.INVALID_PARAMETER,
                f"Send only {', '.join(known)}." if known else "Send no parameter.",
                field=name,
            )
        if len(values) != 1:
            raise Problem(problems.INVALID_PARAMETER, "Send this parameter once.", field=name)
        read[name] = values[0]
    return read


def header(event: Event, name: str) -> str | None:
    """The value of a header, `name` in lower case; several are one list, as HTTP has it."""
    several: Mapping[str, list[str]] = event.get("multiValueHeaders") or {
        given: [value] for given, value in (event.get("headers") or {}).items()
    }
    values = [value for given, entries in several.items() if given.lower() == name for value in entries]
    return ", ".join(values) if values else None


def _id(event: Event, name: str, *, form: re.Pattern[str], kind: ProblemType, longest: int) -> str:
    value = (event.get("pathParameters") or {}).get(name) or ""
    if not form.fullmatch(value):
        raise Problem(
            kind,
            f"Use 1 to {longest} letters, digits, - and _; the first a letter or a digit.",
            field=name,
            limit=longest if len(value) > longest else None,
        )
    return str(value)
