"""The encryption context of records, as the key policy and the roles' policies know it.

What must stay true: these are the six keys that the item format makes of a record's tenant and id, and of its
table.
Source: AWS Database Encryption SDK for DynamoDB, ddb-item-encryptor.md, header version 02.
"""

from stacks.key_policies import Conditions
from stacks.settings import Settings

# The table of records has these two keys; lambda_src/service gives the same names to the item encryptor.
PARTITION_KEY, SORT_KEY = "tenant", "record"
TENANT_OF_RECORD, RECORD = f"aws-crypto-attr.{PARTITION_KEY}", f"aws-crypto-attr.{SORT_KEY}"


def record_context(settings: Settings) -> dict[str, str]:
    """Give the part of a record's encryption context that is the same for all records."""
    return {
        "aws-crypto-legend": "SS",  # both attributes are strings
        "aws-crypto-partition-name": PARTITION_KEY,
        "aws-crypto-sort-name": SORT_KEY,
        "aws-crypto-table-name": settings.logical_table,
    }


def for_records(settings: Settings, *, tenant: str | None = None) -> Conditions:
    """Conditions that hold exactly for the encryption context of a record, or of one tenant's record.

    `ForAllValues` is true for an empty context: what forbids a missing key is StringEquals on the fixed ones
    and Null on those that differ between records. `ForAllValues` forbids any other key.
    """
    fixed = record_context(settings)
    compared = fixed if tenant is None else {**fixed, TENANT_OF_RECORD: tenant}
    names = sorted((*fixed, RECORD, TENANT_OF_RECORD))
    return {
        "StringEquals": {f"kms:EncryptionContext:{name}": value for name, value in compared.items()},
        "Null": {f"kms:EncryptionContext:{name}": "false" for name in names if name not in compared},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": names},
    }
