"""S3: what protects a bucket can be read back: lock, versions, life cycle, logging, policy.

Bucket policies are kept and not evaluated: moto reads a Deny without its conditions.
"""

import json
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, s3_backends
from moto.utilities.utils import get_partition

from local.additions.cloudformation import Created, Properties, Where, extend, supply, truth
from local.additions.stack_updates import changeable


def install() -> None:
    """Add the resource type and the properties, and evaluate no bucket policy."""
    supply("AWS::S3::BucketPolicy", _bucket_policy)
    extend(FakeBucket, _bucket)
    changeable("AWS::S3::Bucket", "LifecycleConfiguration", apply=_bucket)
    FakeBucket.get_permission = _nothing_is_denied  # type: ignore[method-assign, assignment]


def _nothing_is_denied(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


def _bucket_policy(properties: Properties, where: Where) -> Created:
    policy = properties["PolicyDocument"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    s3_backends[where.account][get_partition(where.region)].put_bucket_policy(
        properties["Bucket"], text.encode()
    )
    return Created(properties["Bucket"])


def _bucket(bucket: FakeBucket, properties: Properties, _where: Where) -> None:
    if "VersioningConfiguration" in properties:
        bucket.versioning_status = properties["VersioningConfiguration"]["Status"]
    for rule in properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", []):
        if bucket.encryption is not None and "BucketKeyEnabled" in rule:
            bucket.encryption["Rule"]["BucketKeyEnabled"] = truth(rule["BucketKeyEnabled"])
    if "PublicAccessBlockConfiguration" in properties:
        block = properties["PublicAccessBlockConfiguration"]
        bucket.public_access_block = PublicAccessBlock(
            truth(block.get("BlockPublicAcls")),
            truth(block.get("IgnorePublicAcls")),
            truth(block.get("BlockPublicPolicy")),
            truth(block.get("RestrictPublicBuckets")),
        )
    for rule in properties.get("OwnershipControls", {}).get("Rules", []):
        bucket.ownership_rule = rule["ObjectOwnership"]
    logging = properties.get("LoggingConfiguration")
    if logging:
        # Without a named target a bucket logs into itself.
        target = logging.get("DestinationBucketName", bucket.name)
        bucket.logging = {"TargetBucket": target, "TargetPrefix": logging.get("LogFilePrefix", "")}
    _lock(bucket, properties)
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    if rules:
        bucket.set_lifecycle([_lifecycle_rule(rule) for rule in rules])


def _lock(bucket: FakeBucket, properties: Properties) -> None:
    if not truth(properties.get("ObjectLockEnabled", False)):
        return
    bucket.object_lock_enabled = True
    # A lock is on versions: S3 switches them on with it.
    bucket.versioning_status = "Enabled"
    retention = properties.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    bucket.default_lock_mode = retention.get("Mode")
    bucket.default_lock_days = int(retention.get("Days", 0))
    bucket.default_lock_years = int(retention.get("Years", 0))


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Write a template's rule in the API's words."""
    found: dict[str, Any] = {
        "ID": rule.get("Id"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Transition": [
            {"Days": each.get("TransitionInDays"), "StorageClass": each["StorageClass"]}
            for each in rule.get("Transitions", [])
        ],
        "NoncurrentVersionTransition": [
            {"NoncurrentDays": each["TransitionInDays"], "StorageClass": each["StorageClass"]}
            for each in rule.get("NoncurrentVersionTransitions", [])
        ],
    }
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    given = {name: value for name, value in expiration.items() if value is not None}
    if given:
        found["Expiration"] = given
    if "NoncurrentVersionExpiration" in rule:
        days = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return found
