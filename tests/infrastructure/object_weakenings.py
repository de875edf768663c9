"""What protects objects, each to be taken away alone by test_mutations.py."""

from tests.infrastructure import (
    test_audit_alarms,
    test_object_client,
    test_objects_bucket,
)
from tests.infrastructure.assembly import ACCOUNT
from tests.infrastructure.weakening import (
    Weakening,
    having,
    in_statement,
    without,
    without_statement,
)

KEY, POLICY = "AWS::KMS::Key", "AWS::IAM::ManagedPolicy"
BUCKET, BUCKET_POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
ENVELOPE, STORAGE = "EnvelopeKey", "StorageKey"
KEY_POLICY = ("KeyPolicy",)

OBJECT_WEAKENINGS = [
    Weakening(
        "an object's tenant in the key's policy",
        KEY,
        in_statement(
            "ObjectClientMayDecryptOfOwnTenant", *KEY_POLICY, change=without("Condition", "StringEquals")
        ),
        test_object_client.test_the_key_is_used_for_no_other_context,
        {"what": "another tenant's"},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "an object's tenant in the role's policy",
        POLICY,
        in_statement(
            "ObjectClientMayDecryptOfOwnTenant",
            "PolicyDocument",
            change=without("Condition", "StringEquals"),
        ),
        test_object_client.test_the_key_is_used_for_no_other_context,
        {"what": "another tenant's"},
        logical_id="ObjectClientMayUseEnvelopeKey",
    ),
    Weakening(
        "what else an object's context must have",
        KEY,
        in_statement("ObjectClientMayDecryptOfOwnTenant", *KEY_POLICY, change=without("Condition", "Null")),
        test_object_client.test_the_key_is_used_for_no_other_context,
        {"what": "without the object"},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "what an object's context may have",
        KEY,
        in_statement(
            "ObjectClientMayMakeDataKeysOfOwnTenant",
            *KEY_POLICY,
            change=without("Condition", "ForAllValues:StringEquals"),
        ),
        test_object_client.test_the_key_is_used_for_no_other_context,
        {"what": "with one more"},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "the bucket in S3's use of the storage key",
        KEY,
        in_statement(
            "ObjectClientMayUseThroughItsBucket", *KEY_POLICY, change=without("Condition", "StringEquals")
        ),
        test_object_client.test_the_storage_key_is_used_by_s3_for_the_bucket_alone,
        logical_id=STORAGE,
    ),
    Weakening(
        "the caller's tag in the trust of object-client",
        "AWS::IAM::Role",
        lambda role: role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].pop("StringEquals"),
        test_object_client.test_nobody_else_takes_the_role,
        {"what": "another tenant's tag"},
        logical_id="ObjectClient",
    ),
    Weakening(
        "denial of an empty tag of object-client",
        "AWS::IAM::Role",
        lambda role: role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].pop("StringLike"),
        test_object_client.test_nobody_else_takes_the_role,
        {"what": "an empty tag of a caller whose own is empty"},
        logical_id="ObjectClient",
    ),
    Weakening(
        "denial of slashes in the tag of object-client",
        "AWS::IAM::Role",
        lambda role: role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].pop("StringNotLike"),
        test_object_client.test_nobody_else_takes_the_role,
        {"what": "a tenant within another's prefix"},
        logical_id="ObjectClient",
    ),
    Weakening(
        "the tenant's own prefix",
        POLICY,
        in_statement("OwnObjects", "PolicyDocument", change=having("*", "Resource")),
        test_object_client.test_no_object_of_others_is_within_reach,
        logical_id="ObjectClientMayUseBucket",
    ),
    Weakening(
        "the tenant's own prefix in lists",
        POLICY,
        in_statement("ListOwnObjects", "PolicyDocument", change=without("Condition")),
        test_object_client.test_it_lists_its_own_objects_alone,
        logical_id="ObjectClientMayUseBucket",
    ),
    *(
        Weakening(
            what,
            POLICY,
            in_statement(sid, "PolicyDocument", change=without("Condition", "StringEquals")),
            test_object_client.test_no_bucket_of_another_account_is_within_reach,
            logical_id="ObjectClientMayUseBucket",
        )
        for what, sid in (
            ("the account of the bucket of objects", "OwnObjects"),
            ("the account of the bucket of objects in lists", "ListOwnObjects"),
        )
    ),
    Weakening(
        "bucket key",
        BUCKET,
        lambda bucket: bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].pop(
            "BucketKeyEnabled"
        ),
        test_objects_bucket.test_it_lies_under_the_storage_key_with_a_bucket_key,
        logical_id="Objects",
    ),
    Weakening(
        "versions of objects",
        BUCKET,
        without("VersioningConfiguration"),
        test_objects_bucket.test_it_is_closed_versioned_and_owned,
        logical_id="Objects",
    ),
    Weakening(
        "end of old versions",
        BUCKET,
        without("LifecycleConfiguration"),
        test_objects_bucket.test_old_versions_and_unfinished_uploads_go_and_objects_stay,
        logical_id="Objects",
    ),
    *(
        Weakening(
            what,
            BUCKET_POLICY,
            without_statement(sid, "PolicyDocument"),
            test_objects_bucket.test_nobody_chooses_another_encryption,
            {"what": refused},
            logical_id="Objects",
        )
        for what, sid, refused in (
            ("denial of another encryption", "NobodyChoosesAnotherEncryption", "another algorithm"),
            ("denial of AWS's own key", "NobodyLeavesTheKeyToS3", "no key named"),
            ("denial of another key", "NobodyNamesAnotherKey", "another key alone"),
            ("denial of the caller's own key", "NobodyBringsAKey", "the caller's own key"),
        )
    ),
    Weakening(
        "denial of another storage class",
        BUCKET_POLICY,
        without_statement("NobodyChoosesAnotherStorageClass", "PolicyDocument"),
        test_objects_bucket.test_nobody_chooses_another_storage_class,
        {"chosen": "GLACIER"},
        logical_id="Objects",
    ),
    Weakening(
        "denial of replication into the bucket of objects",
        BUCKET_POLICY,
        without_statement("NobodyReplicatesIntoIt", "PolicyDocument"),
        test_objects_bucket.test_nobody_replicates_into_it,
        {"action": "s3:ReplicateObject"},
        logical_id="Objects",
    ),
    Weakening(
        "denial of access points of the bucket of objects",
        BUCKET_POLICY,
        without_statement("NobodyComesByAnAccessPoint", "PolicyDocument"),
        test_objects_bucket.test_nobody_comes_by_an_access_point,
        {"account": ACCOUNT},
        logical_id="Objects",
    ),
    *(
        Weakening(
            what,
            "AWS::Logs::MetricFilter",
            having('{ $.eventSource = "nothing" }', "FilterPattern"),
            test_audit_alarms.test_a_call_sets_off_its_alarms_and_no_other,
            {"case": next(case for case in test_audit_alarms.CASES if case.says == seen)},
            logical_id=logical_id,
        )
        for what, seen, logical_id in (
            ("others' calls on objects", "root removes a version", "CountersObjectsAccess"),
            ("objects refused", "a session reads another tenant's object", "CountersObjectsDeniedData"),
            (
                "data keys of objects refused",
                "a session asks for a data key of another tenant's objects",
                "CountersObjectsDenied0",
            ),
        )
    ),
]
