"""The buckets of the audit: the trail's archive, Athena's results, and the log of who reads the two.

What must stay true:
- Only the trail writes to the archive, and nobody deletes from it: files go by the lifecycle, once their lock
  is over. To do otherwise one must first change the bucket's policy, and that alarms.
- Nothing comes or goes without TLS 1.2.
- The buckets outlive the stack in every environment: S3 deletes no bucket that holds locked files, and the
  lifecycle empties what nobody fills any more.
"""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.settings import Settings

REPLICATION = (
    "NIST.800.53.R5-S3BucketReplicationEnabled",
    "HIPAA.Security-S3BucketReplicationEnabled",
    "PCI.DSS.321-S3BucketReplicationEnabled",
)
DAYS_OF_RESULTS = 30
# Days after which files move to a cheaper class, and how long each class charges at least.
CHEAPER = (
    (30, 30, s3.StorageClass.INFREQUENT_ACCESS),
    (90, 90, s3.StorageClass.GLACIER_INSTANT_RETRIEVAL),
)


class AuditBuckets(Construct):
    """Attributes: `archive`, `results`, `access_logs`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, audit_key: kms.IKey, trail_arn: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._audit_key = audit_key
        self.access_logs = self._access_logs(settings)
        self.archive = self._archive(settings, trail_arn=trail_arn)
        self.results = self._bucket(
            "Results",
            prefix="results/",
            bucket_key_enabled=True,
            lifecycle_rules=lifecycle(expire_after_days=DAYS_OF_RESULTS),
        )
        acknowledge(
            self.results,
            reason="What a query found can be found again: results are kept for a month, in one Region.",
            nag=REPLICATION,
        )

    def _access_logs(self, settings: Settings) -> s3.Bucket:
        """Who read the other two. Delivered by S3, which wants its own encryption and no lock here."""
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            **common(),
            lifecycle_rules=lifecycle(expire_after_days=settings.archive_retention_days + 1),
        )
        acknowledge(
            bucket,
            reason=(
                "Server access logs are delivered to buckets with SSE-S3 only; the log of this bucket would "
                "fill itself; and it is kept in one Region, like the archive that it is about."
            ),
            nag=[
                *REPLICATION,
                "NIST.800.53.R5-S3DefaultEncryptionKMS",
                "HIPAA.Security-S3DefaultEncryptionKMS",
                "PCI.DSS.321-S3DefaultEncryptionKMS",
            ],
            checkov=["CKV_AWS_18"],
        )
        return bucket

    def _archive(self, settings: Settings, *, trail_arn: str) -> s3.Bucket:
        days = settings.archive_retention_days
        lock = (
            s3.ObjectLockRetention.compliance
            if settings.archive_lock == "COMPLIANCE"
            else s3.ObjectLockRetention.governance
        )
        bucket = self._bucket(
            "Archive",
            prefix="archive/",
            # With a key of the bucket, KMS would see the bucket in the encryption context and not the trail,
            # which the audit key's policy wants to see.
            bucket_key_enabled=False,
            object_lock_enabled=True,
            object_lock_default_retention=lock(cdk.Duration.days(days)),
            lifecycle_rules=lifecycle(expire_after_days=days + 1),
        )
        for statement in archive_statements(bucket, trail_arn=trail_arn):
            bucket.add_to_resource_policy(statement)
        acknowledge(
            bucket,
            reason=(
                "The archive is kept in the Region of what it is about; its files are locked against "
                "deletion and their digests are signed. A copy in another account is the organization "
                "trail's part."
            ),
            nag=REPLICATION,
        )
        return bucket

    def _bucket(self, name: str, *, prefix: str, **more: Any) -> s3.Bucket:  # noqa: ANN401 - what Bucket takes
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._audit_key,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=prefix,
            **common(),
            **more,
        )


def common() -> dict[str, Any]:
    """Give what the three buckets have in common."""
    return {
        "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
        "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        "versioned": True,
        "enforce_ssl": True,
        "minimum_tls_version": 1.2,
        "removal_policy": cdk.RemovalPolicy.RETAIN,
    }


def lifecycle(*, expire_after_days: int) -> Sequence[s3.LifecycleRule]:
    """Move files to cheaper classes as far as that pays, and let all versions go in the end.

    S3 deletes no version that is still locked, whatever a lifecycle says.
    """
    return [
        s3.LifecycleRule(
            id="cheaper-then-gone",
            expiration=cdk.Duration.days(expire_after_days),
            noncurrent_version_expiration=cdk.Duration.days(1),
            abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            transitions=[
                s3.Transition(storage_class=storage_class, transition_after=cdk.Duration.days(after))
                for after, at_least, storage_class in CHEAPER
                if after + at_least <= expire_after_days
            ],
        ),
        # S3 takes this in a rule of its own only.
        s3.LifecycleRule(id="no-empty-markers", expired_object_delete_marker=True),
    ]


def archive_statements(bucket: s3.Bucket, *, trail_arn: str) -> list[iam.PolicyStatement]:
    """Let the one trail write, and nobody else; let nobody delete, nor shorten a lock.

    A put is not refused for its encryption: CloudTrail chooses that of its digests, and a put that names none
    gets the audit key by the bucket's default. That only the trail writes says more.

    The right to bypass a GOVERNANCE lock is denied to everyone, since the way around stays open: who may
    change this policy can take the denial out, in a call of its own, and that alarms.
    """
    cloudtrail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
    of_trail = {"StringEquals": {"aws:SourceArn": trail_arn}}
    return [
        iam.PolicyStatement(
            sid="TrailMayLook",
            principals=[cloudtrail],
            actions=["s3:GetBucketAcl"],
            resources=[bucket.bucket_arn],
            conditions=of_trail,
        ),
        iam.PolicyStatement(
            sid="TrailMayWrite",
            principals=[cloudtrail],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects(f"AWSLogs/{cdk.Aws.ACCOUNT_ID}/*")],
            conditions={
                "StringEquals": {**of_trail["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}
            },
        ),
        iam.PolicyStatement(
            sid="NobodyElseWrites",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={"StringNotEquals": {"aws:SourceArn": trail_arn}},
        ),
        iam.PolicyStatement(
            sid="NobodyDeletesOrUnlocks",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
            resources=[bucket.arn_for_objects("*")],
        ),
    ]
