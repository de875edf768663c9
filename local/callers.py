"""Ready-made callers of the API: an IAM user for each tenant, and an operator of branch keys.

A tenant's caller is tied to it by tag and deployed policies. The operator has the policy for branch keys and
belongs to no tenant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.clients import Clients

TENANTS = ("acme", "globex")
OPERATOR = "admin"
_TENANT_POLICIES = ("RecordsReadPolicyArn", "RecordsWritePolicyArn")
_OPERATOR_POLICIES = ("BranchKeysAdminPolicyArn",)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key."""

    access_key: str
    secret_key: str


def create(clients: Clients, *, outputs: Mapping[str, str]) -> dict[str, Credentials]:
    """Create the callers, and return the credentials of each tenant's and of the operator."""
    tied = {tenant: create_tenant(clients, tenant, outputs=outputs) for tenant in TENANTS}
    operator = _create(clients, OPERATOR, outputs=outputs, policies=_OPERATOR_POLICIES, tags={})
    return {**tied, OPERATOR: operator}


def create_tenant(clients: Clients, tenant: str, *, outputs: Mapping[str, str]) -> Credentials:
    """Create the caller of a tenant."""
    return _create(clients, tenant, outputs=outputs, policies=_TENANT_POLICIES, tags={"tenant": tenant})


def _create(
    clients: Clients,
    name: str,
    *,
    outputs: Mapping[str, str],
    policies: Iterable[str],
    tags: Mapping[str, str],
) -> Credentials:
    iam, user = clients.client("iam"), f"{name}-caller"
    iam.create_user(UserName=user, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    for policy in policies:
        if policy in outputs:
            iam.attach_user_policy(UserName=user, PolicyArn=outputs[policy])
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])
