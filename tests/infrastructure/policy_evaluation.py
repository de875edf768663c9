"""How AWS decides on a request, asked of the statements in a template: `local.policy` decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.policy import Context, Policies, Policy, Principal, decide, parse
from local.policy import Request as Asked

Statement = Mapping[str, Any]
SESSION = "session"
#: What the names of roles end in whose sessions are of one tenant.
OF_ONE_TENANT = ("-session", "-object-client")
#: Of which tenant these sessions are.
TENANT = "acme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asks to do something. `principal`: a role's or the root's ARN, or a service's name.

    A session of a role whose name ends so carries a tenant's tag.
    """

    principal: str
    action: str
    resource: str
    context: Context = field(default_factory=dict)

    @property
    def account(self) -> str | None:
        return self.principal.split(":")[4] if self.principal.startswith("arn:") else None


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
    """Whether KMS lets a request through, in the key's own account."""
    policies = Policies(identity=[_policy(identity_policies)], resource=_policy(key_policy))
    return decide(_asked(request), policies, consent="resource").allowed


def resource_allows(
    request: Request, *, resource_policy: Iterable[Statement], identity_policies: Iterable[Statement]
) -> bool:
    """Whether a resource in the principal's own account lets a request through."""
    policies = Policies(identity=[_policy(identity_policies)], resource=_policy(resource_policy))
    return decide(_asked(request), policies).allowed


def api_allows(
    request: Request, *, api_policy: Iterable[Statement], identity_policies: Iterable[Statement]
) -> bool:
    """Whether API Gateway lets a signed request through to a method with IAM authorization."""
    api = request.resource.split("/")[0]
    whole = [{**statement, "Resource": _of_api(statement, api)} for statement in api_policy]
    policies = Policies(identity=[_policy(identity_policies)], resource=_policy(whole) if whole else None)
    return decide(_asked(request, account=api.split(":")[4]), policies).allowed


def _of_api(statement: Statement, api: str) -> list[str]:
    """The resources of an API's policy; without an id they mean the API itself."""
    listed = statement["Resource"]
    resources = [listed] if isinstance(listed, str) else listed
    return [resource.replace("execute-api:/", f"{api}/") for resource in resources]


def endpoint_allows(request: Request, *, endpoint_policy: Iterable[Statement]) -> bool:
    """Whether a VPC endpoint lets a request through; whether it succeeds, others decide."""
    return decide(_asked(request), Policies(resource=_policy(endpoint_policy))).allowed


def identity_allows(request: Request, *, policies: Iterable[Statement]) -> bool:
    """Whether IAM's policies of the principal alone allow a request; of a service, the resource's."""
    policy = _policy(policies)
    given = Policies(identity=[policy]) if request.account else Policies(resource=policy)
    return decide(_asked(request), given).allowed


def _policy(statements: Iterable[Statement]) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": _with_arns(list(statements))}, name="policy")


def _with_arns(value: Any) -> Any:
    """What is an ARN only once it is deployed (`<Vault.Arn>`) in an ARN's form."""
    match value:
        case dict():
            return {name: _with_arns(inner) for name, inner in value.items()}
        case list():
            return [_with_arns(inner) for inner in value]
        case str() if value.startswith("<"):
            return f"arn:aws:template:::{value}"
        case _:
            return value


def _asked(request: Request, *, account: str | None = None) -> Asked:
    own = request.account or "111122223333"
    return Asked(
        principal=_principal(request.principal),
        action=request.action,
        resource=_with_arns(request.resource),
        account=account or own,
        context=_with_arns(dict(request.context)),
    )


def _principal(named: str) -> Principal:
    if not named.startswith("arn:"):
        return Principal(kind="service", arn=named)
    if named.endswith(":root"):
        return Principal(kind="root", arn=named)
    if ":role/" not in named:
        return Principal(kind="user", arn=named)
    account, name = named.split(":")[4], named.rpartition("/")[2]
    return Principal(
        kind="role session",
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{SESSION}",
        role_arn=named,
        tags={"tenant": TENANT} if name.endswith(OF_ONE_TENANT) else {},
    )
