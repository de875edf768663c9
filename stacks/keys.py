"""The three KMS keys, the roles, and who may use which key for what: "who may decrypt" is this one file.

What must stay true:
- Using the envelope key takes two consents: this key's policy and the IAM policy of the role. Neither is
  enough alone.
- Nobody who administers a key can use it, nor lend its use by a grant. Who may change a key policy can
  change that: the change is an event to alarm on, not one that a policy can prevent without locking its
  owner out.
- A role has the one cryptographic action of its duty, and only for records' encryption contexts.
- No AWS service uses the envelope key.
"""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names, service_keys
from stacks.key_policies import (
    CRYPTOGRAPHY,
    DELEGATION,
    SERVER_SIDE_ENCRYPTION,
    Conditions,
    account_may_administer,
    nobody_may,
    safeguards,
)
from stacks.settings import Settings

# A record's encryption context, as the item format builds it (AWS Database Encryption SDK, header version
# 02). The table of records has these two keys; lambda_src/service gives the same names to the item
# encryptor.
PARTITION_KEY, SORT_KEY = "tenant", "record"
RECORD_ATTRIBUTES = (f"aws-crypto-attr.{SORT_KEY}", f"aws-crypto-attr.{PARTITION_KEY}")


def record_context(settings: Settings) -> dict[str, str]:
    """Give the part of a record's encryption context that is the same for all records."""
    return {
        "aws-crypto-legend": "SS",  # both attributes are strings
        "aws-crypto-partition-name": PARTITION_KEY,
        "aws-crypto-sort-name": SORT_KEY,
        "aws-crypto-table-name": settings.logical_table,
    }


def for_records(settings: Settings) -> Conditions:
    """Conditions that hold exactly for the encryption context of a record, the strategy `record`.

    `ForAllValues` is true for an empty context: what forbids a missing key is StringEquals on the four
    fixed ones and Null on the two that differ between records. `ForAllValues` forbids any other key.
    """
    fixed = record_context(settings)
    return {
        "StringEquals": {f"kms:EncryptionContext:{name}": value for name, value in fixed.items()},
        "Null": {f"kms:EncryptionContext:{name}": "false" for name in RECORD_ATTRIBUTES},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": sorted((*fixed, *RECORD_ATTRIBUTES))},
    }


def role_may(
    sid: str, *, role: iam.IRole, actions: Sequence[str], conditions: Conditions
) -> iam.PolicyStatement:
    """Allow a role's actions, if its own IAM policy allows them too.

    The principal is the account, narrowed to the role: naming the role itself would make this policy enough
    without IAM's consent, and would point to the role's inner id, which a role that is made again no longer
    has. For a session of the role, aws:PrincipalArn is the ARN of the role, not of the session.
    """
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.AccountRootPrincipal()],
        actions=list(actions),
        resources=["*"],
        conditions={**conditions, "ArnEquals": {"aws:PrincipalArn": role.role_arn}},
    )


def envelope_policy(settings: Settings, *, writer: iam.IRole, reader: iam.IRole) -> iam.PolicyDocument:
    """The policy of the only key whose use reveals records."""
    records = for_records(settings)
    return iam.PolicyDocument(
        statements=[
            account_may_administer(),
            role_may(
                "WriterMayMakeDataKeys", role=writer, actions=["kms:GenerateDataKey"], conditions=records
            ),
            role_may("ReaderMayDecrypt", role=reader, actions=["kms:Decrypt"], conditions=records),
            nobody_may(
                "NobodyWithoutAnEncryptionContext",
                actions=CRYPTOGRAPHY,
                conditions={"Null": {"kms:EncryptionContextKeys": "true"}},
            ),
            nobody_may("NobodyLendsOrCopiesTheKey", actions=DELEGATION),
            *safeguards(settings),
        ]
    )


class KeysStack(cdk.Stack):
    """Keys `envelope`, `storage`, `audit`; roles `writer`, `reader`.

    The roles live beside the keys so that key policies can name them: from another stack that is a cycle.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings

        self.writer = self._role("writer", duty="Encrypts and stores records; cannot decrypt or read them.")
        self.reader = self._role("reader", duty="Reads and decrypts records; cannot write them.")

        self.envelope_key = self._key(
            "envelope",
            audience="Wraps the data keys of records",
            policy=envelope_policy(settings, writer=self.writer, reader=self.reader),
        )
        self.storage_key = self._key(
            "storage",
            audience="Server-side encryption of tables, logs, alarms and backups",
            policy=service_keys.storage_policy(settings),
        )
        self.audit_key = self._key(
            "audit",
            audience="Server-side encryption of the audit trail",
            policy=service_keys.audit_policy(settings),
        )

        self._allow_envelope(
            "Writer", role=self.writer, action="kms:GenerateDataKey", keys=[self.envelope_key.key_arn]
        )
        self._allow_envelope(
            "Reader",
            role=self.reader,
            action="kms:Decrypt",
            keys=[self.envelope_key.key_arn, *settings.decrypt_key_arns],
        )
        self._allow_storage()
        self._allow_environment("writer", role=self.writer)
        self._allow_environment("reader", role=self.reader)
        cdk.CfnOutput(
            self,
            "EnvelopeKeyArn",
            value=self.envelope_key.key_arn,
            description="The key that wraps the data keys of records",
        )

    def _role(self, name: str, *, duty: str) -> iam.Role:
        return iam.Role(
            self,
            name.capitalize(),
            role_name=f"{self._settings.prefix}-{name}",
            description=duty,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )

    def _key(self, name: str, *, audience: str, policy: iam.PolicyDocument) -> kms.Key:
        settings = self._settings
        return kms.Key(
            self,
            f"{name.capitalize()}Key",
            alias=f"alias/{settings.prefix}/{name}",
            description=f"{settings.prefix}: {audience}",
            policy=policy,
            enable_key_rotation=True,
            rotation_period=cdk.Duration.days(settings.rotation_days),
            pending_window=cdk.Duration.days(settings.deletion_window_days),
            removal_policy=settings.removal_policy,
        )

    def _allow_envelope(self, duty: str, *, role: iam.Role, action: str, keys: Sequence[str]) -> None:
        """IAM's consent to what the key policy allows the role, under the same conditions."""
        iam.ManagedPolicy(
            self,
            f"{duty}MayUseEnvelopeKey",
            description=f"{action} on the envelope key, for the encryption contexts of records.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="EnvelopeKeyForRecords",
                    actions=[action],
                    resources=list(keys),
                    conditions=for_records(self._settings),
                )
            ],
        )

    def _allow_storage(self) -> None:
        """IAM's consent to reach the table's key through DynamoDB, which checks it in its caller's name."""
        iam.ManagedPolicy(
            self,
            "FunctionsMayUseStorageKey",
            description="The storage key, through DynamoDB only.",
            roles=[self.writer, self.reader],
            statements=[
                iam.PolicyStatement(
                    sid="StorageKeyThroughDynamoDB",
                    actions=list(SERVER_SIDE_ENCRYPTION),
                    resources=[self.storage_key.key_arn],
                    conditions={"StringEquals": {"kms:ViaService": service_keys.through("dynamodb")}},
                )
            ],
        )

    def _allow_environment(self, name: str, *, role: iam.Role) -> None:
        """IAM's consent to decrypt its own function's environment, and no other's."""
        iam.ManagedPolicy(
            self,
            f"{name.capitalize()}MayReadItsEnvironment",
            description=f"The storage key, through Lambda, for the environment of the function {name}.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="OwnEnvironment",
                    actions=["kms:Decrypt"],
                    resources=[self.storage_key.key_arn],
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": service_keys.through("lambda"),
                            service_keys.ENVIRONMENT_OF: self.format_arn(
                                service="lambda",
                                resource="function",
                                resource_name=names.function(self._settings, name),
                                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                            ),
                        }
                    },
                )
            ],
        )
