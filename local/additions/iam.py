"""IAM: a role of a template has the managed policies that it names, AWS's own among them."""

from typing import Any

from moto.iam.models import Role, iam_backends

from local.additions.cloudformation import Properties, Where, extend


def install() -> None:
    """Keep what moto drops from a role's properties."""
    extend(Role, _role)


def _role(role: Role, properties: Properties, where: Where) -> None:
    policies: dict[str, Any] = iam_backends[where.account]["aws"].managed_policies
    for arn in properties.get("ManagedPolicyArns", []):
        policies[arn].attach_to(role)
