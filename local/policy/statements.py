"""Tells whether a statement is about a request, and if not, which of its elements says so.

Source: IAM User Guide, "IAM JSON policy element reference".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.policy.document import Condition, Statement
from local.policy.request import Principal, Request
from local.policy.wildcards import matches, matches_resource

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Miss:
    """The first element by which a statement is not about a request."""

    element: str
    detail: str


def miss(statement: Statement, request: Request, context: Context) -> Miss | None:
    """Return why a statement is not about a request; None if it is."""
    if not _action(statement, request.action):
        return Miss("Action", request.action)
    values = context if statement.variables else None
    if not _resource(statement, request.resource, values):
        return Miss("Resource", request.resource)
    if not principal_matches(statement, request.principal):
        return Miss("Principal", request.principal.arn)
    for condition in statement.conditions:
        actual = context.get(condition.key)
        if not condition.operator.holds(actual, condition.values, values):
            return Miss("Condition", _described(condition, actual))
    return None


def principal_matches(statement: Statement, principal: Principal) -> bool:
    """Tell whether a statement means a principal; a policy of an identity has no such element.

    With NotPrincipal somebody is excepted only if everything that stands for them is: account, role and
    session. The guide asks for all of them, since services look at one or the other.
    """
    if statement.not_principals is not None:
        return _not_excepted(statement, principal)
    if statement.principals is None:
        return True
    return any(
        kind == "*" or any(_means(kind, named, principal) for named in names)
        for kind, names in statement.principals.items()
    )


def _not_excepted(statement: Statement, principal: Principal) -> bool:
    named = statement.not_principals or {}
    if "*" in named:
        return False
    if principal.kind == "service":
        return principal.arn not in named.get("Service", ())
    listed = {_account_arn(name) for name in named.get("AWS", ())}
    stands_for = {principal.account_arn, principal.role_arn or principal.arn, principal.arn} - {None}
    if statement.effect == "Deny":
        return not stands_for <= listed
    return not stands_for & listed


def _means(kind: str, named: str, principal: Principal) -> bool:
    if kind == "Service":
        return principal.kind == "service" and named == principal.arn
    if kind != "AWS" or principal.kind in ("service", "anonymous"):
        return False
    return _account_arn(named) in (principal.account_arn, principal.role_arn, principal.arn)


def names_directly(statement: Statement, principal: Principal) -> str | None:
    """Return what a statement of a resource's policy names: `session`, `role`, or None for the account.

    An everybody, a user and a service count as a session: nothing of the identity's own limits them. The
    account's root is the account.
    """
    if statement.not_principals is not None or "*" in (statement.principals or {}):
        return "session"
    listed = {_account_arn(name) for name in (statement.principals or {}).get("AWS", ())}
    if principal.kind == "service" or (principal.arn in listed and principal.kind != "root"):
        return "session"
    if principal.role_arn is not None and principal.role_arn in listed:
        return "role"
    return None


def _account_arn(named: str) -> str:
    """An account's number stands for its root's ARN."""
    return f"arn:aws:iam::{named}:root" if named.isdigit() else named


def _action(statement: Statement, action: str) -> bool:
    lowered = action.lower()
    if statement.not_actions is not None:
        return not any(matches(lowered, each.lower()) for each in statement.not_actions)
    return any(matches(lowered, each.lower()) for each in statement.actions or ())


def _resource(statement: Statement, resource: str, context: Context | None) -> bool:
    if statement.not_resources is not None:
        return not any(_is_resource(resource, each, context) for each in statement.not_resources)
    if statement.resources is None:
        return True  # a role's trust policy is about the role
    return any(_is_resource(resource, each, context) for each in statement.resources)


def _is_resource(resource: str, pattern: str, context: Context | None) -> bool:
    if resource == "*":
        return pattern == "*"
    return matches_resource(resource, pattern, context=context)


def _described(condition: Condition, actual: str | Sequence[str] | None) -> str:
    given = "absent" if actual is None else repr(actual if isinstance(actual, str) else list(actual))
    return f"{condition.operator.name} {condition.key}: wants {list(condition.values)}, is {given}"
