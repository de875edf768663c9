"""The bucket of the runs of re-encryption: their plans, the answers of their calls, their summaries.

What must stay true: it holds keys of records and numbers, never content; nothing comes or goes without TLS
1.2, and nothing is public; what a run wrote stays for `maintenance_result_days`.
"""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.audit_archive import REPLICATION
from stacks.key_policies import Conditions
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


def add_runs_bucket(stack: cdk.Stack, settings: Settings, *, storage_key: kms.IKey) -> s3.Bucket:
    """Add the bucket."""
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
        ],
        removal_policy=settings.removal_policy,
    )
    acknowledge(
        bucket,
        reason=(
            "It holds numbers, and keys of records that could not be rewritten; who reads it is the planner, "
            "the machine and operators, and management events tell of changes of the bucket."
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
