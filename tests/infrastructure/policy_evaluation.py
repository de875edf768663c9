"""How AWS decides on a request: as much of IAM's and KMS's logic as the stacks' policies use, and no more.

An operator or a principal that is not known here is an error: no policy passes for not being understood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asks to do something. `principal`: a role's or the root's ARN, or a service's name."""

    principal: str
    action: str
    resource: str
    context: Context = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        return not self.principal.startswith("arn:")

    @property
    def account(self) -> str | None:
        return None if self.is_service else self.principal.split(":")[4]

    @property
    def is_root(self) -> bool:
        return self.principal.endswith(":root")

    def full_context(self) -> Context:
        """The context with the keys that AWS fills in about the principal."""
        about = {"aws:PrincipalIsAWSService": "true" if self.is_service else "false"}
        if self.account:
            about |= {"aws:PrincipalAccount": self.account, "aws:PrincipalArn": self.principal}
        return {**about, **self.context}


def with_encryption_context(request: Request, encryption_context: Mapping[str, str]) -> Request:
    """The request as KMS sees it: each key of the encryption context and, unless it is empty, their list."""
    keys: dict[str, str | Sequence[str]] = {
        f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()
    }
    if encryption_context:
        keys["kms:EncryptionContextKeys"] = list(encryption_context)
    return replace(request, context={**request.context, **keys})


def key_allows(
    request: Request, *, key_policy: Iterable[Statement], identity_policies: Iterable[Statement]
) -> bool:
    """Whether KMS lets a request through, in the key's own account.

    A statement that names the account hands the decision to IAM; one that names the principal decides alone.
    """
    statements, identity = list(key_policy), list(identity_policies)
    if any(
        statement["Effect"] == "Deny" and _applies(statement, request)
        for statement in (*statements, *identity)
    ):
        return False
    allowed = [
        statement
        for statement in statements
        if statement["Effect"] == "Allow" and _applies(statement, request)
    ]
    if any(_names(statement, request) for statement in allowed):
        return True
    return bool(allowed) and (request.is_root or identity_allows(request, policies=identity))


def api_allows(
    request: Request, *, api_policy: Iterable[Statement], identity_policies: Iterable[Statement]
) -> bool:
    """Whether API Gateway lets a signed request through to a method with IAM authorization.

    In the API's own account either policy is enough, if neither denies; for another account both must allow.
    A statement of the API's policy that names an account hands the decision to that account's IAM.
    """
    api = request.resource.split("/")[0]
    matching = [
        statement
        for statement in api_policy
        if _applies({**statement, "Resource": _of_api(statement, api)}, request)
    ]
    identity = list(identity_policies)
    denied = [*matching, *(statement for statement in identity if _applies(statement, request))]
    if any(statement["Effect"] == "Deny" for statement in denied):
        return False
    by_iam = identity_allows(request, policies=identity)
    if request.account != api.split(":")[4]:
        return by_iam and any(statement["Effect"] == "Allow" for statement in matching)
    return by_iam or any(
        statement["Effect"] == "Allow" and _names(statement, request) for statement in matching
    )


def _of_api(statement: Statement, api: str) -> list[str]:
    """The resources of an API's policy; without an id they mean the API itself."""
    return [resource.replace("execute-api:/", f"{api}/") for resource in _listed(statement["Resource"])]


def endpoint_allows(request: Request, *, endpoint_policy: Iterable[Statement]) -> bool:
    """Whether a VPC endpoint lets a request through; whether it succeeds, others decide."""
    return identity_allows(request, policies=endpoint_policy)


def identity_allows(request: Request, *, policies: Iterable[Statement]) -> bool:
    """Whether IAM's policies of the principal alone allow a request."""
    matching = [statement for statement in policies if _applies(statement, request)]
    effects = {statement["Effect"] for statement in matching}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Statement, request: Request) -> bool:
    return (
        any(fnmatchcase(request.action, action) for action in _listed(statement["Action"]))
        and any(
            _resource_matches(pattern, request.resource, request.full_context())
            for pattern in _listed(statement["Resource"])
        )
        and _principal_matches(statement, request)
        and conditions_hold(statement.get("Condition", {}), request.full_context())
    )


def _resource_matches(pattern: str, resource: str, context: Context) -> bool:
    while "${" in pattern:
        before, rest = pattern.split("${", 1)
        name, after = rest.split("}", 1)
        value = context.get(name)
        if value is None:
            return False  # a variable without value matches nothing
        pattern = f"{before}{value}{after}"
    return fnmatchcase(resource, pattern)


def _principal_matches(statement: Statement, request: Request) -> bool:
    if "Principal" not in statement:
        return True  # an identity's policy
    principal = statement["Principal"]
    if principal in ("*", {"AWS": "*"}):
        return True
    if set(principal) == {"Service"}:
        return request.principal in _listed(principal["Service"])
    assert set(principal) == {"AWS"}, f"unknown principal {principal}"
    return any(
        arn == request.principal or (arn.endswith(":root") and arn.split(":")[4] == request.account)
        for arn in _listed(principal["AWS"])
    )


def _names(statement: Statement, request: Request) -> bool:
    """Whether a key policy's statement means this principal and not its account."""
    principal = statement["Principal"]
    if principal in ("*", {"AWS": "*"}) or "Service" in principal:
        return True
    return request.principal in _listed(principal["AWS"]) and not request.is_root


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every key of every operator holds."""
    return all(
        _holds(operator, context.get(key), _listed(expected))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _holds(operator: str, actual: str | Sequence[str] | None, expected: list[str]) -> bool:
    if operator == "Null":
        return expected == ["true" if actual is None else "false"]
    if operator == "ForAllValues:StringEquals":
        return all(value in expected for value in ([] if actual is None else actual))
    if operator in ("StringNotEquals", "ArnNotEquals"):
        return actual not in expected
    if operator in ("BoolIfExists", "StringEqualsIfExists"):
        return actual is None or actual in expected
    if actual is None:
        return operator == "NotIpAddress"
    assert isinstance(actual, str), "a list needs ForAllValues or ForAnyValue"
    if operator in ("StringEquals", "Bool", "ArnEquals"):
        # ArnEquals takes wildcards, as ArnLike does (and ArnNotEquals, as ArnNotLike): the policies use none.
        assert operator != "ArnEquals" or not any("*" in value for value in expected)
        return actual in expected
    if operator in ("ArnLike", "StringLike"):
        return any(fnmatchcase(actual, pattern) for pattern in expected)
    if operator in ("IpAddress", "NotIpAddress"):
        return _in_a_network(actual, expected) == (operator == "IpAddress")
    if operator == "NumericLessThan":
        return any(float(actual) < float(value) for value in expected)
    raise AssertionError(f"unknown operator {operator}")


def _in_a_network(address: str, networks: list[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
