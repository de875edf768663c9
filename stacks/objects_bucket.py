"""The bucket of large objects, which their callers encrypt before they store them.

What must stay true:
- Whoever puts an object has it encrypted once more with the storage key: no request can choose another.
- Objects come by their callers' puts alone, into the storage class that is read at once: nobody replicates
  into the bucket, and nobody puts an object where a read must wait for hours.
- Nothing comes or goes without TLS 1.2, and nothing is public.
- There is one way to it, by its own name: no access point, which would bring a policy of its own.
- What is replaced or deleted stays as an old version for `object_old_version_days`, then goes. Who may read a
  bucket's old versions can put one back: the object then verifies, for it once was right.
"""

from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.audit_archive import REPLICATION
from stacks.key_policies import nobody_may
from stacks.settings import Settings

ACCESS_LOGS = (
    "AwsSolutions-S1",
    "NIST.800.53.R5-S3BucketLoggingEnabled",
    "HIPAA.Security-S3BucketLoggingEnabled",
    "PCI.DSS.321-S3BucketLoggingEnabled",
)
DAYS_OF_UNFINISHED_UPLOADS = 7
ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY = f"{ENCRYPTION}-aws-kms-key-id"
CUSTOMER_KEY = f"{ENCRYPTION}-customer-algorithm"
STORAGE_CLASS = "s3:x-amz-storage-class"
ACCESS_POINT = "s3:DataAccessPointArn"
# What a replication rule of another bucket writes with: each goes past what a put is asked.
REPLICATING = ("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags")


def add_objects_bucket(stack: cdk.Stack, settings: Settings, *, storage_key: kms.IKey) -> s3.Bucket:
    """Add the bucket, its policy and its lifecycle."""
    bucket = s3.Bucket(
        stack,
        "Objects",
        bucket_name=names.objects_bucket(settings),
        encryption=s3.BucketEncryption.KMS,
        encryption_key=storage_key,
        # One call of KMS for many objects; and KMS sees the bucket in the context, which policies compare.
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        lifecycle_rules=_lifecycle(settings),
        removal_policy=settings.removal_policy,
    )
    for statement in upload_statements(bucket, storage_key=storage_key):
        bucket.add_to_resource_policy(statement)
    acknowledge(
        bucket,
        reason=(
            "The trail records every call on the bucket's objects with its principal, and its files are "
            "locked and signed; server access logs are neither, and come when they come."
        ),
        nag=ACCESS_LOGS,
        checkov=["CKV_AWS_18"],
    )
    acknowledge(
        bucket,
        reason=(
            "Objects stay in the Region of the key that wraps their data keys: a copy elsewhere could not be "
            "opened there. What is replaced or deleted stays as a version."
        ),
        nag=REPLICATION,
    )
    return bucket


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    """Let go what nobody finished and what was replaced; current objects never."""
    return [
        s3.LifecycleRule(
            id="old-versions-and-unfinished-uploads-go",
            noncurrent_version_expiration=cdk.Duration.days(settings.object_old_version_days),
            abort_incomplete_multipart_upload_after=cdk.Duration.days(DAYS_OF_UNFINISHED_UPLOADS),
        ),
        # S3 takes this in a rule of its own only.
        s3.LifecycleRule(id="no-empty-markers", expired_object_delete_marker=True),
    ]


def upload_statements(bucket: s3.Bucket, *, storage_key: kms.IKey) -> list[iam.PolicyStatement]:
    """Deny every put that asks for another encryption or storage class than the bucket's own, and other ways.

    A put that asks for none gets the bucket's. `Null` spares it: `StringNotEquals` holds for a key that is
    not there, with `IfExists` too. Who asks for aws:kms and names no key would get the key of AWS's own: so
    the key must be named where the encryption is.
    """
    objects = [bucket.arn_for_objects("*")]
    nobody_puts = partial(nobody_may, actions=["s3:PutObject"], resources=objects)
    return [
        nobody_puts(
            "NobodyChoosesAnotherEncryption",
            conditions={"Null": {ENCRYPTION: "false"}, "StringNotEquals": {ENCRYPTION: "aws:kms"}},
        ),
        nobody_puts(
            "NobodyLeavesTheKeyToS3",
            conditions={"Null": {ENCRYPTION: "false"}, "StringNotEquals": {KEY: storage_key.key_arn}},
        ),
        nobody_puts(
            "NobodyNamesAnotherKey",
            conditions={"Null": {KEY: "false"}, "StringNotEquals": {KEY: storage_key.key_arn}},
        ),
        nobody_puts("NobodyBringsAKey", conditions={"Null": {CUSTOMER_KEY: "false"}}),
        nobody_puts(
            "NobodyChoosesAnotherStorageClass",
            conditions={"Null": {STORAGE_CLASS: "false"}, "StringNotEquals": {STORAGE_CLASS: "STANDARD"}},
        ),
        nobody_may("NobodyReplicatesIntoIt", actions=REPLICATING, resources=objects),
        # Whoever makes one, for Object Lambda or from another account too, changes nothing of the bucket that
        # an alarm watches. Only requests that come by one have the key.
        nobody_may(
            "NobodyComesByAnAccessPoint",
            actions=["s3:*"],
            resources=[bucket.bucket_arn, *objects],
            conditions={"Null": {ACCESS_POINT: "false"}},
        ),
    ]
