"""The bucket of the runs of re-encryption: their plans, the answers of their calls, their summaries.

What must stay true:
- It holds keys of records and numbers, never content; nothing comes or goes without TLS 1.2, and nothing is
  public; what a run wrote stays for `maintenance_result_days`.
- Only the planner and the state machine write, and where it is kept nobody deletes but its lifecycle: a plan
  or an answer that somebody else put there, or brought back, could make a run pass records by, or say that it
  did not.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.audit_archive import REPLICATION
from stacks.key_policies import Conditions, nobody_may
from stacks.objects_bucket import ACCESS_LOGS
from stacks.service_keys import through
from stacks.settings import Settings

DAYS_OF_OLD_VERSIONS = 7


def runs_bucket_arn(settings: Settings) -> str:
    """Give the bucket's ARN, which policies name before there is one."""
    return f"arn:{cdk.Aws.PARTITION}:s3:::{names.runs_bucket(settings)}"


def through_runs_bucket(settings: Settings) -> Conditions:
    """Conditions of a use of the storage key by S3, for this bucket: with its key the context is its ARN."""
    return {
        "StringEquals": {
            "kms:ViaService": through("s3"),
            "kms:EncryptionContext:aws:s3:arn": runs_bucket_arn(settings),
        }
    }


def add_runs_bucket(
    stack: cdk.Stack, settings: Settings, *, storage_key: kms.IKey, writers: Sequence[iam.IRole]
) -> s3.Bucket:
    """Add the bucket and its policy."""
    bucket = s3.Bucket(
        stack,
        "Runs",
        bucket_name=names.runs_bucket(settings),
        encryption=s3.BucketEncryption.KMS,
        encryption_key=storage_key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="results-go",
                prefix="runs/",
                expiration=cdk.Duration.days(settings.maintenance_result_days),
                noncurrent_version_expiration=cdk.Duration.days(DAYS_OF_OLD_VERSIONS),
            ),
            s3.LifecycleRule(
                id="old-versions-and-unfinished-uploads-go",
                noncurrent_version_expiration=cdk.Duration.days(DAYS_OF_OLD_VERSIONS),
                abort_incomplete_multipart_upload_after=cdk.Duration.days(DAYS_OF_OLD_VERSIONS),
            ),
            # S3 takes this in a rule of its own only.
            s3.LifecycleRule(id="no-empty-markers", expired_object_delete_marker=True),
        ],
        removal_policy=settings.removal_policy,
    )
    # What is to be removed with its deployment has to be emptied first.
    deletions = ["s3:DeleteObject", "s3:DeleteObjectVersion"] if settings.retains_data else []
    bucket.add_to_resource_policy(
        nobody_may(
            "NobodyElseWrites",
            actions=[*deletions, "s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            # Of several ARNs it holds for a principal that is none of them.
            conditions={"ArnNotEquals": {"aws:PrincipalArn": [role.role_arn for role in writers]}},
        )
    )
    acknowledge(
        bucket,
        reason=(
            "It holds numbers, and keys of records that could not be rewritten; the planner and the machine "
            "alone can write, they and operators read, and changes of the bucket alarm."
        ),
        nag=ACCESS_LOGS,
        checkov=["CKV_AWS_18"],
    )
    acknowledge(
        bucket,
        reason="A run's results are of use where the run works, in its Region, and can be made again.",
        nag=REPLICATION,
    )
    return bucket
