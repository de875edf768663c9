"""From an API Gateway event to parsed, frozen input: ids, preconditions, the body, the query.

Nothing here trusts that API Gateway has checked anything. The raw path must be the plain one that the ids
spell, so that IAM, the access log, CloudTrail and this code can never mean different records by one request.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service import problems
from service.json_body import AttributeValue, parse_record
from service.names import RECORD_ID, REVISION, TENANT_ID
from service.problems import Problem, ProblemType

Event = Mapping[str, Any]

#: A record of 400 KB can be longer as JSON: a client that escapes all beyond ASCII makes six bytes of two.
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_LIMIT = 100
DEFAULT_LIMIT = 25

_CONTENT_TYPE = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
_ETAG = re.compile(rf'"({REVISION.pattern})"')
_LIST_PARAMETERS = ("limit", "cursor", "prefix")


@dataclass(frozen=True, slots=True)
class MustBeAbsent:
    """`If-None-Match: *`: only create."""


@dataclass(frozen=True, slots=True)
class MustExist:
    """`If-Match: *`: only replace or delete what is there."""


@dataclass(frozen=True, slots=True)
class MustHaveRevision:
    """`If-Match: "<revision>"`: only replace or delete this revision."""

    revision: str


Precondition = MustBeAbsent | MustExist | MustHaveRevision | None


@dataclass(frozen=True, slots=True)
class RecordPath:
    """The record that a path names."""

    tenant: str
    record: str


@dataclass(frozen=True, slots=True)
class PutRequest:
    """Create or replace one record."""

    path: RecordPath
    data: dict[str, AttributeValue] = field(repr=False)
    precondition: Precondition


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Delete one record."""

    path: RecordPath
    precondition: Precondition


@dataclass(frozen=True, slots=True)
class ListRequest:
    """One page of a tenant's records."""

    tenant: str
    limit: int
    prefix: str
    cursor: str | None


def parse_put(event: Event) -> PutRequest:
    """Parse `PUT /tenants/{tenant}/records/{record}`."""
    path = parse_record_path(event)
    precondition = _precondition(event)
    _check_content_type(event)
    return PutRequest(path=path, data=parse_record(_body_text(event)), precondition=precondition)


def parse_delete(event: Event) -> DeleteRequest:
    """Parse `DELETE /tenants/{tenant}/records/{record}`."""
    path = parse_record_path(event)
    precondition = _precondition(event)
    if isinstance(precondition, MustBeAbsent):
        raise Problem(
            problems.INVALID_PRECONDITION,
            "Leave If-None-Match out: what must be absent cannot be deleted.",
            field="If-None-Match",
        )
    return DeleteRequest(path=path, precondition=precondition)


def parse_list(event: Event) -> ListRequest:
    """Parse `GET /tenants/{tenant}/records`."""
    tenant = parse_tenant_path(event)
    parameters = _parameters(event)
    limit = parameters.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_LIMIT:
        raise Problem(
            problems.INVALID_PARAMETER,
            f"Give a whole number from 1 to {MAX_LIMIT}.",
            field="limit",
            limit=MAX_LIMIT,
        )
    prefix = parameters.get("prefix", "")
    if prefix and not RECORD_ID.fullmatch(prefix):
        raise Problem(
            problems.INVALID_PARAMETER,
            "Give the beginning of a record id: letters, digits, - and _.",
            field="prefix",
        )
    return ListRequest(tenant=tenant, limit=int(limit), prefix=prefix, cursor=parameters.get("cursor"))


def parse_record_path(event: Event) -> RecordPath:
    """Read tenant and record from the path, and refuse any path but the one that they spell."""
    tenant = _id(event, "tenant", form=TENANT_ID, kind=problems.INVALID_TENANT_ID, longest=64)
    record = _id(event, "record", form=RECORD_ID, kind=problems.INVALID_RECORD_ID, longest=128)
    _check_path(event, f"/tenants/{tenant}/records/{record}")
    return RecordPath(tenant=tenant, record=record)


def parse_tenant_path(event: Event) -> str:
    """Read the tenant from the path of a list."""
    tenant = _id(event, "tenant", form=TENANT_ID, kind=problems.INVALID_TENANT_ID, longest=64)
    _check_path(event, f"/tenants/{tenant}/records")
    return tenant


def check_ids(event: Event) -> None:
    """Refuse an id, or a spelling of the path, that no route should see."""
    if "record" in (event.get("pathParameters") or {}):
        parse_record_path(event)
    else:
        parse_tenant_path(event)


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


def _check_path(event: Event, plain: str) -> None:
    if event.get("path") != plain:
        raise Problem(
            problems.INVALID_PATH,
            "Write the path plainly: no percent-encoding, no further slashes, no dot segments.",
        )


def _precondition(event: Event) -> Precondition:
    if_match = _header(event, "if-match")
    if_none_match = _header(event, "if-none-match")
    if if_match is not None and if_none_match is not None:
        raise Problem(
            problems.INVALID_PRECONDITION, "Send If-Match or If-None-Match, not both.", field="If-None-Match"
        )
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise Problem(
                problems.INVALID_PRECONDITION,
                "Send If-None-Match: *, or leave it out.",
                field="If-None-Match",
            )
        return MustBeAbsent()
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return MustExist()
    etag = _ETAG.fullmatch(if_match.strip())
    if etag is None:
        raise Problem(
            problems.INVALID_PRECONDITION,
            "Send the ETag of one answer, unchanged and with its quotes: 32 hexadecimal digits. "
            "Weak tags and lists of tags are not taken.",
            field="If-Match",
        )
    return MustHaveRevision(etag[1])


def _check_content_type(event: Event) -> None:
    content_type = _header(event, "content-type")
    if content_type is None or not _CONTENT_TYPE.fullmatch(content_type.strip()):
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE,
            "Send application/json, in UTF-8 if a charset is named.",
            field="Content-Type",
        )
    if _header(event, "content-encoding") not in (None, "identity"):
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed.", field="Content-Encoding"
        )


def _body_text(event: Event) -> str:
    """The body as text; its size is checked before anything reads it."""
    body = event.get("body") or ""
    encoded = bool(event.get("isBase64Encoded"))
    # Four characters of base64 hold three bytes; a text has at least a byte for each character.
    if len(body) > (MAX_BODY_BYTES * 4 // 3 + 4 if encoded else MAX_BODY_BYTES):
        raise _body_too_large()
    raw = _base64_bytes(body) if encoded else _text_bytes(body)
    if len(raw) > MAX_BODY_BYTES:
        raise _body_too_large()
    text = _utf8_text(raw)
    if text is None:
        raise Problem(problems.INVALID_ENCODING, "Send the JSON text in UTF-8.")
    if not text.strip():
        raise Problem(problems.EMPTY_BODY, "Send a JSON object as the body; {} is an empty record.")
    return text


def _body_too_large() -> Problem:
    return Problem(problems.BODY_TOO_LARGE, f"Send at most {MAX_BODY_BYTES} bytes.", limit=MAX_BODY_BYTES)


def _base64_bytes(body: str) -> bytes:
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise Problem(problems.INVALID_ENCODING, "Send the body as it is: its transfer encoding cannot be read.")


def _text_bytes(body: str) -> bytes:
    # API Gateway hands bytes that are no UTF-8 on as U+FFFD. To store that would be to change the record in
    # silence; who means the character itself can write its escape.
    if "\ufffd" in body:
        raise Problem(
            problems.INVALID_ENCODING, r"Send UTF-8; write the replacement character itself as \ufffd."
        )
    # A lone surrogate in the event itself cannot come from UTF-8; "surrogatepass" lets the decoder below say
    # so.
    return body.encode("utf-8", "surrogatepass")


def _utf8_text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # it keeps the whole body, so it must not travel
        return None


def _parameters(event: Event) -> dict[str, str]:
    given: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    parameters: dict[str, str] = {}
    for name, values in given.items():
        if name.startswith("X-Amz-"):  # a signature in the query
            continue
        if name not in _LIST_PARAMETERS:
            raise Problem(problems.INVALID_PARAMETER, f"Send only {', '.join(_LIST_PARAMETERS)}.", field=name)
        if len(values) != 1:
            raise Problem(problems.INVALID_PARAMETER, "Send this parameter once.", field=name)
        parameters[name] = values[0]
    return parameters


def _header(event: Event, name: str) -> str | None:
    """The value of a header, `name` in lower case; several are one list, as HTTP has it."""
    several: Mapping[str, list[str]] = event.get("multiValueHeaders") or {
        given: [value] for given, value in (event.get("headers") or {}).items()
    }
    values = [value for given, entries in several.items() if given.lower() == name for value in entries]
    return ", ".join(values) if values else None
