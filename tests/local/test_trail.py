"""The embedded CloudTrail: what is in its records and what is not, where they go, how they are chained."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from local.clients import Clients
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.subscriber import subscribe
from local.trail.selectors import SelectorError, keeps
from tests.local.actors import Actors, allow, document
from tests.local.names import PREFIX

Record = dict[str, Any]
LOG_FILE = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail/([a-z0-9-]+)/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail_\1_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz"
)
DIGEST = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail-Digest/([a-z0-9-]+)/\d{{4}}/\d\d/\d\d/"
    rf"{ACCOUNT}_CloudTrail-Digest_\1_{PREFIX}-trail_[a-z0-9-]+_\d{{8}}T\d{{6}}Z\.json\.gz"
)


class Archive:
    """The archive as somebody who may read it sees it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.bucket = aws.outputs["ArchiveBucketName"]
        self.s3 = aws.client("s3")
        self._seen = set(self.listed())

    def listed(self) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def text(self, key: str) -> bytes:
        return gzip.decompress(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def new(self) -> Iterator[Record]:
        """Let the trail deliver, and yield the records that have come since the last time."""
        self.aws.deliver_trail()
        before, self._seen = self._seen, set(self.listed())
        for key in sorted(self._seen - before):
            if LOG_FILE.fullmatch(key):
                yield from json.loads(self.text(key))["Records"]


@pytest.fixture
def archive(aws: EmbeddedAws) -> Archive:
    aws.forget_trail()
    return Archive(aws)


def of(records: Iterator[Record] | list[Record], source: str, name: str) -> list[Record]:
    return [
        each
        for each in records
        if (each["eventSource"], each["eventName"]) == (f"{source}.amazonaws.com", name)
    ]


def test_a_read_leaves_who_decrypted_what(aws: EmbeddedAws, api: Any, archive: Archive) -> None:
    api.put("traced", {"n": 1})
    list(archive.new())
    api.get("traced")
    records = list(archive.new())
    [decrypt] = [each for each in of(records, "kms", "Decrypt") if "invokedBy" not in each["userIdentity"]]
    issuer = decrypt["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert (decrypt["eventVersion"], decrypt["userIdentity"]["type"]) == ("1.11", "AssumedRole")
    assert issuer["arn"] == f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-reader"
    context = decrypt["requestParameters"]["encryptionContext"]
    assert (context["aws-crypto-attr.tenant"], context["aws-crypto-attr.record"]) == ("acme", "traced")
    assert [each["ARN"] for each in decrypt["resources"]] == [aws.outputs["EnvelopeKeyArn"]]
    assert (decrypt["readOnly"], decrypt["managementEvent"]) == (True, True)
    assert "errorCode" not in decrypt
    [read] = of(records, "dynamodb", "GetItem")
    assert read["requestParameters"]["key"] == {"tenant": "acme", "record": "traced"}
    assert (read["eventCategory"], read["managementEvent"]) == ("Data", False)
    [invoked] = of(records, "lambda", "Invoke")
    assert invoked["userIdentity"] == {"type": "AWSService", "invokedBy": "apigateway.amazonaws.com"}


def test_no_file_holds_what_is_secret(aws: EmbeddedAws, api: Any, branch_keys: Any, archive: Archive) -> None:
    marker = f"marker-{uuid4()}"
    api.put("traced", {"text": marker})
    api.get("traced")
    branch_keys.create("traced-tenant")
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    sealed = aws.client("kms").encrypt(KeyId=key, Plaintext=marker.encode())["CiphertextBlob"]
    aws.client("kms").decrypt(CiphertextBlob=sealed)
    stored = [
        value["B"]
        for item in (*api.own_items(), *branch_keys.items("traced-tenant").values())
        for value in item.values()
        if "B" in value
    ]
    branch_keys.remove("traced-tenant")
    text = json.dumps(list(archive.new()))
    assert '"traced"' in text
    secrets = [marker.encode(), sealed, *stored]
    for secret in secrets:
        assert secret.decode("latin-1") not in text
        assert base64.b64encode(secret).decode()[:-4] not in text
        assert secret.hex() not in text


def test_data_events_are_recorded_for_the_selected_tables_only(
    aws: EmbeddedAws, api: Any, archive: Archive
) -> None:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="not-selected",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName="not-selected", Item={"id": {"S": "a"}})
    client.delete_table(TableName="not-selected")
    api.put("selected", {"n": 1})
    records = list(archive.new())
    assert [each["requestParameters"]["tableName"] for each in of(records, "dynamodb", "PutItem")] == [
        aws.outputs["RecordsTableName"]
    ]
    assert of(records, "dynamodb", "CreateTable")[0]["managementEvent"] is True


def test_a_refused_call_says_who_and_why_and_rings(aws: EmbeddedAws, archive: Archive) -> None:
    # It may ring already, for what other tests have tried.
    alarm = f"{PREFIX}-decrypt-denied"
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")
    on_call = subscribe(aws, aws.outputs["AlarmTopicArn"])
    someone = Actors(aws).user(f"curious-{uuid4()}", allow("kms:*")).client("kms")
    with suppress(ClientError):
        someone.decrypt(KeyId=aws.outputs["EnvelopeKeyArn"], CiphertextBlob=b"x" * 100)
    [record] = of(archive.new(), "kms", "Decrypt")
    assert record["errorCode"] == "AccessDenied"
    assert "with an explicit deny in a resource-based policy" in record["errorMessage"]
    assert record["requestParameters"] is None
    assert "resources" not in record
    assert on_call.is_told_of(alarm, within=5)


def test_a_change_of_the_key_reaches_the_rule_that_watches_it(aws: EmbeddedAws, archive: Archive) -> None:
    on_call = subscribe(aws, aws.outputs["AlarmTopicArn"])
    kms, key = aws.client("kms"), aws.outputs["EnvelopeKeyArn"]
    kms.disable_key_rotation(KeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=365)
    records = list(archive.new())
    [changed] = of(records, "kms", "DisableKeyRotation")
    assert (changed["readOnly"], changed["userIdentity"]["userName"]) == (False, "operator")
    assert f"{PREFIX}-key-changed" in {message.get("alarm") for message in on_call.messages()}


def test_iams_events_are_those_of_its_own_region(aws: EmbeddedAws, archive: Archive) -> None:
    name = f"traced-{uuid4()}"
    aws.client("iam").create_user(UserName=name)
    [record] = of(archive.new(), "iam", "CreateUser")
    assert (record["awsRegion"], record["requestParameters"]["userName"]) == ("us-east-1", name)
    aws.client("iam").delete_user(UserName=name)


def test_a_call_for_a_region_that_does_not_exist_holds_up_no_other_record(
    aws: EmbeddedAws, archive: Archive
) -> None:
    Clients(aws.aws_endpoint, "xy").client("sts").get_caller_identity()
    aws.client("kms").list_keys()
    records = list(archive.new())
    assert len(of(records, "kms", "ListKeys")) == 1


def test_an_unknown_key_is_nobody(aws: EmbeddedAws, archive: Archive, sign: Any, send: Any) -> None:
    from botocore.credentials import Credentials

    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    key = Credentials("AKIAIOSFODNN7EXAMPLE", "x")
    send(
        aws.aws_endpoint,
        sign(
            aws.aws_endpoint,
            "POST",
            "/",
            key=key,
            region=aws.region,
            service="kms",
            body=b"{}",
            headers=headers,
        ),
    )
    [record] = of(archive.new(), "kms", "ListKeys")
    assert record["errorCode"] == "UnrecognizedClientException"
    assert record["userIdentity"]["type"] == "Unknown"


def test_files_and_log_group_have_the_same_records(aws: EmbeddedAws, archive: Archive) -> None:
    aws.client("kms").list_keys()
    [record] = of(archive.new(), "kms", "ListKeys")
    group = f"/aws/cloudtrail/{PREFIX}-trail"
    stream = f"{ACCOUNT}_CloudTrail_{aws.region}"
    events = aws.client("logs").get_log_events(
        logGroupName=group, logStreamName=stream, limit=500, startFromHead=False
    )["events"]
    assert record["eventID"] in {json.loads(event["message"])["eventID"] for event in events}


def validated(archive: Archive, region: str) -> list[str]:
    """Follow the digests of a Region from the newest back, as the CloudTrail User Guide says."""
    problems: list[str] = []
    digests = sorted(key for key in archive.listed() if f"/CloudTrail-Digest/{region}/" in key)
    key: str | None = digests[-1]
    public = {
        each["Fingerprint"]: serialization.load_der_public_key(_spki(each["Value"]))
        for each in archive.aws.client("cloudtrail").list_public_keys()["PublicKeyList"]
    }
    expected: str | None = None
    seen: set[str] = set()
    while key is not None:
        assert key not in seen, "the digests go in a circle"
        seen.add(key)
        found = archive.s3.get_object(Bucket=archive.bucket, Key=key)
        text = gzip.decompress(found["Body"].read())
        digest = json.loads(text)
        if expected is not None and hashlib.sha256(text).hexdigest() != expected:
            problems.append(f"{key}: hash")
        if (digest["digestS3Bucket"], digest["digestS3Object"]) != (archive.bucket, key):
            problems.append(f"{key}: place")
        lines = (
            digest["digestEndTime"],
            f"{archive.bucket}/{key}",
            hashlib.sha256(text).hexdigest(),
            digest["previousDigestSignature"] or "null",
        )
        signature = bytes.fromhex(found["Metadata"]["signature"])
        try:
            public[digest["digestPublicKeyFingerprint"]].verify(  # type: ignore[union-attr, call-arg]
                signature, "\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            problems.append(f"{key}: signature")
        for file in digest["logFiles"]:
            try:
                content = archive.text(file["s3Object"])
            except ClientError:
                problems.append(f"{file['s3Object']}: missing")
                continue
            if hashlib.sha256(content).hexdigest() != file["hashValue"]:
                problems.append(f"{file['s3Object']}: hash")
        expected, key = digest["previousDigestHashValue"], digest["previousDigestS3Object"]
    return problems


def _spki(pkcs1: bytes) -> bytes:
    """Wrap a public key of PKCS #1 in what X.509 calls it."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    bits = b"\x03\x82" + (len(pkcs1) + 1).to_bytes(2) + b"\x00" + pkcs1
    body = algorithm + bits
    return b"\x30\x82" + len(body).to_bytes(2) + body


def test_digests_are_chained_and_tell_of_what_was_changed(aws: EmbeddedAws, archive: Archive) -> None:
    from moto.s3.models import s3_backends

    for _ in range(3):
        aws.client("kms").list_keys()
        aws.deliver_trail()
    keys = archive.listed()
    assert [key for key in keys if not LOG_FILE.fullmatch(key) and not DIGEST.fullmatch(key)] == []
    assert validated(archive, aws.region) == []

    bucket = s3_backends[ACCOUNT]["aws"].get_bucket(archive.bucket)
    for pattern, problem in ((LOG_FILE, "hash"), (DIGEST, "hash")):
        # The latest file; and a digest that another one follows.
        chosen = [key for key in keys if pattern.fullmatch(key) and f"/{aws.region}/" in key][-2]
        stored = bucket.keys[chosen]
        original = stored.value
        stored.value = gzip.compress(gzip.decompress(original).replace(b"ListKeys", b"ListKeyz", 1) + b" ")
        assert any(problem in each for each in validated(archive, aws.region))
        stored.value = original
    assert validated(archive, aws.region) == []


def test_the_trail_delivers_nothing_where_policies_refuse_it(aws: EmbeddedAws, archive: Archive) -> None:
    s3 = aws.client("s3")
    policy = s3.get_bucket_policy(Bucket=archive.bucket)["Policy"]
    changed = policy.replace(":trail/", ":trail/another-")
    assert changed != policy
    s3.put_bucket_policy(Bucket=archive.bucket, Policy=changed)
    try:
        assert list(archive.new()) == []
        refused = [each for each in aws.enforcement.refused() if archive.bucket in each.ask.resource][-1]
        assert refused.ask.action == "s3:PutObject"
        assert refused.identity.principal.arn == "cloudtrail.amazonaws.com"
    finally:
        s3.put_bucket_policy(Bucket=archive.bucket, Policy=policy)
    aws.client("kms").list_keys()
    assert of(archive.new(), "kms", "ListKeys")


def test_the_log_group_gets_nothing_if_the_role_may_not_write(aws: EmbeddedAws, archive: Archive) -> None:
    iam, logs = aws.client("iam"), aws.client("logs")
    trail = aws.client("cloudtrail").get_trail(Name=f"{PREFIX}-trail")["Trail"]
    role = trail["CloudWatchLogsRoleArn"].rpartition("/")[2]
    denial = {"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"}

    def lines() -> int:
        where = {"logGroupName": f"/aws/cloudtrail/{PREFIX}-trail", "logStreamNamePrefix": f"{ACCOUNT}_"}
        [stream] = logs.describe_log_streams(**where)["logStreams"]
        return int(stream["storedBytes"])

    aws.deliver_trail()
    before = lines()
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document(denial))
    try:
        assert list(archive.new())
        assert lines() == before
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")
    aws.deliver_trail()
    assert lines() > before


def test_the_call_that_stops_the_trail_is_the_last_one_it_keeps(aws: EmbeddedAws, archive: Archive) -> None:
    client = aws.client("cloudtrail")
    name = f"{PREFIX}-trail"
    client.stop_logging(Name=name)
    aws.client("kms").list_keys()
    client.start_logging(Name=name)
    names = [each["eventName"] for each in archive.new()]
    assert "StopLogging" in names
    assert "StartLogging" in names
    assert "ListKeys" not in names


ALARMED = {"eventCategory": "Data", "eventName": "PutItem", "eventSource": "dynamodb.amazonaws.com"}
RECORD = {
    **ALARMED,
    "readOnly": False,
    "managementEvent": False,
    "resources": [{"ARN": "arn:x:table/a", "type": "T"}],
}


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ({"Field": "eventCategory", "Equals": ["Data"]}, True),
        ({"Field": "eventCategory", "Equals": ["Management"]}, False),
        ({"Field": "eventName", "NotEquals": ["PutItem"]}, False),
        ({"Field": "eventName", "NotStartsWith": ["Get"]}, True),
        ({"Field": "readOnly", "Equals": ["true"]}, False),
        ({"Field": "resources.ARN", "StartsWith": ["arn:x:table/"]}, True),
        ({"Field": "resources.ARN", "EndsWith": ["/b"]}, False),
        ({"Field": "resources.type", "Equals": ["T"], "NotEquals": ["T"]}, False),
    ],
)
def test_a_selector_keeps_what_all_its_fields_name(field: dict[str, Any], *, kept: bool) -> None:
    assert keeps([{"FieldSelectors": [field]}], RECORD) is kept


@pytest.mark.parametrize("field", [{"Field": "sky", "Equals": ["a"]}, {"Field": "eventName", "Likes": ["a"]}])
def test_a_selector_that_is_not_known_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(SelectorError):
        keeps([{"FieldSelectors": [field]}], RECORD)
