"""Where records are kept: the table, and what seals and opens its items."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envelope import CryptoAction, ItemEncryptor, Keyring
from service.names import (
    RECORD_ATTRIBUTE,
    REVISION_ATTRIBUTE,
    TENANT_ATTRIBUTE,
    UPDATED_AT_ATTRIBUTE,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Store:
    """The records table and its encryption.

    Parameters
    ----------
    client
        DynamoDB's low-level client.
    table
        The table's physical name.
    encryptor
        Seals and opens items.
    """

    client: "DynamoDBClient"
    table: str
    encryptor: ItemEncryptor


def record_encryptor(
    *, logical_table: str, plaintext_attributes: tuple[str, ...], keyring: Keyring
) -> ItemEncryptor:
    """Make the encryptor of records.

    Tenant and record stand in the encryption context: KMS refuses to unwrap the data key for another record,
    its policies can name them, and CloudTrail shows them.
    """
    in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    signed = (REVISION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE, *plaintext_attributes)
    return ItemEncryptor(
        table=logical_table,
        partition_key=TENANT_ATTRIBUTE,
        sort_key=RECORD_ATTRIBUTE,
        actions={
            TENANT_ATTRIBUTE: in_context,
            RECORD_ATTRIBUTE: in_context,
            **dict.fromkeys(signed, CryptoAction.SIGN_ONLY),
        },
        default_action=CryptoAction.ENCRYPT_AND_SIGN,
        unsigned=(),
        keyring=keyring,
    )


def record_key(tenant: str, record: str) -> dict[str, dict[str, str]]:
    """The table's key of a record."""
    return {TENANT_ATTRIBUTE: {"S": tenant}, RECORD_ATTRIBUTE: {"S": record}}
