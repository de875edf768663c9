"""Each property that hardens a template, taken away alone, is missed by the test that names it.

A test that still passes when what it is about is gone shows nothing. Here each property is removed from a
copy of the production templates; the named test passes on the original, and must fail on the copy.
"""

from collections.abc import Callable

import pytest

from tests.infrastructure import (
    test_audit_alarms,
    test_audit_archive,
    test_audit_queries,
    test_audit_topic,
    test_audit_trail,
    test_backups,
    test_beyond_scanners,
    test_envelope_key,
    test_firewall,
    test_keys,
    test_policies,
    test_service_hardening,
    test_service_keys,
    test_stacks,
)
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.object_weakenings import OBJECT_WEAKENINGS
from tests.infrastructure.reencryption_weakenings import REENCRYPTION_WEAKENINGS
from tests.infrastructure.weakening import (
    Weakening,
    having,
    in_statement,
    weakened,
    without,
    without_statement,
)

KEY, TABLE, VAULT = "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::Backup::BackupVault"
FUNCTION, STAGE, METHOD = "AWS::Lambda::Function", "AWS::ApiGateway::Stage", "AWS::ApiGateway::Method"
LOG_GROUP, POLICY, ACL = "AWS::Logs::LogGroup", "AWS::IAM::ManagedPolicy", "AWS::WAFv2::WebACL"
TRAIL, BUCKET, BUCKET_POLICY = "AWS::CloudTrail::Trail", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
ALARM, RULE, TOPIC = "AWS::CloudWatch::Alarm", "AWS::Events::Rule", "AWS::SNS::Topic"
OFF = False
ENVELOPE, STORAGE, AUDIT = "EnvelopeKey", "StorageKey", "AuditKey"
KEY_POLICY = ("KeyPolicy",)
RECORD = {
    "aws-crypto-table-name": "records",
    "aws-crypto-partition-name": "tenant",
    "aws-crypto-sort-name": "record",
    "aws-crypto-legend": "SS",
    "aws-crypto-attr.tenant": "acme",
    "aws-crypto-attr.record": "r-1",
}
RECORDS = {"name": "records", "keys": ("tenant", "record"), "days": None}
KEY_STORE = {
    "name": "key-store",
    "keys": ("branch-key-id", "type"),
    "days": "key_store_recovery_days",
}
STORES = test_beyond_scanners.test_every_store_is_encrypted_with_the_key_meant_for_it

WEAKENINGS = [
    # keys
    Weakening(
        "rotation",
        KEY,
        having(OFF, "EnableKeyRotation"),
        test_keys.test_it_rotates_by_itself,
        {"name": "audit"},
    ),
    Weakening(
        "rotation period",
        KEY,
        having(2560, "RotationPeriodInDays"),
        test_keys.test_it_rotates_by_itself,
        {"name": "envelope"},
    ),
    Weakening(
        "wait before a key is deleted",
        KEY,
        having(7, "PendingWindowInDays"),
        test_keys.test_in_production_it_outlives_its_stack_and_waits_thirty_days,
        {"name": "envelope"},
    ),
    Weakening(
        "denial of a shorter wait",
        KEY,
        without_statement("NobodyShortensTheDeletionWindow", *KEY_POLICY),
        test_keys.test_in_production_nobody_shortens_the_deletion_window,
        {"name": "envelope"},
    ),
    Weakening(
        "denial of grants",
        KEY,
        without_statement("NobodyLendsOrCopiesTheKey", *KEY_POLICY),
        test_envelope_key.test_lending_and_copying_are_denied_whatever_else_is_allowed,
        {"action": "kms:CreateGrant"},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "denial of calls without an encryption context",
        KEY,
        without_statement("NobodyWithoutAnEncryptionContext", *KEY_POLICY),
        test_envelope_key.test_a_call_without_encryption_context_is_denied_whatever_else_is_allowed,
        {"action": "kms:Decrypt"},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "denial of other accounts",
        KEY,
        without_statement("NobodyOutsideTheAccount", *KEY_POLICY),
        test_envelope_key.test_another_account_is_denied_whatever_else_is_allowed,
        {"name": "envelope", "action": "kms:Decrypt", "record_context": RECORD},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "conditions on a record's context",
        KEY,
        in_statement("ReaderMayDecryptOfOwnTenant", *KEY_POLICY, change=without("Condition", "StringEquals")),
        test_envelope_key.test_a_role_uses_it_for_no_other_encryption_context,
        {"duty": "reader", "record_context": RECORD},
        logical_id=ENVELOPE,
    ),
    Weakening(
        "the role as a condition beside the account",
        KEY,
        in_statement("ReaderMayDecryptOfOwnTenant", *KEY_POLICY, change=without("Condition", "ArnEquals")),
        test_envelope_key.test_neither_root_nor_an_unlisted_role_can_use_it_or_lend_its_use,
        {
            "principal": test_envelope_key.TAGGED,
            "action": "kms:Decrypt",
            "record_context": RECORD,
        },
        logical_id=ENVELOPE,
    ),
    Weakening(
        "SourceArn of the trail",
        KEY,
        in_statement(
            "TrailMayEncrypt", *KEY_POLICY, change=without("Condition", "StringEquals", "aws:SourceArn")
        ),
        test_service_keys.test_no_other_trail_does,
        logical_id=AUDIT,
    ),
    Weakening(
        "the topic in EventBridge's context",
        KEY,
        in_statement("EventsMayPublishAlarms", *KEY_POLICY, change=without("Condition")),
        test_beyond_scanners.test_a_service_that_uses_a_key_is_bound_to_this_account,
        logical_id=STORAGE,
    ),
    Weakening(
        "SourceAccount of CloudWatch",
        KEY,
        in_statement(
            "CloudwatchMayPublishAlarms",
            *KEY_POLICY,
            change=without("Condition", "StringEquals", "aws:SourceAccount"),
        ),
        test_service_keys.test_cloudwatch_publishes_for_this_account_only,
        logical_id=STORAGE,
    ),
    Weakening(
        "grants for AWS resources only",
        KEY,
        in_statement("DynamoDBMayTakeGrants", *KEY_POLICY, change=without("Condition", "Bool")),
        test_service_keys.test_grants_of_the_storage_key_are_for_aws_resources_only,
        {"service": "dynamodb"},
        logical_id=STORAGE,
    ),
    # storage
    Weakening(
        "encryption of the table",
        TABLE,
        without("SSESpecification"),
        test_stacks.test_a_table_is_encrypted_and_can_be_restored,
        RECORDS,
    ),
    Weakening(
        "point-in-time recovery",
        TABLE,
        having(OFF, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"),
        test_stacks.test_a_table_is_encrypted_and_can_be_restored,
        RECORDS,
    ),
    Weakening(
        "encryption of the key store",
        TABLE,
        without("SSESpecification"),
        test_stacks.test_a_table_is_encrypted_and_can_be_restored,
        KEY_STORE,
        logical_id="KeyStore",
    ),
    Weakening(
        "short memory of the key store",
        TABLE,
        having(35, "PointInTimeRecoverySpecification", "RecoveryPeriodInDays"),
        test_stacks.test_a_table_is_encrypted_and_can_be_restored,
        KEY_STORE,
        logical_id="KeyStore",
    ),
    Weakening(
        "attributes that tenant-admin sees of a record",
        POLICY,
        in_statement("WhatRecordsHangOn", "PolicyDocument", change=without("Condition")),
        test_beyond_scanners.test_no_role_both_writes_and_reads_records,
        logical_id="TenantAdminMayWork",
    ),
    Weakening(
        "a key that tenant-admin cannot open",
        POLICY,
        in_statement(
            "TenantAdminMayMakeAndMoveBranchKeysOfOwnTenant",
            "PolicyDocument",
            change=having(["kms:Decrypt"], "Action"),
        ),
        test_beyond_scanners.test_only_tenant_admin_writes_branch_keys_and_it_opens_none,
        logical_id="TenantAdminSessionMayUseEnvelopeKey",
    ),
    Weakening(
        "protection of the table from deletion",
        TABLE,
        having(OFF, "DeletionProtectionEnabled"),
        test_stacks.test_in_production_data_outlives_its_stack,
    ),
    Weakening(
        "lock of the vault",
        VAULT,
        without("LockConfiguration"),
        test_backups.test_the_vault_is_locked_for_as_long_as_copies_are_kept,
    ),
    Weakening(
        "policy of the vault",
        VAULT,
        without_statement("NobodyDeletesCopies", "AccessPolicy"),
        test_backups.test_nobody_deletes_a_copy_nor_shortens_its_life,
        {"action": "backup:DeleteRecoveryPoint"},
    ),
    Weakening("key of the vault", VAULT, without("EncryptionKeyArn"), STORES, {"kind": VAULT}),
    # functions and API
    Weakening("encryption of environments", FUNCTION, without("KmsKeyArn"), STORES, {"kind": FUNCTION}),
    Weakening(
        "reserved concurrency",
        FUNCTION,
        without("ReservedConcurrentExecutions"),
        test_service_hardening.test_functions_have_the_limits_of_the_settings,
    ),
    Weakening(
        "tracing of functions",
        FUNCTION,
        without("TracingConfig"),
        test_service_hardening.test_functions_are_traced,
    ),
    Weakening(
        "signed requests",
        METHOD,
        having("NONE", "AuthorizationType"),
        test_stacks.test_every_method_wants_a_signed_request_and_is_validated,
    ),
    Weakening(
        "throttling",
        STAGE,
        without("MethodSettings"),
        test_service_hardening.test_every_method_is_throttled_by_itself_and_by_the_stage,
    ),
    Weakening(
        "access log",
        STAGE,
        without("AccessLogSetting"),
        test_stacks.test_the_access_log_holds_no_ids_of_records_and_no_data,
    ),
    Weakening(
        "tracing of the API",
        STAGE,
        having(OFF, "TracingEnabled"),
        test_service_hardening.test_the_api_is_traced,
    ),
    Weakening("key of log groups", LOG_GROUP, without("KmsKeyId"), STORES, {"kind": LOG_GROUP}),
    Weakening(
        "end of logs",
        LOG_GROUP,
        without("RetentionInDays"),
        test_stacks.test_every_log_group_is_encrypted_and_ends,
    ),
    Weakening(
        "samples of requests kept out of the firewall",
        ACL,
        having(True, "VisibilityConfig", "SampledRequestsEnabled"),  # noqa: FBT003
        test_firewall.test_nobody_sees_samples_of_requests,
    ),
    # audit
    Weakening(
        "reading events in the trail",
        TRAIL,
        lambda trail: trail["AdvancedEventSelectors"][0]["FieldSelectors"].append(
            {"Field": "readOnly", "Equals": ["false"]}
        ),
        test_audit_trail.test_all_management_events_are_recorded_reading_ones_too,
    ),
    Weakening(
        "every Region in the trail",
        TRAIL,
        having(OFF, "IsMultiRegionTrail"),
        test_audit_trail.test_the_trail_sees_every_region_and_signs_its_files,
    ),
    Weakening(
        "validation of the trail's files",
        TRAIL,
        having(OFF, "EnableLogFileValidation"),
        test_audit_trail.test_the_trail_sees_every_region_and_signs_its_files,
    ),
    Weakening("key of the trail", TRAIL, without("KMSKeyId"), STORES, {"kind": TRAIL}),
    Weakening(
        "data events of the table",
        TRAIL,
        lambda trail: trail["AdvancedEventSelectors"].pop(-2),
        test_audit_trail.test_every_access_to_the_tables_is_recorded,
    ),
    Weakening(
        "data events of objects",
        TRAIL,
        lambda trail: trail["AdvancedEventSelectors"].pop(),
        test_audit_trail.test_every_access_to_objects_is_recorded_reading_ones_too,
    ),
    Weakening(
        "lock of the archive",
        BUCKET,
        without("ObjectLockConfiguration"),
        test_audit_archive.test_the_archive_is_locked_as_the_settings_say,
        logical_id="BucketsArchive",
    ),
    Weakening(
        "public access block",
        BUCKET,
        having(OFF, "PublicAccessBlockConfiguration", "RestrictPublicBuckets"),
        test_audit_archive.test_buckets_are_closed_versioned_and_outlive_the_stack,
        {"name": "Archive"},
        logical_id="BucketsArchive",
    ),
    Weakening(
        "versions of the archive",
        BUCKET,
        without("VersioningConfiguration"),
        test_audit_archive.test_buckets_are_closed_versioned_and_outlive_the_stack,
        {"name": "Archive"},
        logical_id="BucketsArchive",
    ),
    Weakening(
        "TLS only",
        BUCKET_POLICY,
        lambda policy: policy["PolicyDocument"].update(
            Statement=[
                statement
                for statement in policy["PolicyDocument"]["Statement"]
                if "Bool" not in statement.get("Condition", {})
            ]
        ),
        test_audit_archive.test_nothing_comes_or_goes_without_tls_1_2,
        {"name": "Archive"},
    ),
    Weakening(
        "denial of deletion from the archive",
        BUCKET_POLICY,
        without_statement("NobodyDeletesOrUnlocks", "PolicyDocument"),
        test_audit_archive.test_nobody_deletes_from_the_archive_or_unlocks_it,
        logical_id="BucketsArchive",
    ),
    Weakening(
        "access log of the archive",
        BUCKET,
        without("LoggingConfiguration"),
        test_audit_archive.test_who_reads_archive_or_results_is_logged,
        logical_id="BucketsArchive",
    ),
    Weakening(
        "key of the topic",
        TOPIC,
        without("KmsMasterKeyId"),
        test_audit_topic.test_each_topic_lies_under_its_key,
        {"name": "alarms"},
        logical_id="AlarmsTopic",
    ),
    Weakening(
        "actions of alarms",
        ALARM,
        without("AlarmActions"),
        test_audit_alarms.test_every_alarm_has_an_action_and_says_what_it_means,
    ),
    Weakening(
        "targets of rules",
        RULE,
        without("Targets"),
        test_audit_alarms.test_every_rule_sends_the_whole_event_to_the_topic_and_keeps_what_it_cannot_send,
    ),
    Weakening(
        "encryption of what queries find",
        "AWS::Athena::WorkGroup",
        without("WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration"),
        test_audit_queries.test_results_are_encrypted_and_queries_limited,
    ),
    *OBJECT_WEAKENINGS,
    *REENCRYPTION_WEAKENINGS,
    # callers
    Weakening(
        "callers tied to their tenant",
        POLICY,
        in_statement("ReadOwnTenant", "PolicyDocument", change=having("*", "Resource")),
        test_policies.test_every_resource_is_named,
        logical_id="RecordsRead",
    ),
]


@pytest.fixture
def organization(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", trail="organization")


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=lambda weakening: weakening.what)
def test_a_property_that_is_taken_away_is_missed(
    prod: Assembly, organization: Assembly, weakening: Weakening
) -> None:
    code = weakening.noticed_by.__code__
    wanted = code.co_varnames[: code.co_argcount]
    arguments = dict(weakening.arguments)
    if "organization" in wanted:
        arguments["organization"] = organization
    subject = "prod" if "prod" in wanted else "assembly"
    weakening.noticed_by(**{subject: prod}, **arguments)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        weakening.noticed_by(**{subject: weakened(prod, weakening)}, **arguments)


def test_there_are_enough_of_them() -> None:
    assert len({weakening.what for weakening in WEAKENINGS}) == len(WEAKENINGS) >= 20
