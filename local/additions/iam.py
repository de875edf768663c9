"""IAM: a role of a template has the managed policies that it names, AWS's own among them.

moto reads AWS's own policies, all of them, whenever an account is emptied; here it does so once.
"""

import copy
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, Role, iam_backends

from local.additions.cloudformation import Properties, Where, extend


def install() -> None:
    """Keep what moto drops from a role's properties, and what it read."""
    extend(Role, _role)
    _read_once()
    ManagedPolicy.delete = _delete  # type: ignore[attr-defined]


def _role(role: Role, properties: Properties, where: Where) -> None:
    policies: dict[str, Any] = iam_backends[where.account]["aws"].managed_policies
    for arn in properties.get("ManagedPolicyArns", []):
        policies[arn].attach_to(role)


def _delete(self: ManagedPolicy, account: str, _region: str) -> None:
    """Take a policy off its roles and delete it, as CloudFormation does."""
    backend = iam_backends[account]["aws"]
    for role in list(backend.roles.values()):
        if self.arn in role.managed_policies:
            backend.detach_role_policy(self.arn, role.name)
    backend.delete_policy(self.arn)


def _read_once() -> None:
    original = IAMBackend._init_aws_policies
    known: dict[tuple[str, str], list[ManagedPolicy]] = {}

    def _init_aws_policies(self: IAMBackend) -> list[ManagedPolicy]:
        where = self.account_id, self.region_name
        if not known.get(where):
            known[where] = original(self)
        # Copies: whom a policy is attached to is not for the next one to know.
        return [copy.copy(policy) for policy in known[where]]

    IAMBackend._init_aws_policies = _init_aws_policies  # type: ignore[method-assign]
