"""What the policies of all three keys are made of: who administers, what nobody may.

What must stay true: administration never holds a cryptographic action nor a way to one (a grant, a wildcard),
and what is denied is denied to everyone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks.settings import Settings

Conditions = Mapping[str, Mapping[str, Any]]

# Spelled one by one: kms:Create* would hold CreateGrant, and a grant is a right to decrypt.
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
# Every operation of a symmetric encryption key that takes an encryption context.
CRYPTOGRAPHY = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# What an AWS service needs of a key to keep data under it.
SERVER_SIDE_ENCRYPTION = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
DELEGATION = ("kms:CreateGrant", "kms:ReplicateKey")


def account_may_administer() -> iam.PolicyStatement:
    """Let the account's IAM policies hand out administration, without any use of the key."""
    return iam.PolicyStatement(
        sid="AccountMayAdministerNotUse",
        principals=[iam.AccountRootPrincipal()],
        actions=list(ADMINISTRATION),
        resources=["*"],  # in a key policy: this key
    )


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


def nobody_may(
    sid: str,
    *,
    actions: Sequence[str],
    conditions: Conditions | None = None,
    resources: Sequence[str] = ("*",),
) -> iam.PolicyStatement:
    """Deny actions to everyone, the account's root and AWS services included.

    In a key's policy every resource is this key.
    """
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=list(resources),
        conditions=conditions,
    )


def nobody_outside_the_account() -> iam.PolicyStatement:
    """Deny everything to other accounts, whatever a later statement or grant says; spare AWS services."""
    return nobody_may(
        "NobodyOutsideTheAccount",
        actions=sorted({*ADMINISTRATION, *CRYPTOGRAPHY, *DELEGATION}),
        conditions={
            "StringNotEquals": {"aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    )


def safeguards(settings: Settings) -> list[iam.PolicyStatement]:
    """What is denied on each of the three keys."""
    statements = [
        nobody_outside_the_account(),
        # The check refuses a policy that would leave nobody able to change it. (On CreateKey only IAM
        # decides.)
        nobody_may(
            "NobodySkipsTheLockoutCheck",
            actions=["kms:PutKeyPolicy"],
            conditions={"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}},
        ),
    ]
    if settings.is_production:
        # Without the parameter KMS waits 30 days, so a call that does not name it is right to pass.
        statements.append(
            nobody_may(
                "NobodyShortensTheDeletionWindow",
                actions=["kms:ScheduleKeyDeletion"],
                conditions={
                    "NumericLessThan": {
                        "kms:ScheduleKeyDeletionPendingWindowInDays": str(settings.deletion_window_days)
                    }
                },
            )
        )
    return statements
