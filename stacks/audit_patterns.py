"""Which calls alarm by themselves: the event patterns of the rules.

EventBridge shows a rule the writing management events of its Region within seconds. The call may have failed:
an attempt is worth an alarm too. IAM's events and reading ones (Decrypt) do not come this way:
stacks/audit_filters.py.

What must stay true: a pattern names our resource in every form that the call may name it in (name, ARN, part
of an ARN), and no other's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stacks.audit_catalogue import physical_name
from stacks.audit_watched import Watched

Pattern = Mapping[str, Any]

KEY_CHANGES = (
    "CreateAlias",
    "DeleteAlias",
    "DeleteKey",  # KMS itself, when the waiting time is over
    "DisableKey",
    "DisableKeyRotation",
    "EnableKeyRotation",  # also sets another period
    "PutKeyPolicy",
    "ReplicateKey",
    "ScheduleKeyDeletion",
    "UpdateAlias",
    "UpdatePrimaryRegion",
)
GRANT_CHANGES = ("CreateGrant", "RetireGrant", "RevokeGrant")
# Lambda's names end with a version of its API, such as UpdateFunctionCode20150331v2.
FUNCTION_CHANGES = (
    "AddPermission",
    "CreateAlias",
    "CreateEventSourceMapping",
    "CreateFunction",  # and CreateFunctionUrlConfig
    "DeleteFunction",  # and its code signing, concurrency, URL
    "PublishVersion",
    "PutFunction",  # concurrency, code signing, recursion
    "PutRuntimeManagementConfig",
    "RemovePermission",
    "UpdateAlias",
    "UpdateEventSourceMapping",
    "UpdateFunction",  # code, configuration, URL
)
ROLE_GIVEN = ("CreateFunction", "UpdateFunctionConfiguration")
CODE_SIGNING_CHANGES = ("DeleteCodeSigningConfig", "UpdateCodeSigningConfig")
API_CHANGES = (
    "CreateDeployment",
    "DeleteRestApi",
    "DeleteStage",
    "PutIntegration",
    "PutMethod",
    "PutRestApi",
    "UpdateAuthorizer",
    "UpdateIntegration",
    "UpdateMethod",
    "UpdateRestApi",
    "UpdateStage",
)
TRAIL_CHANGES = ("DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail")
RULE_CHANGES = ("DeleteRule", "DisableRule", "PutRule", "PutTargets", "RemoveTargets")
ALARM_CHANGES = ("DeleteAlarms", "DisableAlarmActions", "PutMetricAlarm", "SetAlarmState")
TOPIC_CHANGES = (
    "AddPermission",
    "DeleteTopic",
    "PutDataProtectionPolicy",  # can refuse messages for what is in them
    "RemovePermission",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "Subscribe",
    "Unsubscribe",
)
FILTER_CHANGES = (
    "AssociateKmsKey",  # a key that nobody may use stops what is written
    "DeleteLogGroup",
    "DeleteLogStream",
    "DeleteMetricFilter",
    "DeleteRetentionPolicy",
    "DisassociateKmsKey",
    "PutMetricFilter",
    "PutRetentionPolicy",
)
ROLE_CHANGES = ("Attach", "Create", "Delete", "Detach", "Put", "SetDefault", "Update")
KEY_STORE_CHANGES = (
    "CreateBackup",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DeleteTable",
    "ExportTableToPointInTime",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "UpdateContinuousBackups",
    "UpdateTable",
    "UpdateTimeToLive",
)
RULES_GUARD = "rules-changed"


def prefixes(texts: Sequence[str]) -> list[Any]:
    """Match what begins with one of these."""
    return [{"prefix": text} for text in texts]


def calls(service: str, **detail: Any) -> Pattern:  # noqa: ANN401 - whatever a record holds
    """Match calls of a service, by its name before `.amazonaws.com` in CloudTrail's records."""
    return {
        # Only AWS sends events of sources that begin so.
        "source": [{"prefix": "aws."}],
        "detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"],
        "detail": {"eventSource": [f"{service}.amazonaws.com"], **detail},
    }


def patterns(watched: Watched) -> dict[str, Pattern]:
    """Give the pattern of each rule, by the alarm's name."""
    return {
        "key-changed": key_changed(watched),
        "grant-changed": grant_changed(watched),
        "function-changed": function_changed(watched),
        "function-role-given": calls(
            "lambda", eventName=prefixes(ROLE_GIVEN), requestParameters={"role": watched.role_arns}
        ),
        "key-store-changed": key_store_changed(watched),
        "api-changed": calls(
            "apigateway", eventName=list(API_CHANGES), requestParameters={"restApiId": [watched.api_id]}
        ),
        "trail-changed": trail_changed(watched),
        "archive-changed": archive_changed(watched),
        "rules-changed": rules_changed([{"prefix": f"{watched.settings.prefix}-"}]),
        "rules-guard-changed": rules_changed([physical_name(watched.settings, RULES_GUARD)]),
        "alarms-changed": alarms_changed(watched),
        "topic-changed": topic_changed(watched),
        "filters-changed": calls(
            "logs",
            eventName=list(FILTER_CHANGES),
            requestParameters={"logGroupName": list(watched.log_groups)},
        ),
    }


def key_changed(watched: Watched) -> Pattern:
    """Match changes of the three keys and of their aliases."""
    arns = [key.key_arn for key in watched.keys]
    return calls(
        "kms",
        eventName=list(KEY_CHANGES),
        **{
            "$or": [
                {"resources": {"ARN": [*arns, *watched.alias_arns()]}},
                # A refused call may name the key in its parameters alone.
                {"requestParameters": {"keyId": [*arns, *(key.key_id for key in watched.keys)]}},
            ]
        },
    )


def grant_changed(watched: Watched) -> Pattern:
    """Match grants, but for those that services take on the storage key for their own work."""
    storage = watched.storage_key.key_arn
    others = [watched.envelope_key.key_arn, watched.audit_key.key_arn]
    return calls(
        "kms",
        eventName=list(GRANT_CHANGES),
        **{
            "$or": [
                {"resources": {"ARN": others}},
                {"resources": {"ARN": [storage]}, "userIdentity": {"invokedBy": [{"exists": False}]}},
            ]
        },
    )


def function_changed(watched: Watched) -> Pattern:
    """Match changes of the functions, which calls name by name, ARN, and either with a version behind it."""
    named: list[Any] = [
        form
        for name in watched.functions
        for form in (name, {"prefix": f"{name}:"}, {"suffix": f":function:{name}"})
    ]
    # One for all: a pattern has 2,048 characters. Other functions have names that begin so if they are ours.
    named.append({"wildcard": f"*:function:{watched.settings.prefix}-*:*"})
    changed = {"eventName": prefixes(FUNCTION_CHANGES), "requestParameters": {"functionName": named}}
    if watched.settings.code_signing_profile_arn is None:
        return calls("lambda", **changed)
    return calls("lambda", **{"$or": [changed, {"eventName": prefixes(CODE_SIGNING_CHANGES)}]})


def key_store_changed(watched: Watched) -> Pattern:
    """Match changes of the table of branch keys, by all the ways in which calls name a table.

    AWS Backup makes the daily copies in the name of its own role, through DynamoDB's CreateBackup or
    StartAwsBackupJob: what AWS does for a plan of ours is not meant.
    """
    table = watched.key_store
    named = [table.table_name, table.table_arn]
    backups = {"prefix": f"{table.table_arn}/backup/"}
    by_service = {"userIdentity": {"invokedBy": [{"exists": False}]}}
    return calls(
        "dynamodb",
        eventName=list(KEY_STORE_CHANGES),
        **{
            "$or": [
                {"requestParameters": {name: named}, **by_service}
                for name in ("tableName", "tableArn", "resourceArn", "sourceTableName", "sourceTableArn")
            ]
            + [{"requestParameters": {"backupArn": [backups]}, **by_service}]
        },
    )


def trail_changed(watched: Watched) -> Pattern:
    """Match changes of the trail, which calls name by its name or its ARN."""
    trail = [watched.trail, watched.arn("cloudtrail", f"trail/{watched.trail}")]
    return calls(
        "cloudtrail",
        eventName=list(TRAIL_CHANGES),
        **{"$or": [{"requestParameters": {"name": trail}}, {"requestParameters": {"trailName": trail}}]},
    )


def archive_changed(watched: Watched) -> Pattern:
    """Match every change of the buckets' settings: those of S3 all begin alike."""
    return calls(
        "s3",
        eventName=prefixes(("PutBucket", "DeleteBucket", "PutObjectLock")),
        requestParameters={"bucketName": list(watched.buckets)},
    )


def rules_changed(rules: Sequence[Any]) -> Pattern:
    """Match changes of rules; a call on targets names the rule in another parameter."""
    return calls(
        "events",
        eventName=list(RULE_CHANGES),
        **{"$or": [{"requestParameters": {"name": rules}}, {"requestParameters": {"rule": rules}}]},
    )


def alarms_changed(watched: Watched) -> Pattern:
    """Match changes of CloudWatch's alarms."""
    ours = [{"prefix": f"{watched.settings.prefix}-"}]
    return calls(
        "monitoring",
        eventName=list(ALARM_CHANGES),
        **{
            "$or": [
                {"requestParameters": {"alarmName": ours}},
                {"requestParameters": {"alarmNames": ours}},
            ]
        },
    )


def topic_changed(watched: Watched) -> Pattern:
    """Match changes of the topic and of its subscriptions, whose ARNs begin with the topic's."""
    return calls(
        "sns",
        eventName=list(TOPIC_CHANGES),
        **{
            "$or": [
                {"requestParameters": {"topicArn": list(watched.topic_arns)}},
                {"requestParameters": {"resourceArn": list(watched.topic_arns)}},
                {
                    "requestParameters": {
                        "subscriptionArn": prefixes([f"{arn}:" for arn in watched.topic_arns])
                    }
                },
            ]
        },
    )


def iam_changed(watched: Watched) -> Pattern:
    """Match changes of the roles and their policies, where EventBridge shows IAM's events."""
    return calls(
        "iam",
        eventName=prefixes(ROLE_CHANGES),
        **{
            "$or": [
                {
                    "requestParameters": {
                        "roleName": [*watched.roles, *watched.clients, {"prefix": watched.stacks}]
                    }
                },
                {"requestParameters": {"policyArn": [{"wildcard": f"*:policy/{watched.stacks}*"}]}},
            ]
        },
    )


def management_events(watched: Watched) -> Pattern:
    """Match the events of KMS that alarms count where another trail records management events.

    Errors, and what others than our roles do with the envelope key: so the log group stays small.
    """
    issuer = {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [{"exists": False}]}}}}
    others = {
        "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [{"anything-but": watched.workers}]}}}
    }
    resources = {"resources": {"ARN": [watched.envelope_key.key_arn]}}
    return calls(
        "kms",
        **{
            "$or": [
                # Denials and throttling may name no key.
                {"errorCode": [{"exists": True}]},
                {**resources, **issuer},
                {**resources, **others},
            ]
        },
    )
