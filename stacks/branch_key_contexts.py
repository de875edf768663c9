"""The encryption context of branch keys, as the key policy and the roles' policies know it.

What must stay true: it shares no context with a record's, so a right for the one is none for the other.
Source: the key store of AWS's cryptographic material providers (branch-key-store.md, hierarchy version 1).
"""

from collections.abc import Sequence

from stacks.key_policies import Conditions
from stacks.settings import Settings

ACTIVE, VERSIONS, BEACON = "branch:ACTIVE", "branch:version:*", "beacon:ACTIVE"

TENANT = "aws-crypto-ec:tenant"  # lambda_src/service binds each branch key to its tenant by this name
# All that a branch key is bound to; `version` is bound to the active one only.
CONTEXT_KEYS = (
    TENANT,
    "branch-key-id",
    "create-time",
    "hierarchy-version",
    "kms-arn",
    "tablename",
    "type",
    "version",
)


def for_branch_keys(settings: Settings, *, types: Sequence[str], tenant: str | None = None) -> Conditions:
    """Conditions that hold for the encryption contexts of our key store's items of these types, and no other.

    With a tenant: of that tenant's branch key.

    `kms-arn` is in the context but not compared: in the key's own policy it would name the key itself.
    `ForAllValues` is true for an empty context: StringEquals and Null are what forbid a missing key.
    """
    whose = ("branch-key-id", TENANT)
    compared = {"hierarchy-version": "1", "tablename": settings.logical_key_store}
    if tenant is not None:
        compared |= dict.fromkeys(whose, tenant)
    conditions: dict[str, dict[str, object]] = {
        "StringEquals": {f"kms:EncryptionContext:{name}": value for name, value in compared.items()},
        "StringLike": {"kms:EncryptionContext:type": list(types)},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": sorted(CONTEXT_KEYS)},
    }
    if tenant is None:
        conditions["Null"] = {f"kms:EncryptionContext:{name}": "false" for name in whose}
    return conditions
