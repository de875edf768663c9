"""The API of branch keys as six calls.

Each may be made again; where that leaves a doubt, the error says so.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from client.api import Answer, RecordsApi
from client.problems import UnexpectedAnswerError

Document = Mapping[str, Any]

_PATH = "/branch-keys"
_CREATED = "An earlier attempt of this call got no answer and may have created it: describe it."
_CHANGED = (
    "An earlier attempt of this call got no answer and may have done this itself: describe the branch key."
)


def create(api: RecordsApi, tenant: str) -> Document:
    """Create a tenant's branch key."""
    return _document(api.call("PUT", f"{_PATH}/{tenant}", expected=(201,), doubt=_CREATED))


def describe(api: RecordsApi, tenant: str) -> Document:
    """Read versions and KMS keys of a tenant's branch key."""
    return _document(api.call("GET", f"{_PATH}/{tenant}", expected=(200,)))


def page(api: RecordsApi, *, limit: int | None = None, cursor: str | None = None) -> Document:
    """Read a page of all branch keys."""
    query = _query({"limit": None if limit is None else str(limit), "cursor": cursor})
    return _document(api.call("GET", f"{_PATH}{query}", expected=(200,)))


def rotate(api: RecordsApi, tenant: str) -> Document:
    """Make a new version of a tenant's branch key."""
    return _document(api.call("POST", f"{_PATH}/{tenant}/versions", expected=(201,), doubt=_CHANGED))


def move(api: RecordsApi, tenant: str, *, to: str) -> Document:
    """Wrap as much of a tenant's branch key under another KMS key as one call has time for."""
    return _document(
        api.call(
            "POST",
            f"{_PATH}/{tenant}/moves",
            expected=(200,),
            headers={"Content-Type": "application/json"},
            body=json.dumps({"to": to}).encode(),
            doubt=_CHANGED,
        )
    )


def shred(api: RecordsApi, tenant: str, *, delete_records: bool, cursor: str | None) -> Document:
    """Shred a tenant's branch key, or count on: then the answer's state is `counting`."""
    wanted = {"confirm": tenant, "delete-records": "true" if delete_records else None, "cursor": cursor}
    return _document(
        api.call("DELETE", f"{_PATH}/{tenant}{_query(wanted)}", expected=(200, 202), doubt=_CHANGED)
    )


def _query(wanted: Mapping[str, str | None]) -> str:
    query = urlencode({name: value for name, value in wanted.items() if value}, quote_via=quote, safe="")
    return f"?{query}" if query else ""


def _document(answer: Answer) -> Document:
    try:
        document = json.loads(answer.text())
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswerError("the answer is not a JSON object: is --endpoint the address of this API?")
    return document
