"""Ready-made callers of the API: an IAM user for each tenant, tied to it by tag and deployed policies."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.clients import Clients

TENANTS = ("acme", "globex")
_POLICY_OUTPUTS = ("RecordsReadPolicyArn", "RecordsWritePolicyArn")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key."""

    access_key: str
    secret_key: str


def create(clients: Clients, *, outputs: Mapping[str, str]) -> dict[str, Credentials]:
    """Create the callers, and return the credentials of each tenant's."""
    iam = clients.client("iam")
    policies = [outputs[name] for name in _POLICY_OUTPUTS if name in outputs]
    credentials = {}
    for tenant in TENANTS:
        name = f"{tenant}-caller"
        iam.create_user(UserName=name, Tags=[{"Key": "tenant", "Value": tenant}])
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        credentials[tenant] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    return credentials
