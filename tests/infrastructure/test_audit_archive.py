"""The archive cannot be rewritten, its readers are logged, and its buckets go by their lifecycle alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly

BUCKETS = ("Archive", "Results", "AccessLogs")


def bucket(assembly: Assembly, name: str) -> tuple[str, dict[str, Any]]:
    (found,) = [
        (logical_id, one)
        for logical_id, one in assembly.resources("AWS::S3::Bucket").items()
        if logical_id.startswith(f"Buckets{name}")
    ]
    return found


def policy(assembly: Assembly, name: str) -> dict[str, dict[str, Any]]:
    """Statements by their sids, or by their conditions where the CDK gives none."""
    logical_id, _ = bucket(assembly, name)
    (document,) = [
        one["Properties"]["PolicyDocument"]
        for one in assembly.resources("AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == f"<{logical_id}>"
    ]
    return {
        statement.get("Sid", str(sorted(statement.get("Condition", ())))): statement
        for statement in document["Statement"]
    }


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_files_are_locked_from_the_moment_they_arrive(changed: Callable[..., Assembly], mode: str) -> None:
    locked = changed("prod", archive_lock=mode, archive_retention_days=400)
    _, archive = bucket(locked, "Archive")
    assert archive["Properties"]["ObjectLockEnabled"] is True
    assert archive["Properties"]["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": mode, "Days": 400}},
    }


def test_the_archive_is_locked_as_the_settings_say(assembly: Assembly) -> None:
    _, archive = bucket(assembly, "Archive")
    retention = archive["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {
        "Mode": assembly.settings["archive_lock"],
        "Days": assembly.settings["archive_retention_days"],
    }


def test_only_the_archive_is_locked(assembly: Assembly) -> None:
    """S3 delivers no access logs to a locked bucket."""
    for name in ("Results", "AccessLogs"):
        assert "ObjectLockEnabled" not in bucket(assembly, name)[1]["Properties"]


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_closed_versioned_and_outlive_the_stack(assembly: Assembly, name: str) -> None:
    _, found = bucket(assembly, name)
    properties = found["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", BUCKETS)
def test_nothing_comes_or_goes_without_tls_1_2(assembly: Assembly, name: str) -> None:
    logical_id, _ = bucket(assembly, name)
    conditions = {
        operator: values
        for statement in policy(assembly, name).values()
        if statement["Effect"] == "Deny" and statement["Action"] == "s3:*"
        for operator, values in statement["Condition"].items()
        if statement["Principal"] == {"AWS": "*"}
        and set(statement["Resource"]) == {f"arn:aws:s3:::<{logical_id}>", f"arn:aws:s3:::<{logical_id}>/*"}
    }
    assert conditions["Bool"] == {"aws:SecureTransport": "false"}
    assert conditions["NumericLessThan"] == {"s3:TlsVersion": 1.2}


@pytest.mark.parametrize("name", ["Archive", "Results"])
def test_archive_and_results_lie_under_the_audit_key(assembly: Assembly, name: str) -> None:
    (rule,) = bucket(assembly, name)[1]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": assembly.key("audit")["Arn"],
    }


def test_access_logs_lie_under_the_only_encryption_that_s3_delivers_them_to(assembly: Assembly) -> None:
    _, logs = bucket(assembly, "AccessLogs")
    (rule,) = logs["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_who_reads_archive_or_results_is_logged(assembly: Assembly) -> None:
    logs, _ = bucket(assembly, "AccessLogs")
    for name, prefix in (("Archive", "archive/"), ("Results", "results/")):
        source, found = bucket(assembly, name)
        assert found["Properties"]["LoggingConfiguration"] == {
            "DestinationBucketName": f"<{logs}>",
            "LogFilePrefix": prefix,
        }
        delivered = [
            statement
            for statement in assembly_statements(assembly, "AccessLogs")
            if statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
            and statement["Resource"] == f"arn:aws:s3:::<{logs}>/{prefix}*"
        ]
        (statement,) = delivered
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::<{source}>"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        }
    assert "LoggingConfiguration" not in bucket(assembly, "AccessLogs")[1]["Properties"]


def assembly_statements(assembly: Assembly, name: str) -> list[dict[str, Any]]:
    logical_id, _ = bucket(assembly, name)
    return [
        statement
        for one in assembly.resources("AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == f"<{logical_id}>"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_only_the_trail_writes_to_the_archive(assembly: Assembly) -> None:
    logical_id, _ = bucket(assembly, "Archive")
    trail = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{assembly.prefix}-trail"
    found = policy(assembly, "Archive")
    allowed = {sid for sid, statement in found.items() if statement["Effect"] == "Allow"}
    assert allowed == {"TrailMayLook", "TrailMayWrite"}
    for sid in allowed:
        assert found[sid]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert found[sid]["Condition"]["StringEquals"]["aws:SourceArn"] == trail
    assert found["TrailMayLook"]["Action"] == "s3:GetBucketAcl"
    assert found["TrailMayWrite"]["Action"] == "s3:PutObject"
    assert found["TrailMayWrite"]["Resource"] == f"arn:aws:s3:::<{logical_id}>/AWSLogs/{ACCOUNT}/*"
    assert found["NobodyElseWrites"] == {
        "Sid": "NobodyElseWrites",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::<{logical_id}>/*",
        "Condition": {"StringNotEquals": {"aws:SourceArn": trail}},
    }


def test_nobody_deletes_from_the_archive_or_unlocks_it(assembly: Assembly) -> None:
    logical_id, _ = bucket(assembly, "Archive")
    assert policy(assembly, "Archive")["NobodyDeletesOrUnlocks"] == {
        "Sid": "NobodyDeletesOrUnlocks",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        "Resource": f"arn:aws:s3:::<{logical_id}>/*",
    }


@pytest.mark.parametrize(
    ("days", "classes"),
    [
        (1, []),
        (59, ["STANDARD_IA"]),
        (400, ["STANDARD_IA", "GLACIER_IR"]),
    ],
)
def test_files_get_cheaper_and_go_when_their_lock_is_over(
    changed: Callable[..., Assembly], days: int, classes: list[str]
) -> None:
    made = changed("dev", archive_retention_days=days)
    gone, markers = bucket(made, "Archive")[1]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert gone["Status"] == markers["Status"] == "Enabled"
    assert gone["ExpirationInDays"] == days + 1
    assert gone["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert gone["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert [one["StorageClass"] for one in gone.get("Transitions", [])] == classes
    assert markers["ExpiredObjectDeleteMarker"] is True


@pytest.mark.parametrize(("name", "days"), [("Results", 30), ("AccessLogs", None)])
def test_results_and_access_logs_go_as_well(assembly: Assembly, name: str, days: int | None) -> None:
    gone, _ = bucket(assembly, name)[1]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert gone["ExpirationInDays"] == (days or assembly.settings["archive_retention_days"] + 1)
