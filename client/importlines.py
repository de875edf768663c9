"""The lines of an import file: read one at a time, checked, and cut into the call that each stands for.

A line is a JSON object: `record` (its id), `data` (the JSON object to store) and, unless the command names
one, `tenant`. `revision` and `updated_at` are ignored, so that what `sealed list` prints can be imported.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from client.jsontext import JsonTextError, members
from client.problems import InvalidLineError

# Lambda takes no larger request, so no line beyond it can be stored, and reading stays bounded.
LARGEST_BODY = 6 * 1024 * 1024
_LARGEST_LINE = LARGEST_BODY + 4096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_KNOWN = frozenset({"tenant", "record", "data", "revision", "updated_at"})
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RECORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_QUOTED_ID = re.compile(r'"([A-Za-z0-9_-]*)"')
_ID_RULE = "letters, digits, '-' and '_', beginning with a letter or digit, at most"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be sent; `data` is the exact text of its JSON object."""

    number: int
    tenant: str
    record: str
    data: bytes = field(repr=False)


def is_tenant_id(text: str) -> bool:
    """Tell whether the API would take `text` as a tenant's id."""
    return _TENANT.fullmatch(text) is not None


def is_record_id(text: str) -> bool:
    """Tell whether the API would take `text` as a record's id."""
    return _RECORD.fullmatch(text) is not None


TENANT_RULE = f"a tenant id has {_ID_RULE} 64"
RECORD_RULE = f"a record id has {_ID_RULE} 128"
OBJECT_RULE = f"an object id has {_ID_RULE} 128"


def without_byte_order_mark(raw: bytes) -> bytes:
    """Return a file's first bytes without the mark that some editors put there."""
    return raw.removeprefix(_BYTE_ORDER_MARK)


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield number (from 1) and bytes of each line that is not blank; None for a line too long to be read."""
    number = 0
    while raw := stream.readline(_LARGEST_LINE):
        number += 1
        if number == 1:
            raw = without_byte_order_mark(raw)
        if len(raw) >= _LARGEST_LINE and not raw.endswith(b"\n"):
            while (rest := stream.readline(_LARGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif raw.strip():
            yield number, raw


def _own_id(found: dict[str, str], name: str) -> str | None:
    """Return the id in a member's text; ids need no escapes, so an escaped one is not an id."""
    text = found.get(name)
    if text is None:
        return None
    match = _QUOTED_ID.fullmatch(text)
    return "" if match is None else match.group(1)


def parse_line(number: int, raw: bytes | None, *, tenant: str | None) -> Line:
    """Check a line and return the call that it stands for.

    Parameters
    ----------
    number
        The line's number, for messages.
    raw
        Its bytes, or None where it is too long.
    tenant
        The tenant of the whole import, or None where each line names its own.

    Raises
    ------
    InvalidLineError
        With the reason, which quotes nothing of the line.
    """
    if raw is None:
        raise InvalidLineError(f"longer than {LARGEST_BODY // (1024 * 1024)} MB, which the API does not take")
    try:
        found = members(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidLineError(f"not UTF-8 at byte {error.start + 1}") from None
    except JsonTextError as error:
        raise InvalidLineError(str(error).replace("line 1 column", "column")) from None
    if not found.keys() <= _KNOWN:
        raise InvalidLineError("has a member other than tenant, record and data")
    record = _own_id(found, "record")
    if record is None:
        raise InvalidLineError("names no record")
    if not is_record_id(record):
        raise InvalidLineError(f"its record is not an id: {RECORD_RULE}")
    return Line(number, _tenant_of(found, tenant=tenant), record, _data_of(found))


def _tenant_of(found: dict[str, str], *, tenant: str | None) -> str:
    own = _own_id(found, "tenant")
    if own is None:
        if tenant is None:
            raise InvalidLineError("names no tenant: give --tenant, or a tenant on each line")
        return tenant
    if not is_tenant_id(own):
        raise InvalidLineError(f"its tenant is not an id: {TENANT_RULE}")
    if tenant is not None and own != tenant:
        raise InvalidLineError("names another tenant than --tenant")
    return own


def _data_of(found: dict[str, str]) -> bytes:
    data = found.get("data")
    if data is None:
        raise InvalidLineError("has no data")
    if not data.startswith("{"):
        raise InvalidLineError("its data is not a JSON object")
    body = data.encode("utf-8")
    if len(body) > LARGEST_BODY:
        raise InvalidLineError("its data is larger than the API takes")
    return body
