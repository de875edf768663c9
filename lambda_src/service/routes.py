"""The paths of the API: which operations each knows, and how its ids are checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.event_parts import Event
from service.requests import parse_record_path, parse_tenant_path
from service.tenant_requests import (
    parse_branch_key_path,
    parse_collection_path,
    parse_moves_path,
    parse_versions_path,
)

COLLECTION = "/tenants/{tenant}/records"
RECORD = "/tenants/{tenant}/records/{record}"
BRANCH_KEYS = "/branch-keys"
BRANCH_KEY = "/branch-keys/{tenant}"
VERSIONS = "/branch-keys/{tenant}/versions"
MOVES = "/branch-keys/{tenant}/moves"

UNKNOWN_OPERATION = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """One path.

    Parameters
    ----------
    operations
        The names of the operations by method, as logs and metrics have them.
    check
        Refuses an id, or a spelling of the path, that no operation should see.
    """

    operations: Mapping[str, str]
    check: Callable[[Event], object]

    @property
    def allowed(self) -> str:
        """The methods, as the header Allow lists them."""
        return ", ".join(sorted(self.operations))


_ROUTES = {
    COLLECTION: Route({"GET": "list_records"}, parse_tenant_path),
    RECORD: Route(
        {"DELETE": "delete_record", "GET": "get_record", "PUT": "put_record"},
        parse_record_path,
    ),
    BRANCH_KEYS: Route({"GET": "list_branch_keys"}, parse_collection_path),
    BRANCH_KEY: Route(
        {"DELETE": "shred_branch_key", "GET": "describe_branch_key", "PUT": "create_branch_key"},
        parse_branch_key_path,
    ),
    VERSIONS: Route({"POST": "rotate_branch_key"}, parse_versions_path),
    MOVES: Route({"POST": "move_branch_key"}, parse_moves_path),
}


def route_of(event: Event) -> Route | None:
    """The route that API Gateway took, by the resource that it names; None for an unknown one."""
    resource = resource_of(event)
    parameters = event.get("pathParameters") or {}
    if "{tenant}" in resource and "tenant" not in parameters:
        return None
    return _ROUTES.get(resource)


def operation_of(event: Event) -> str:
    """The name of the operation that an event asks for."""
    route = route_of(event)
    return UNKNOWN_OPERATION if route is None else route.operations.get(method_of(event), UNKNOWN_OPERATION)


def resource_of(event: Event) -> str:
    """The path that API Gateway matched, with its parameters in braces."""
    return str(event.get("resource") or "")


def method_of(event: Event) -> str:
    """The method of a request."""
    return str(event.get("httpMethod"))
