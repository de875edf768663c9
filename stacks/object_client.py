"""The role that callers take to encrypt and store large objects themselves, each for its own tenant.

What must stay true:
- Who takes the role has a tag `tenant` and hands on this one, with the same value, and no other: nobody
  becomes another tenant by it, and who has no tenant cannot take it.
- It takes two consents: the role's trust, and IAM's for the caller (the policy `<prefix>-objects`).
- A session reaches what is under its tenant's prefix of the one bucket, and the keys for that alone. It
  removes no version: what it deletes or replaces can be brought back.
- It stores nothing in a bucket of another account: while there is no bucket, anybody may take its name.

The bucket is named, not referred to: it is made in a later stack, and key policies name this role.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from stacks import names, service_keys
from stacks.acknowledgements import acknowledge, wildcard
from stacks.key_policies import Conditions, role_may
from stacks.settings import Settings
from stacks.tenant_sessions import OWN_TENANT, TENANT_TAG

DUTY = "object-client"
OWN_PREFIX = f"tenants/{OWN_TENANT}/*"
# Of both keys: a new object needs a data key, a stored one its data key opened.
STORAGE_KEY_USES = ("kms:Decrypt", "kms:GenerateDataKey")
# No DeleteObjectVersion: a deletion puts a marker before the versions, and they stay for their time.
ON_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


def objects_bucket_arn(settings: Settings) -> str:
    """Give the ARN of the bucket of objects, which policies name before there is one."""
    return f"arn:{cdk.Aws.PARTITION}:s3:::{names.objects_bucket(settings)}"


def add_object_client(stack: cdk.Stack, settings: Settings) -> iam.Role:
    """Add the role, and let principals of the account take it for the tenant of their own tag."""
    return iam.Role(
        stack,
        names.title(DUTY),
        role_name=names.role(settings, DUTY),
        description="Encrypts, stores and reads objects of one tenant: the tenant of the caller's tag.",
        assumed_by=iam.SessionTagsPrincipal(iam.AccountRootPrincipal().with_conditions(_own_tenant())),
        max_session_duration=cdk.Duration.hours(1),
    )


def _own_tenant() -> dict[str, dict[str, object]]:
    """Conditions of a request for a session with the caller's own tag `tenant`, which none inherits.

    They stand for AssumeRole and for TagSession, and both carry what they compare: the request's tags, their
    names and the caller's tags. Without the Nulls a caller and a request that both lack the tag would be left
    to how IAM compares nothing with nothing.
    """
    asked_for = f"aws:RequestTag/{TENANT_TAG}"
    return {
        "StringEquals": {asked_for: OWN_TENANT},
        # A tag may be empty: its session's prefix would be nobody's, and its data keys.
        "StringLike": {asked_for: "?*"},
        # A tag may hold a slash, an id does not: one tenant's prefix would lie within another's.
        "StringNotLike": {asked_for: "*/*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [TENANT_TAG]},
        "Null": {
            asked_for: "false",
            f"aws:PrincipalTag/{TENANT_TAG}": "false",
            "sts:TransitiveTagKeys": "true",
        },
    }


def through_bucket(settings: Settings) -> Conditions:
    """Conditions of a use of the storage key by S3, for the bucket of objects.

    With a bucket key the encryption context is the bucket's ARN. Who asks S3 not to use it has the object's
    ARN there, and is refused.
    """
    return {
        "StringEquals": {
            "kms:ViaService": service_keys.through("s3"),
            "kms:EncryptionContext:aws:s3:arn": objects_bucket_arn(settings),
        }
    }


def may_use_storage_key(settings: Settings, role: iam.IRole) -> iam.PolicyStatement:
    """Let the role use the storage key through the bucket: the key's own consent."""
    return role_may(
        "ObjectClientMayUseThroughItsBucket",
        role=role,
        actions=STORAGE_KEY_USES,
        conditions=through_bucket(settings),
    )


def allow_objects(stack: cdk.Stack, settings: Settings, *, role: iam.IRole, storage_key: kms.IKey) -> None:
    """IAM's consent to what a session does with the bucket, and with the key that the bucket lies under."""
    bucket = objects_bucket_arn(settings)
    own_objects = f"{bucket}/{OWN_PREFIX}"
    # All actions here have this key. Source: Service Authorization Reference, "Amazon S3".
    ours = {"s3:ResourceAccount": cdk.Aws.ACCOUNT_ID}
    policy = iam.ManagedPolicy(
        stack,
        "ObjectClientMayUseBucket",
        description="Objects of the session's own tenant, and the bucket's key through S3.",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                sid="OwnObjects",
                actions=list(ON_OBJECTS),
                resources=[own_objects],
                conditions={"StringEquals": ours},
            ),
            iam.PolicyStatement(
                sid="ListOwnObjects",
                actions=["s3:ListBucket"],
                resources=[bucket],
                conditions={"StringEquals": ours, "StringLike": {"s3:prefix": OWN_PREFIX}},
            ),
            iam.PolicyStatement(
                sid="StorageKeyThroughItsBucket",
                actions=list(STORAGE_KEY_USES),
                resources=[storage_key.key_arn],
                conditions=through_bucket(settings),
            ),
        ],
    )
    acknowledge(
        policy,
        reason="The `*` stands for an object of the session's own tenant, after a slash; ids hold none.",
        nag=[wildcard(policy, own_objects)],
    )
