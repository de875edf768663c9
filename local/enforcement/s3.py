"""What S3 asks IAM and the bucket's policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; S3 User
Guide, "Required permissions for Amazon S3 API operations".
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from moto.s3.models import s3_backends

from local.additions import s3_ownership
from local.additions.cloudformation import truth
from local.api_call import ApiCall
from local.emulator import ACCOUNT
from local.enforcement import kms
from local.enforcement.ask import Ask, NotJudgedError
from local.enforcement.documents import read
from local.policy import Policy

# Operations whose action has another name; and which operations are on what.
_ON_BUCKETS = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAcl": "PutBucketAcl",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketLogging": "PutBucketLogging",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutBucketVersioning": "PutBucketVersioning",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_ON_OBJECTS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "GetObject": "GetObject",
    "GetObjectRetention": "GetObjectRetention",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObject": "PutObject",
    "PutObjectLegalHold": "PutObjectLegalHold",
    "PutObjectRetention": "PutObjectRetention",
    "UploadPart": "PutObject",
}
# What a request to put an object may ask for beside: each wants an action of its own.
_BESIDE_PUTTING = {
    "ACL": "PutObjectAcl",
    "GrantFullControl": "PutObjectAcl",
    "GrantRead": "PutObjectAcl",
    "GrantReadACP": "PutObjectAcl",
    "GrantWriteACP": "PutObjectAcl",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
    "ObjectLockMode": "PutObjectRetention",
    "ObjectLockRetainUntilDate": "PutObjectRetention",
    "Tagging": "PutObjectTagging",
}
# How each uses the key that an object lies under. The parts of an upload are encrypted with the data key that
# its beginning had made, and so are they read when it ends.
# Source: S3 API Reference, "CreateMultipartUpload", "UploadPart".
_KEY_USES = {
    "CompleteMultipartUpload": "Decrypt",
    "CopyObject": "GenerateDataKey",
    "CreateMultipartUpload": "GenerateDataKey",
    "GetObject": "Decrypt",
    "HeadObject": "Decrypt",
    "PutObject": "GenerateDataKey",
    "UploadPart": "Decrypt",
}
# A new object comes under what the call says, or else the bucket.
_NEW = ("CopyObject", "CreateMultipartUpload", "PutObject")
# Source: S3 API Reference, "GetObject", "HeadObject": "Permissions".
_READS = ("GetObject", "HeadObject")
_OF_UPLOADS = ("CompleteMultipartUpload", "UploadPart")
_OF_VERSIONS = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}
_CONTEXT = {
    "ACL": "s3:x-amz-acl",
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:VersionId",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
    "ObjectLockMode": "s3:object-lock-mode",
}


def asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of S3 needs."""
    given, bucket = call.parameters, str(call.parameters.get("Bucket", ""))
    context = {key: str(given[name]) for name, key in _CONTEXT.items() if name in given}
    if call.operation == "ListBuckets":
        return [Ask(action="s3:ListAllMyBuckets", resource="*", account=ACCOUNT)]
    if call.operation in _ON_BUCKETS:
        return [on_bucket(f"s3:{_ON_BUCKETS[call.operation]}", bucket, context=context)]
    if call.operation == "DeleteObjects":
        listed = given.get("Delete", {}).get("Objects", [])
        return [
            ask
            for each in listed
            for ask in _on_object("DeleteObject", bucket, {**given, **each}, "DeleteObject", context=context)
        ]
    if call.operation == "CopyObject":
        return [*_copied(given), *_on_object("PutObject", bucket, given, call.operation, context=context)]
    if call.operation in _ON_OBJECTS:
        return _on_object(_ON_OBJECTS[call.operation], bucket, given, call.operation, context=context)
    raise NotJudgedError


def _copied(given: Mapping[str, Any]) -> list[Ask]:
    """Return what reading the source of a copy needs; the header names it as a URL does."""
    named, _, query = str(given.get("CopySource", "")).lstrip("/").partition("?")
    source, _, key = unquote(named).partition("/")
    version = query.removeprefix("versionId=")
    named_version = {"VersionId": version} if version else {}
    return _on_object("GetObject", source, {"Key": key, **named_version}, "GetObject", context={})


def on_bucket(action: str, bucket: str, *, context: Mapping[str, Any], key: str | None = None) -> Ask:
    """Return what an action on a bucket, or on an object in it, needs, whoever asks."""
    arn, account = f"arn:aws:s3:::{bucket}", s3_ownership.owner_of(bucket) or ACCOUNT
    return Ask(
        action=action,
        resource=arn if key is None else f"{arn}/{key}",
        account=account,
        # As everywhere here, TLS is assumed.
        context={**context, "s3:ResourceAccount": account, "s3:TlsVersion": "1.3"},
        policy=_policy(bucket),
    )


def _on_object(
    action: str, bucket: str, given: Mapping[str, Any], operation: str, *, context: Mapping[str, Any]
) -> list[Ask]:
    key = str(given.get("Key", ""))
    named = _OF_VERSIONS.get(action, action) if given.get("VersionId") else action
    found = [on_bucket(f"s3:{named}", bucket, context=context, key=key)]
    if operation in _READS and _is_absent(bucket, key, given):
        # That there is none is told to who may list the whole bucket, and no key is asked.
        return [*found, on_bucket("s3:ListBucket", bucket, context={})]
    found += _through_bucket(operation, bucket, key, given)
    if action == "PutObject":
        wanted = {more for parameter, more in _BESIDE_PUTTING.items() if parameter in given}
        found += [on_bucket(f"s3:{more}", bucket, context=context, key=key) for more in sorted(wanted)]
    if str(given.get("BypassGovernanceRetention", "")).lower() == "true":
        found.append(on_bucket("s3:BypassGovernanceRetention", bucket, context=context, key=key))
    return found


def _through_bucket(operation: str, bucket: str, key: str, given: Mapping[str, Any]) -> list[Ask]:
    """Return what the key asks that the object lies under, or comes under: S3 uses it in its caller's name.

    Source: S3 User Guide, "Using server-side encryption with AWS KMS keys", "Encryption context", "Reducing
    the cost of SSE-KMS with Amazon S3 Bucket Keys".
    """
    wanted, found = _KEY_USES.get(operation), s3_ownership.find_bucket(bucket)
    if wanted is None or found is None:
        return []
    rule = (found.encryption or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    named, own_key_of_bucket = default, truth(rule.get("BucketKeyEnabled", False))
    if operation in _NEW:
        if "ServerSideEncryption" in given or "SSECustomerAlgorithm" in given:
            # Without a key aws:kms means AWS's own, which lets everybody of the account.
            named = given.get("SSEKMSKeyId")
        own_key_of_bucket = truth(given.get("BucketKeyEnabled", own_key_of_bucket))
    else:
        stored = _stored(bucket, key, given, of_upload=operation in _OF_UPLOADS)
        named = getattr(stored, "kms_key_id", None) or default
        own_key_of_bucket = truth(getattr(stored, "bucket_key_enabled", None) or own_key_of_bucket)
    wrapping = kms.find_key(named, region=found.region_name) if named else None
    if wrapping is None:
        return []
    arn = f"arn:aws:s3:::{bucket}"
    through = {"kms:ViaService": f"s3.{found.region_name}.amazonaws.com", "aws:ViaAWSService": "true"}
    context = kms.encryption_context({"aws:s3:arn": arn if own_key_of_bucket else f"{arn}/{key}"})
    return [kms.on_key(wrapping, wanted, {**context, **through})]


def _is_absent(bucket: str, key: str, given: Mapping[str, Any]) -> bool:
    """Tell whether a bucket that is there has no such object, or no such version."""
    if s3_ownership.find_bucket(bucket) is None:
        return False
    return _stored(bucket, key, given, of_upload=False) is None


def _stored(bucket: str, key: str, given: Mapping[str, Any], *, of_upload: bool) -> object:
    """Return the object, or the unfinished upload, that a call is about; None if there is none."""
    backend = s3_backends[s3_ownership.owner_of(bucket) or ACCOUNT]["aws"]
    if of_upload:
        return backend.buckets[bucket].multiparts.get(str(given.get("UploadId")))
    return backend.get_object(bucket, key, version_id=given.get("VersionId"))


def _policy(bucket: str) -> Policy | None:
    found = s3_ownership.find_bucket(bucket)
    text = found.policy if found is not None else None
    return None if text is None else read(text.decode(), name="the bucket's policy")
