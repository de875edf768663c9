"""KMS and DynamoDB, which each side's keyrings and key stores use."""

from dataclasses import dataclass
from typing import Any

from envelope import BranchKeyStore


@dataclass(frozen=True)
class KeyServices:
    """KMS and DynamoDB of the embedded AWS, and key stores in them."""

    kms: Any
    dynamodb: Any

    def key(self) -> str:
        """Make a KMS key; return its ARN."""
        return str(self.kms.create_key()["KeyMetadata"]["Arn"])

    def create_key_store_table(self, table: str) -> None:
        """Make an empty key store."""
        keys = ("branch-key-id", "HASH"), ("type", "RANGE")
        self.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def key_store(
        self, table: str, key_arn: str, *further_key_arns: str, logical_name: str | None = None
    ) -> BranchKeyStore:
        """Our client of a key store, whose logical name is that of its table unless another is given."""
        return BranchKeyStore(
            dynamodb=self.dynamodb,
            kms=self.kms,
            table=table,
            logical_name=logical_name or table,
            key_arn=key_arn,
            further_key_arns=further_key_arns,
            context_of=lambda tenant: {"tenant": tenant},
        )
