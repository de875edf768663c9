"""Ready-made callers: an IAM user for each tenant, an operator, and an auditor.

A tenant's caller is tied to it by tag and deployed policies. The operator has the policies for branch keys
and for re-encryption, and belongs to no tenant. The auditor may ask the trail, and nothing else.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.clients import Clients
from local.emulator import ACCOUNT

TENANTS = ("acme", "globex")
OPERATOR = "admin"
AUDITOR = "auditor"
_TENANT_POLICIES = ("RecordsReadPolicyArn", "RecordsWritePolicyArn", "ObjectsPolicyArn")
_OPERATOR_POLICIES = ("BranchKeysAdminPolicyArn", "MaintenanceOperatePolicyArn")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key."""

    access_key: str
    secret_key: str


def create(clients: Clients, *, outputs: Mapping[str, str]) -> dict[str, Credentials]:
    """Create the callers, and return the credentials of each tenant's and of the operator."""
    tied = {tenant: create_tenant(clients, tenant, outputs=outputs) for tenant in TENANTS}
    operator = _create(clients, OPERATOR, outputs=outputs, policies=_OPERATOR_POLICIES, tags={})
    auditor = _create(clients, AUDITOR, outputs=outputs, policies=(), tags={})
    clients.client("iam").put_user_policy(
        UserName=f"{AUDITOR}-caller",
        PolicyName="ask-the-trail",
        PolicyDocument=_asks_the_trail(clients, outputs),
    )
    return {**tied, OPERATOR: operator, AUDITOR: auditor}


def _asks_the_trail(clients: Clients, outputs: Mapping[str, str]) -> str:
    """Write the policy that `sealed audit --engine files` needs."""
    here, group = f"{clients.region}:{ACCOUNT}", outputs.get("AuditWorkGroupName", "none")
    database, bucket = group.replace("-", "_"), f"arn:aws:s3:::{outputs.get('ArchiveBucketName', 'none')}"
    archive_key: dict[str, object] = {"Action": "kms:Decrypt", "Resource": f"arn:aws:kms:{here}:key/*"}
    through = {"StringEquals": {"kms:ViaService": f"s3.{clients.region}.amazonaws.com"}}
    glue = [
        f"arn:aws:glue:{here}:{each}" for each in ("catalog", f"database/{database}", f"table/{database}/*")
    ]
    statements: list[dict[str, object]] = [
        {
            "Action": ["athena:GetNamedQuery", "athena:ListNamedQueries"],
            "Resource": f"arn:aws:athena:{here}:workgroup/{group}",
        },
        {"Action": "glue:GetTable", "Resource": glue},
        {"Action": "s3:ListBucket", "Resource": bucket},
        {"Action": "s3:GetObject", "Resource": f"{bucket}/*"},
        {**archive_key, "Condition": through},
    ]
    allowed = [{**statement, "Effect": "Allow"} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def create_administrator(clients: Clients) -> Credentials:
    """Create somebody with every right that IAM can give."""
    credentials = _create(clients, "administrator", outputs={}, policies=(), tags={})
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    clients.client("iam").put_user_policy(
        UserName="administrator-caller",
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    return credentials


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
