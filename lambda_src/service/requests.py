"""From an API Gateway event to what is asked about records, parsed and frozen: ids, conditions, the body."""

import re
from dataclasses import dataclass, field

from service import problems
from service.body_text import body_text, check_content_type
from service.event_parts import Event, check_path, header, page_limit, parameters, record_id, tenant_id
from service.json_body import AttributeValue, parse_record
from service.names import RECORD_ID, REVISION
from service.object_pointers import check_object_pointers
from service.problems import Problem

#: A record of 400 KB can be longer as JSON: a client that escapes all beyond ASCII makes six bytes of two.
MAX_BODY_BYTES = 2 * 1024 * 1024

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
    check_content_type(event)
    data = parse_record(body_text(event, limit=MAX_BODY_BYTES))
    check_object_pointers(data, tenant=path.tenant)
    return PutRequest(path=path, data=data, precondition=precondition)


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
    given = parameters(event, known=_LIST_PARAMETERS)
    limit = page_limit(given)
    prefix = given.get("prefix", "")
    if prefix and not RECORD_ID.fullmatch(prefix):
        raise Problem(
            problems.INVALID_PARAMETER,
            "Give the beginning of a record id: letters, digits, - and _.",
            field="prefix",
        )
    return ListRequest(tenant=tenant, limit=limit, prefix=prefix, cursor=given.get("cursor"))


def parse_record_path(event: Event) -> RecordPath:
    """Read tenant and record from the path, and refuse any path but the one that they spell."""
    tenant, record = tenant_id(event), record_id(event)
    check_path(event, f"/tenants/{tenant}/records/{record}")
    return RecordPath(tenant=tenant, record=record)


def parse_tenant_path(event: Event) -> str:
    """Read the tenant from the path of a list."""
    tenant = tenant_id(event)
    check_path(event, f"/tenants/{tenant}/records")
    return tenant


def _precondition(event: Event) -> Precondition:
    if_match = header(event, "if-match")
    if_none_match = header(event, "if-none-match")
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
