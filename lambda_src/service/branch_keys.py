"""The key store of tenants: a tenant's id is the id of its branch key.

What must stay true: every branch key is bound to its tenant in clear, so that KMS's policies can name the
tenant, CloudTrail shows it, and an item moved to another tenant does not open.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envelope import BranchKeyItemError, BranchKeyStore
from service.configuration import BranchKeyConfiguration
from service.failures import BranchKeyNotVerified
from service.names import TENANT_ATTRIBUTE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


def branch_key_store(
    configuration: BranchKeyConfiguration, *, dynamodb: "DynamoDBClient", kms: "KMSClient"
) -> BranchKeyStore:
    """Make the key store of a container."""
    return BranchKeyStore(
        dynamodb=dynamodb,
        kms=kms,
        table=configuration.table,
        logical_name=configuration.logical_name,
        key_arn=configuration.key_arn,
        further_key_arns=configuration.further_key_arns,
        context_of=branch_key_context,
    )


def branch_key_context(tenant: str) -> dict[str, str]:
    """The encryption context of a tenant's branch key, beside what the format binds."""
    return {TENANT_ATTRIBUTE: tenant}


@contextmanager
def branch_key_of(tenant: str) -> Iterator[None]:
    """Tell of which tenant a branch key is that does not verify.

    Raises
    ------
    BranchKeyNotVerified
        In place of BranchKeyItemError, whose text stays behind.
    """
    try:
        yield
    except BranchKeyItemError as error:
        reason = type(error).__name__
    else:
        return
    raise BranchKeyNotVerified(tenant=tenant, reason=reason)
