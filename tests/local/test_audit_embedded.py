"""The deployed audit: what it watches for reaches the topic's subscribers, and only that.

An event of each rule is put on the bus, and a record of each counted kind into the trail's log group, in the
shape that CloudTrail gives them. What the embedded AWS cannot carry (the trail records nothing here) is said
in local/README.md.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from moto.cloudwatch.models import cloudwatch_backends

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.subscriber import Subscriber, subscribe
from stacks.audit_catalogue import ALARMS

OTHER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/ffffffff-ffff-ffff-ffff-ffffffffffff"
Event = dict[str, Any]


class Deployed:
    """Names and ARNs of the deployment, as CloudTrail's records show them."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.topic = aws.outputs["AlarmTopicArn"]
        self.prefix = self.topic.rpartition(":")[2].removesuffix("-alarms")
        self.envelope_key = aws.outputs["EnvelopeKeyArn"]
        self.reader = aws.outputs["ReaderFunctionName"]
        self.api = aws.outputs["ApiId"]
        self.archive = aws.outputs["ArchiveBucketName"]
        self.reader_role = self.role_of(self.reader)
        self.tenant_admin_role = self.role_of(aws.outputs["TenantAdminFunctionName"])
        self.object_client = aws.outputs["ObjectClientRoleArn"]
        self.key_store = self.arn("dynamodb", f"table/{aws.outputs['KeyStoreTableName']}")

    def role_of(self, function: str) -> str:
        described = self.aws.client("lambda").get_function_configuration(FunctionName=function)
        return str(described["Role"])

    def key(self, name: str) -> str:
        described = self.aws.client("kms").describe_key(KeyId=f"alias/{self.prefix}/{name}")
        return str(described["KeyMetadata"]["Arn"])

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.aws.region}:{ACCOUNT}:{resource}"

    def record(self, service: str, name: str, **fields: Any) -> Event:
        """A record of CloudTrail; `fields` complete or replace what is in it."""
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/someone", "userName": "someone"}
        return {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/someone/session",
                "accountId": ACCOUNT,
                "sessionContext": {"sessionIssuer": issuer},
            },
            "eventTime": "2026-01-02T03:04:05Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": self.aws.region,
            "sourceIPAddress": "192.0.2.1",
            "requestParameters": {},
            "responseElements": None,
            "eventID": str(uuid4()),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            **fields,
        }

    def event(self, service: str, name: str, **fields: Any) -> Event:
        """The event that EventBridge makes of a record."""
        return {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": "AWS API Call via CloudTrail",
            "source": f"aws.{service}",
            "account": ACCOUNT,
            "time": "2026-01-02T03:04:05Z",
            "region": self.aws.region,
            "resources": [],
            "detail": self.record(service, name, **fields),
        }

    def about(self, key: str) -> list[dict[str, str]]:
        """The resources of a record about a key."""
        return [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}]

    def item_written(self, table: str, *, by: str) -> Event:
        """The record of a role that put an item into a table."""
        return self.record(
            "dynamodb",
            "PutItem",
            userIdentity={"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": by}}},
            requestParameters={"tableName": table.rpartition("/")[2], "key": {"branch-key-id": "acme"}},
            resources=[{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": table}],
            managementEvent=False,
            eventCategory="Data",
        )

    def object_read(self, *, by: str, **fields: str) -> Event:
        """The record of a role that read an object, or was refused it."""
        return self.record(
            "s3",
            "GetObject",
            userIdentity={"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": by}}},
            requestParameters={"bucketName": "objects", "key": "tenants/acme/o-1"},
            readOnly=True,
            managementEvent=False,
            eventCategory="Data",
            **fields,
        )


@pytest.fixture(scope="module")
def deployed(aws: EmbeddedAws) -> Deployed:
    return Deployed(aws)


@pytest.fixture
def subscriber(aws: EmbeddedAws, deployed: Deployed) -> Subscriber:
    made = subscribe(aws, deployed.topic)
    # That somebody subscribed is worth an alarm itself.
    aws.deliver_trail()
    made.notifications()
    return made


def key_event(deployed: Deployed, key: str) -> Event:
    return deployed.event(
        "kms", "DisableKey", resources=deployed.about(key), requestParameters={"keyId": key}
    )


# For each rule: the event, and the same about something that is not ours.
RULES: dict[str, tuple[Callable[[Deployed], Event], Callable[[Deployed], Event]]] = {
    "key-changed": (
        lambda d: key_event(d, d.key("storage")),
        lambda d: key_event(d, OTHER_KEY),
    ),
    "grant-changed": (
        lambda d: d.event("kms", "CreateGrant", resources=d.about(d.envelope_key)),
        lambda d: d.event("kms", "CreateGrant", resources=d.about(OTHER_KEY)),
    ),
    "function-changed": (
        lambda d: d.event(
            "lambda", "UpdateFunctionCode20150331v2", requestParameters={"functionName": d.reader}
        ),
        lambda d: d.event(
            "lambda", "UpdateFunctionCode20150331v2", requestParameters={"functionName": "other"}
        ),
    ),
    "function-role-given": (
        lambda d: d.event(
            "lambda",
            "CreateFunction20150331",
            requestParameters={"functionName": "other", "role": d.reader_role},
        ),
        lambda d: d.event(
            "lambda",
            "CreateFunction20150331",
            requestParameters={"functionName": "other", "role": f"{d.reader_role}-other"},
        ),
    ),
    "key-store-changed": (
        lambda d: d.event("dynamodb", "DeleteResourcePolicy", requestParameters={"resourceArn": d.key_store}),
        lambda d: d.event(
            "dynamodb", "DeleteResourcePolicy", requestParameters={"resourceArn": f"{d.key_store}-other"}
        ),
    ),
    "api-changed": (
        lambda d: d.event("apigateway", "UpdateMethod", requestParameters={"restApiId": d.api}),
        lambda d: d.event("apigateway", "UpdateMethod", requestParameters={"restApiId": "other"}),
    ),
    "trail-changed": (
        lambda d: d.event("cloudtrail", "StopLogging", requestParameters={"name": f"{d.prefix}-trail"}),
        lambda d: d.event("cloudtrail", "StopLogging", requestParameters={"name": "other"}),
    ),
    "archive-changed": (
        lambda d: d.event("s3", "DeleteBucketPolicy", requestParameters={"bucketName": d.archive}),
        lambda d: d.event("s3", "DeleteBucketPolicy", requestParameters={"bucketName": "other"}),
    ),
    "rules-changed": (
        lambda d: d.event("events", "DisableRule", requestParameters={"name": f"{d.prefix}-key-changed"}),
        lambda d: d.event("events", "DisableRule", requestParameters={"name": "other"}),
    ),
    "rules-guard-changed": (
        lambda d: d.event("events", "RemoveTargets", requestParameters={"rule": f"{d.prefix}-rules-changed"}),
        lambda d: d.event("events", "ListRules", requestParameters={"rule": f"{d.prefix}-rules-changed"}),
    ),
    "alarms-changed": (
        lambda d: d.event(
            "monitoring", "DeleteAlarms", requestParameters={"alarmNames": ["x", f"{d.prefix}-api-5xx"]}
        ),
        lambda d: d.event("monitoring", "DeleteAlarms", requestParameters={"alarmNames": ["x"]}),
    ),
    "topic-changed": (
        lambda d: d.event("sns", "Unsubscribe", requestParameters={"subscriptionArn": f"{d.topic}:1"}),
        lambda d: d.event("sns", "Unsubscribe", requestParameters={"subscriptionArn": f"{d.topic}2:1"}),
    ),
    "filters-changed": (
        lambda d: d.event(
            "logs",
            "DeleteMetricFilter",
            requestParameters={"logGroupName": f"/aws/cloudtrail/{d.prefix}-trail"},
        ),
        lambda d: d.event("logs", "DeleteMetricFilter", requestParameters={"logGroupName": "other"}),
    ),
}


def test_there_is_an_event_here_for_every_deployed_rule(aws: EmbeddedAws, deployed: Deployed) -> None:
    rules = aws.client("events").list_rules(NamePrefix=f"{deployed.prefix}-")["Rules"]
    assert {rule["Name"].removeprefix(f"{deployed.prefix}-") for rule in rules} == set(RULES)
    assert {rule["State"] for rule in rules} == {"ENABLED"}


@pytest.mark.parametrize("rule", RULES)
def test_an_event_reaches_the_topics_subscriber_and_its_near_miss_does_not(
    aws: EmbeddedAws, deployed: Deployed, subscriber: Subscriber, rule: str
) -> None:
    event, near_miss = (make(deployed) for make in RULES[rule])
    aws.put_event(near_miss)
    assert subscriber.messages() == []
    aws.put_event(event)
    messages = {message["alarm"]: message for message in subscriber.messages()}
    # A change of the guard is a change of a rule as well, and both say so.
    assert set(messages) - {f"{deployed.prefix}-rules-changed"} <= {f"{deployed.prefix}-{rule}"}
    message = messages[f"{deployed.prefix}-{rule}"]
    assert message["meaning"] == ALARMS[rule]
    assert message["runbook"] == f"docs/operations.md#{rule}"
    assert message["event"] == event


# For each alarm on a metric filter: a record that counts, and one that nearly does.
COUNTED: dict[str, tuple[Callable[[Deployed], Event], Callable[[Deployed], Event]]] = {
    "decrypt-denied": (
        lambda d: d.record(
            "kms", "Decrypt", readOnly=True, errorCode="AccessDenied", resources=d.about(d.envelope_key)
        ),
        lambda d: d.record(
            "kms", "Decrypt", readOnly=True, errorCode="AccessDenied", resources=d.about(OTHER_KEY)
        ),
    ),
    "envelope-key-used-by-others": (
        lambda d: d.record("kms", "Decrypt", readOnly=True, resources=d.about(d.envelope_key)),
        lambda d: d.record(
            "kms",
            "Decrypt",
            readOnly=True,
            resources=d.about(d.envelope_key),
            userIdentity={"sessionContext": {"sessionIssuer": {"arn": d.reader_role}}},
        ),
    ),
    "function-invoked-by-others": (
        lambda d: d.record("lambda", "Invoke", userIdentity={"type": "AssumedRole"}),
        lambda d: d.record(
            "lambda",
            "Invoke",
            userIdentity={"type": "AWSService", "invokedBy": "apigateway.amazonaws.com"},
        ),
    ),
    "key-store-written-by-others": (
        lambda d: d.item_written(d.key_store, by=f"arn:aws:iam::{ACCOUNT}:role/someone"),
        lambda d: d.item_written(d.key_store, by=d.tenant_admin_role),
    ),
    "objects-access-by-others": (
        lambda d: d.object_read(by=f"arn:aws:iam::{ACCOUNT}:role/someone"),
        lambda d: d.object_read(by=d.object_client),
    ),
    "objects-denied": (
        lambda d: d.object_read(by=d.object_client, errorCode="AccessDenied", errorMessage="Access Denied"),
        lambda d: d.object_read(
            by=d.object_client,
            errorCode="AccessDenied",
            errorMessage="is not authorized to perform: s3:ListBucket on resource",
        ),
    ),
    "unusable-key-used": (
        lambda d: d.record(
            "kms", "Decrypt", errorCode="KMSInvalidStateException", resources=d.about(d.key("audit"))
        ),
        lambda d: d.record(
            "kms", "Decrypt", errorCode="KMSInvalidStateException", resources=d.about(OTHER_KEY)
        ),
    ),
    "iam-changed": (
        lambda d: d.record(
            "iam",
            "UpdateAssumeRolePolicy",
            requestParameters={"roleName": d.reader_role.rpartition("/")[2]},
        ),
        lambda d: d.record("iam", "UpdateAssumeRolePolicy", requestParameters={"roleName": "other"}),
    ),
}


@pytest.fixture
def trail_log(aws: EmbeddedAws, deployed: Deployed) -> Iterator[Callable[..., None]]:
    """Write records into the trail's log group, as the trail would."""
    logs, group, stream = aws.client("logs"), f"/aws/cloudtrail/{deployed.prefix}-trail", str(uuid4())
    logs.create_log_stream(logGroupName=group, logStreamName=stream)

    def write(*records: Event) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": json.dumps(record)} for record in records]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def quiet() -> None:
        aws.deliver_trail()
        cloudwatch_backends[ACCOUNT][aws.region].metric_data.clear()
        aws.evaluate_alarms(at=datetime.now(UTC) + timedelta(hours=1))

    # What other tests have tried may ring, and so may these for whoever comes next.
    quiet()
    yield write
    quiet()


def state(aws: EmbeddedAws, name: str) -> str:
    return str(aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


@pytest.mark.parametrize("alarm", COUNTED)
def test_a_record_that_counts_puts_the_alarm_into_alarm_and_its_near_miss_does_not(
    aws: EmbeddedAws, deployed: Deployed, subscriber: Subscriber, trail_log: Callable[..., None], alarm: str
) -> None:
    record, near_miss = (make(deployed) for make in COUNTED[alarm])
    name = f"{deployed.prefix}-{alarm}"
    trail_log(near_miss)
    assert state(aws, name) != "ALARM"
    assert subscriber.messages() == []
    trail_log(record)
    assert state(aws, name) == "ALARM"
    [message] = subscriber.messages()
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert f"docs/operations.md#{alarm}" in message["AlarmDescription"]


def test_what_happens_once_in_a_while_alarms_only_when_it_happens_often(
    aws: EmbeddedAws, deployed: Deployed, trail_log: Callable[..., None]
) -> None:
    often = f"{deployed.prefix}-decrypt-denied-often"
    record = COUNTED["decrypt-denied"][0](deployed)
    aws.evaluate_alarms(at=datetime.now(UTC) + timedelta(hours=1))
    trail_log(record)
    assert state(aws, often) == "OK"
    trail_log(*[record] * 10)
    assert state(aws, often) == "ALARM"


def test_a_record_that_was_changed_behind_the_service_alarms_when_it_is_read(
    aws: EmbeddedAws, deployed: Deployed, subscriber: Subscriber, api: Any
) -> None:
    name = f"{deployed.prefix}-integrity-failure"
    aws.evaluate_alarms(at=datetime.now(UTC) + timedelta(hours=1))
    subscriber.notifications()
    api.put("alarming", {"name": "Ana"})
    item = api.item("alarming")
    api.plant({**item, "name": {"S": "Mallory"}})
    assert api.get("alarming").slug == "integrity-failure"
    # What a function logs is read a moment after its answer.
    deadline, told = time.monotonic() + 5, list[str]()
    while name not in told and time.monotonic() < deadline:
        time.sleep(0.02)
        told.extend(message["AlarmName"] for message in subscriber.messages())
    assert name in told
    assert state(aws, name) == "ALARM"


def test_what_the_functions_measure_can_be_asked_for(aws: EmbeddedAws, api: Any) -> None:
    api.put("measured", {"name": "Ana"})
    deadline, operations = time.monotonic() + 5, set[str]()
    while "put_record" not in operations and time.monotonic() < deadline:
        time.sleep(0.02)
        listed = aws.client("cloudwatch").list_metrics(Namespace="SealedRecords", MetricName="KmsCalls")
        operations = {
            d["Value"]
            for metric in listed["Metrics"]
            for d in metric["Dimensions"]
            if d["Name"] == "operation"
        }
    assert "put_record" in operations


def test_every_alarm_tells_the_topic_and_is_one_of_the_catalogue(
    aws: EmbeddedAws, deployed: Deployed
) -> None:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    ours = [alarm for alarm in alarms if alarm["AlarmName"].startswith(f"{deployed.prefix}-")]
    assert {tuple(alarm["AlarmActions"]) for alarm in ours} == {(deployed.topic,)}
    names = {alarm["AlarmName"].removeprefix(f"{deployed.prefix}-") for alarm in ours}
    assert names | set(RULES) == set(ALARMS)


def test_the_trail_records_everything_with_the_audit_key(aws: EmbeddedAws, deployed: Deployed) -> None:
    cloudtrail = aws.client("cloudtrail")
    trail = cloudtrail.get_trail(Name=f"{deployed.prefix}-trail")["Trail"]
    assert trail["IsMultiRegionTrail"]
    assert trail["LogFileValidationEnabled"]
    assert trail["KmsKeyId"] == deployed.key("audit")
    assert trail["S3BucketName"] == deployed.archive
    assert trail["CloudWatchLogsLogGroupArn"].endswith(f":/aws/cloudtrail/{deployed.prefix}-trail:*")
    assert cloudtrail.get_trail_status(Name=trail["Name"])["IsLogging"]
    selectors = cloudtrail.get_event_selectors(TrailName=trail["Name"])["AdvancedEventSelectors"]
    categories = {
        tuple(field["Equals"])
        for selector in selectors
        for field in selector["FieldSelectors"]
        if field["Field"] == "eventCategory"
    }
    assert categories == {("Management",), ("Data",)}


def test_the_archive_is_locked_and_public_to_nobody(aws: EmbeddedAws, deployed: Deployed) -> None:
    s3, bucket = aws.client("s3"), deployed.archive
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"]["Mode"] == "GOVERNANCE"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == deployed.key("audit")
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    assert any(each["Effect"] == "Deny" and each.get("Condition") == tls for each in statements)
    logged = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"]
    assert logged != bucket


def test_the_queries_are_there_with_the_table_they_ask(aws: EmbeddedAws, deployed: Deployed) -> None:
    athena, workgroup = aws.client("athena"), f"{deployed.prefix}-audit"
    identities = athena.list_named_queries(WorkGroup=workgroup)["NamedQueryIds"]
    queries = [athena.get_named_query(NamedQueryId=each)["NamedQuery"] for each in identities]
    assert "who-decrypted-for-a-tenant" in {query["Name"] for query in queries}
    database = f"{deployed.prefix}_audit".replace("-", "_")
    assert {query["Database"] for query in queries} == {database}
    tables = aws.client("glue").get_tables(DatabaseName=database)["TableList"]
    assert {table["Parameters"]["projection.enabled"] for table in tables} == {"true"}
    names = [table["Name"] for table in tables]
    assert all(any(name in query["QueryString"] for name in names) for query in queries)
    configuration = athena.get_work_group(WorkGroup=workgroup)["WorkGroup"]["Configuration"]
    assert configuration["EnforceWorkGroupConfiguration"]
    assert configuration["BytesScannedCutoffPerQuery"] > 0
    encryption = configuration["ResultConfiguration"]["EncryptionConfiguration"]
    assert encryption["KmsKey"] == deployed.key("audit")


def test_operators_have_a_dashboard(aws: EmbeddedAws, deployed: Deployed) -> None:
    board = aws.client("cloudwatch").get_dashboard(DashboardName=f"{deployed.prefix}-operations")
    assert json.loads(board["DashboardBody"])["widgets"]
