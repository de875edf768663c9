"""The bucket of objects: closed, versioned, under the storage key; no request chooses its key or class."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, resource_allows

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY, CUSTOMER_KEY = f"{ENCRYPTION}-aws-kms-key-id", f"{ENCRYPTION}-customer-algorithm"
STORAGE_CLASS = "s3:x-amz-storage-class"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"
ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def bucket(assembly: Assembly) -> dict[str, Any]:
    (found,) = [
        each
        for each in assembly.resources("AWS::S3::Bucket").values()
        if each["Properties"].get("BucketName") == f"{assembly.prefix}-objects-{ACCOUNT}"
    ]
    return found


def properties(assembly: Assembly) -> dict[str, Any]:
    found: dict[str, Any] = bucket(assembly)["Properties"]
    return found


def lets(
    assembly: Assembly, action: str = "s3:PutObject", *, key: str = "/tenants/acme/o-1", **context: str
) -> bool:
    """Whether the bucket's policy lets an administrator whom IAM allows all."""
    (policy,) = [
        found["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, found in assembly.resources("AWS::S3::BucketPolicy").items()
        if logical_id.startswith("Objects")
    ]
    asked = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/administrator",
        action=action,
        resource=f"arn:aws:s3:::{assembly.prefix}-objects-{ACCOUNT}{key}",
        context={"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **context},
    )
    return resource_allows(asked, resource_policy=policy, identity_policies=ALL)


def test_its_name_fits_with_the_longest_prefix(changed: Callable[..., Assembly]) -> None:
    longest = changed("dev", prefix="p" * 40)
    assert len(properties(longest)["BucketName"]) <= 63


def test_it_lies_under_the_storage_key_with_a_bucket_key(assembly: Assembly) -> None:
    (rule,) = properties(assembly)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": assembly.key("storage")["Arn"],
        },
    }


def test_it_is_closed_versioned_and_owned(assembly: Assembly) -> None:
    found = properties(assembly)
    assert found["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_old_versions_and_unfinished_uploads_go_and_objects_stay(assembly: Assembly) -> None:
    rules = {
        rule.pop("Id"): rule for rule in map(dict, properties(assembly)["LifecycleConfiguration"]["Rules"])
    }
    assert rules == {
        "old-versions-and-unfinished-uploads-go": {
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            "NoncurrentVersionExpiration": {"NoncurrentDays": assembly.settings["object_old_version_days"]},
        },
        "no-empty-markers": {"Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    }


def test_in_production_it_outlives_its_stack(assembly: Assembly) -> None:
    kept = "Retain" if assembly.settings["removal"] == "retain" else "Delete"
    assert bucket(assembly)["DeletionPolicy"] == bucket(assembly)["UpdateReplacePolicy"] == kept
    assert assembly.environment != "prod" or kept == "Retain"


def test_a_put_may_ask_for_no_encryption_or_for_the_buckets_own(assembly: Assembly) -> None:
    assert lets(assembly)
    assert lets(assembly, **{ENCRYPTION: "aws:kms", KEY: assembly.key("storage")["Arn"]})


REFUSED: dict[str, dict[str, str]] = {
    "another algorithm": {ENCRYPTION: "AES256", KEY: "<storage>"},
    "two layers": {ENCRYPTION: "aws:kms:dsse", KEY: "<storage>"},
    "S3's own keys": {ENCRYPTION: "AES256"},
    "no key named": {ENCRYPTION: "aws:kms"},
    "another key": {ENCRYPTION: "aws:kms", KEY: OTHER_KEY},
    "another key alone": {KEY: OTHER_KEY},
    "the caller's own key": {CUSTOMER_KEY: "AES256"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_nobody_chooses_another_encryption(assembly: Assembly, what: str) -> None:
    storage = assembly.key("storage")["Arn"]
    asked = {key: storage if value == "<storage>" else value for key, value in REFUSED[what].items()}
    assert not lets(assembly, **asked)


@pytest.mark.parametrize("chosen", ["GLACIER", "DEEP_ARCHIVE", "ONEZONE_IA", "INTELLIGENT_TIERING", ""])
def test_nobody_chooses_another_storage_class(assembly: Assembly, chosen: str) -> None:
    assert lets(assembly, **{STORAGE_CLASS: "STANDARD"})
    assert not lets(assembly, **{STORAGE_CLASS: chosen})


@pytest.mark.parametrize("action", ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])
def test_nobody_replicates_into_it(assembly: Assembly, action: str) -> None:
    assert not lets(assembly, action)


@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_nobody_comes_by_an_access_point(assembly: Assembly, account: str) -> None:
    point = {"s3:DataAccessPointArn": f"arn:aws:s3:{REGION}:{account}:accesspoint/any"}
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"):
        assert lets(assembly, action)
        assert not lets(assembly, action, **point)
    for action in ("s3:ListBucket", "s3:ListBucketVersions"):
        assert lets(assembly, action, key="")
        assert not lets(assembly, action, key="", **point)


def test_nothing_comes_or_goes_without_tls_1_2(assembly: Assembly) -> None:
    for action in ("s3:GetObject", "s3:PutObject"):
        assert lets(assembly, action)
        assert not lets(assembly, action, **{"aws:SecureTransport": "false"})
        assert not lets(assembly, action, **{"s3:TlsVersion": "1.1"})
