"""What alarms watch over, by the names and ARNs that CloudTrail's records show."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms

from stacks import names
from stacks.settings import Settings


def role_arn(name: str) -> str:
    """Give the ARN of a role of this account, as a session of it shows it."""
    return f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Names and ARNs of one deployment.

    Attributes
    ----------
    envelope_key, storage_key, audit_key
        The three keys.
    roles
        Names of the functions' roles, and of their sessions'.
    clients
        Names of the other roles that changes are watched of: what callers take, and those of runs.
    workers
        The ARNs of those that may use the envelope key.
    workers_in_patterns
        The same for patterns of metric filters, which take no more than 1,024 characters.
    tenant_admins
        Those that may change the key store, as patterns of metric filters have them.
    reencryptors
        Those that may look at it within a transaction, likewise.
    functions
        Names of the functions.
    api_id
        The API's id.
    key_store
        The table of branch keys.
    scheduler_group
        The group of the schedules, where there is one.
    trail
        The trail's name.
    topic_arns
        The topics of the alarms.
    buckets
        Names of the archive's bucket, of the one that logs access to it, of the objects' bucket, and of the
        runs'.
    log_groups
        Names of the log groups that alarms are made from.
    stacks
        What the names of the stacks begin with: CloudFormation makes names of policies and roles of it.
    """

    settings: Settings
    envelope_key: kms.IKey
    storage_key: kms.IKey
    audit_key: kms.IKey
    roles: Sequence[str]
    clients: Sequence[str]
    workers: Sequence[str]
    workers_in_patterns: Sequence[str]
    tenant_admins: Sequence[str]
    reencryptors: Sequence[str]
    functions: Sequence[str]
    api_id: str
    key_store: dynamodb.ITable
    scheduler_group: str | None
    trail: str
    topic_arns: Sequence[str]
    buckets: Sequence[str]
    log_groups: Sequence[str]
    stacks: str

    @property
    def keys(self) -> Sequence[kms.IKey]:
        """All three keys."""
        return (self.envelope_key, self.storage_key, self.audit_key)

    @property
    def role_arns(self) -> list[str]:
        """The ARNs of the functions' roles, as a session of theirs shows them."""
        return [role_arn(role) for role in self.roles]

    @property
    def object_client(self) -> str:
        """The ARN of the role that callers take for objects."""
        return self.role_arn("object-client")

    def role_arn(self, duty: str) -> str:
        """The ARN of a role of ours, by its duty."""
        return role_arn(names.role(self.settings, duty))

    def arn(self, service: str, resource: str) -> str:
        """Give an ARN of this account and Region."""
        return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"

    def alias_arns(self) -> list[str]:
        """The ARNs of the keys' aliases."""
        prefix = self.settings.prefix
        return [self.arn("kms", f"alias/{prefix}/{name}") for name in ("envelope", "storage", "audit")]
