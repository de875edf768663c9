"""From an API Gateway event to what is asked about branch keys, parsed and frozen.

What must stay true: a query is taken whole or refused, so that a misspelled parameter of a deletion never
passes for one that is absent; a deletion names its tenant twice.
"""

from dataclasses import dataclass

from service import problems
from service.body_text import body_text, check_content_type
from service.configuration import KEY_ARN
from service.event_parts import Event, check_path, page_limit, parameters, tenant_id
from service.json_body import parse_record
from service.problems import Problem

#: Of the body of a move: one key ARN, with room for blanks and escapes.
MAX_BODY_BYTES = 4096

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class BranchKeyListRequest:
    """One page of the tenants' branch keys."""

    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Wrap a tenant's branch key under another KMS key."""

    tenant: str
    to: str


@dataclass(frozen=True, slots=True)
class ShredRequest:
    """Shred a tenant's branch key, and delete what does not hang on it where that is asked for."""

    tenant: str
    delete_records: bool
    cursor: str | None


def parse_branch_key_list(event: Event) -> BranchKeyListRequest:
    """Parse `GET /branch-keys`."""
    parse_collection_path(event)
    given = parameters(event, known=("limit", "cursor"))
    return BranchKeyListRequest(limit=page_limit(given), cursor=given.get("cursor"))


def parse_branch_key(event: Event) -> str:
    """Parse `PUT` and `GET /branch-keys/{tenant}`."""
    tenant = parse_branch_key_path(event)
    parameters(event, known=())
    return tenant


def parse_rotation(event: Event) -> str:
    """Parse `POST /branch-keys/{tenant}/versions`."""
    tenant = parse_versions_path(event)
    parameters(event, known=())
    return tenant


def parse_move(event: Event) -> MoveRequest:
    """Parse `POST /branch-keys/{tenant}/moves`."""
    tenant = parse_moves_path(event)
    parameters(event, known=())
    check_content_type(event)
    members = parse_record(body_text(event, limit=MAX_BODY_BYTES))
    to = members.pop("to", {}).get("S", "")
    if not KEY_ARN.fullmatch(to):
        raise Problem(
            problems.INVALID_PARAMETER,
            "Give the full ARN of a KMS key (arn:aws:kms:...:key/...), not an alias.",
            field="/to",
        )
    if members:
        raise Problem(problems.INVALID_PARAMETER, "Send only the member to.", field=f"/{min(members)}")
    return MoveRequest(tenant=tenant, to=to)


def parse_shred(event: Event) -> ShredRequest:
    """Parse `DELETE /branch-keys/{tenant}`."""
    tenant = parse_branch_key_path(event)
    given = parameters(event, known=("confirm", "delete-records", "cursor"))
    delete_records = _TRUTH.get(given.get("delete-records", "false"))
    if delete_records is None:
        raise Problem(problems.INVALID_PARAMETER, "Give true or false.", field="delete-records")
    if given.get("confirm") != tenant:
        raise Problem(
            problems.CONFIRMATION_MISSING,
            "Repeat the tenant's id as the parameter confirm: shredding cannot be undone.",
            field="confirm",
        )
    return ShredRequest(tenant=tenant, delete_records=delete_records, cursor=given.get("cursor"))


def parse_collection_path(event: Event) -> None:
    """Refuse any path but that of the list."""
    check_path(event, "/branch-keys")


def parse_branch_key_path(event: Event) -> str:
    """Read the tenant from the path of its branch key."""
    return _tenant(event, below="")


def parse_versions_path(event: Event) -> str:
    """Read the tenant from the path of its branch key's versions."""
    return _tenant(event, below="/versions")


def parse_moves_path(event: Event) -> str:
    """Read the tenant from the path of its branch key's moves."""
    return _tenant(event, below="/moves")


def _tenant(event: Event, *, below: str) -> str:
    tenant = tenant_id(event)
    check_path(event, f"/branch-keys/{tenant}{below}")
    return tenant
