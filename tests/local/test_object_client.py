"""The role object-client over the embedded AWS: who takes it, and that it reaches its own tenant's objects.

What is refused is refused by IAM, by the key or by the bucket, in AWS's words.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.local.actors import ELSEWHERE, Actor, Actors, allow, document, refused
from tests.local.names import PREFIX
from tests.local.test_trail import Archive, of

TENANT, OTHER = "acme", "globex"
IDENTITY = "because no identity-based policy allows the {} action"
RESOURCE = "because no resource-based policy allows the {} action"
DENIED = "with an explicit deny in a resource-based policy"
PART = 5 * 1024 * 1024
TAG = {"Key": "tenant", "Value": TENANT}


def context(tenant: str, **changes: str | None) -> dict[str, str]:
    """The encryption context of an object; a change to None leaves a pair out."""
    pairs = {
        "object-tenant": tenant,
        "object-id": "o-1",
        "object-content-type": "application/pdf",
        "object-length": "11",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {name: value for name, value in pairs.items() if value is not None}


class Deployed:
    """The deployed bucket, role and key, callers, and sessions of the role."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.actors = aws, Actors(aws)
        self.bucket = aws.outputs["ObjectsBucketName"]
        self.role = aws.outputs["ObjectClientRoleArn"]
        self.key = aws.outputs["EnvelopeKeyArn"]
        self.callers = {
            tenant: self.actors.user(f"of-objects-{tenant}", tags={"tenant": tenant})
            for tenant in (TENANT, OTHER)
        }
        self.callers[""] = self.actors.user(
            "of-objects-empty", allow("sts:*", resource=self.role), tags={"tenant": ""}
        )
        self.callers["nobody"] = self.actors.user("of-objects-nobody", allow("sts:*", resource=self.role))
        iam = aws.client("iam")
        for tenant in (TENANT, OTHER):
            iam.attach_user_policy(UserName=f"of-objects-{tenant}", PolicyArn=aws.outputs["ObjectsPolicyArn"])
        self.sessions = {tenant: self.take(tenant) for tenant in (TENANT, OTHER)}
        # Made once: making one takes longer than most calls.
        self._clients = {
            (tenant, service): session.client(service)
            for tenant, session in self.sessions.items()
            for service in ("s3", "kms")
        }
        self.administrator = self.actors.user("of-objects-administrator", allow("*")).client("s3")

    def take(self, caller: str, **changes: Any) -> Actor:
        """Take the role as a caller does, for its own tenant."""
        given = {"Tags": [{"Key": "tenant", "Value": caller}], **changes}
        asked = {name: value for name, value in given.items() if value is not None}
        sts = self.callers[caller].client("sts")
        key = sts.assume_role(RoleArn=self.role, RoleSessionName="a-client", **asked)["Credentials"]
        return Actor(self.aws, Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]))

    def s3(self, tenant: str = TENANT) -> Any:
        return self._clients[tenant, "s3"]

    def kms(self, tenant: str = TENANT) -> Any:
        return self._clients[tenant, "kms"]

    def at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": key}

    def own(self, name: str = "o-1", tenant: str = TENANT) -> dict[str, str]:
        return self.at(f"tenants/{tenant}/{name}")


@pytest.fixture(scope="module")
def deployed(aws: EmbeddedAws) -> Deployed:
    return Deployed(aws)


@pytest.fixture(scope="module")
def stored(deployed: Deployed) -> Iterator[dict[str, str]]:
    """An object of each tenant, under one name; where that of the first is."""
    for tenant in (TENANT, OTHER):
        deployed.s3(tenant).put_object(**deployed.own(tenant=tenant), Body=b"hello world")
    yield deployed.own()
    for tenant in (TENANT, OTHER):
        deployed.s3(tenant).delete_object(**deployed.own(tenant=tenant))


def test_a_tenants_objects_are_stored_read_listed_and_deleted(deployed: Deployed) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")
    first = s3.put_object(**where, Body=b"one")
    second = s3.put_object(**where, Body=b"two", ContentType="text/plain")
    assert s3.get_object(**where)["Body"].read() == b"two"
    old = s3.get_object(**where, VersionId=first["VersionId"])
    assert (old["Body"].read(), old["ContentLength"]) == (b"one", 3)
    head = s3.head_object(**where)
    assert head["ContentType"] == "text/plain"
    assert (head["ServerSideEncryption"], head["VersionId"]) == ("aws:kms", second["VersionId"])
    listed = s3.list_objects_v2(Bucket=deployed.bucket, Prefix=f"tenants/{TENANT}/")["Contents"]
    assert where["Key"] in {each["Key"] for each in listed}
    assert s3.delete_object(**where)["DeleteMarker"] is True
    assert refused(deployed.administrator.get_object, **where)["Code"] == "NoSuchKey"
    # What is deleted or replaced can be read as long as its version is kept, and put back.
    assert s3.get_object(**where, VersionId=second["VersionId"])["Body"].read() == b"two"
    s3.copy_object(**where, CopySource={**where, "VersionId": first["VersionId"]})
    assert s3.get_object(**where)["Body"].read() == b"one"


def test_parts_are_uploaded_listed_and_put_together(deployed: Deployed) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    bodies = {1: b"a" * PART, 2: b"b" * 10}
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in bodies.items()
    ]
    assert [part["PartNumber"] for part in s3.list_parts(**upload)["Parts"]] == [1, 2]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    head = s3.head_object(**where)
    assert head["ContentLength"] == PART + 10
    assert (head["ServerSideEncryption"], head["VersionId"]) == ("aws:kms", done["VersionId"])
    assert head["SSEKMSKeyId"] == done["SSEKMSKeyId"]
    unfinished = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    s3.upload_part(**unfinished, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**unfinished)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.list_parts(**unfinished)


def test_an_object_is_created_once(deployed: Deployed) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")
    s3.put_object(**where, Body=b"one", IfNoneMatch="*")
    assert refused(s3.put_object, **where, Body=b"two", IfNoneMatch="*")["Code"] == "PreconditionFailed"
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"two")["ETag"]}
    with pytest.raises(ClientError) as caught:
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]}, IfNoneMatch="*")
    response = caught.value.response
    assert response["Error"]["Code"] == "PreconditionFailed"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(**where)["Body"].read() == b"one"
    # A deletion leaves nothing that a condition would find.
    s3.delete_object(**where)
    s3.put_object(**where, Body=b"three", IfNoneMatch="*")
    s3.delete_object(**where)
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]}, IfNoneMatch="*")
    assert s3.get_object(**where, VersionId=done["VersionId"])["Body"].read() == b"two"


def test_of_several_who_create_one_object_one_wins(deployed: Deployed) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")

    def create(number: int) -> int:
        try:
            return int(
                s3.put_object(**where, Body=str(number).encode(), IfNoneMatch="*")["ResponseMetadata"][
                    "HTTPStatusCode"
                ]
            )
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(8) as together:
        assert sorted(together.map(create, range(8))) == [200, *[412] * 7]


def test_a_range_of_a_version_is_read(deployed: Deployed) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")
    version = s3.put_object(**where, Body=bytes(range(100)))["VersionId"]
    s3.put_object(**where, Body=b"newer")
    for asked, first, last in (("bytes=10-19", 10, 19), ("bytes=90-", 90, 99), ("bytes=-5", 95, 99)):
        found = s3.get_object(**where, VersionId=version, Range=asked)
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert found["ContentRange"] == f"bytes {first}-{last}/100"
        assert found["ContentLength"] == last - first + 1
        assert found["Body"].read() == bytes(range(first, last + 1))
        assert found["VersionId"] == version
    assert refused(s3.get_object, **where, VersionId=version, Range="bytes=100-")["Code"] == "InvalidRange"


def test_data_keys_of_a_tenants_objects_are_made_and_opened(deployed: Deployed) -> None:
    kms = deployed.kms()
    for pairs in (context(TENANT), context(TENANT, object_length=None)):
        made = kms.generate_data_key(KeyId=deployed.key, NumberOfBytes=32, EncryptionContext=pairs)
        opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=pairs)
        assert opened["Plaintext"] == made["Plaintext"]


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (context(OTHER), IDENTITY),
        (context(TENANT, object_tenant=None), IDENTITY),
        (context(TENANT, object_id=None), IDENTITY),
        (context(TENANT, object_content_type=None), IDENTITY),
        (context(TENANT, purpose="any"), IDENTITY),
        ({"aws-crypto-attr.tenant": TENANT, "aws-crypto-attr.record": "r-1"}, IDENTITY),
        ({"branch-key-id": TENANT, "type": "branch:ACTIVE"}, IDENTITY),
        ({}, DENIED),
    ],
    ids=str,
)
def test_no_other_data_key_is(deployed: Deployed, pairs: Mapping[str, str], reason: str) -> None:
    kms = deployed.kms()
    asked = {"KeyId": deployed.key, "EncryptionContext": pairs}
    told = refused(kms.generate_data_key, NumberOfBytes=32, **asked)
    assert told["Code"] == "AccessDeniedException"
    assert reason.format("kms:GenerateDataKey") in told["Message"]
    made = deployed.kms(OTHER).generate_data_key(
        KeyId=deployed.key, NumberOfBytes=32, EncryptionContext=context(OTHER)
    )
    told = refused(kms.decrypt, CiphertextBlob=made["CiphertextBlob"], **asked)
    assert reason.format("kms:Decrypt") in told["Message"]


CROSS_TENANT: dict[str, tuple[str, Callable[[Any, dict[str, str]], Any]]] = {
    "puts": ("s3:PutObject", lambda s3, at: s3.put_object(**at, Body=b"x")),
    "reads": ("s3:GetObject", lambda s3, at: s3.get_object(**at)),
    "reads a range": ("s3:GetObject", lambda s3, at: s3.get_object(**at, Range="bytes=0-1")),
    "reads a version": ("s3:GetObjectVersion", lambda s3, at: s3.get_object(**at, VersionId="any")),
    "deletes": ("s3:DeleteObject", lambda s3, at: s3.delete_object(**at)),
    "deletes a version": (
        "s3:DeleteObjectVersion",
        lambda s3, at: s3.delete_object(**at, VersionId="any"),
    ),
    "deletes many": (
        "s3:DeleteObject",
        lambda s3, at: s3.delete_objects(Bucket=at["Bucket"], Delete={"Objects": [{"Key": at["Key"]}]}),
    ),
    "begins an upload": ("s3:PutObject", lambda s3, at: s3.create_multipart_upload(**at)),
    "uploads a part": (
        "s3:PutObject",
        lambda s3, at: s3.upload_part(**at, UploadId="any", PartNumber=1, Body=b"x"),
    ),
    "ends an upload": (
        "s3:PutObject",
        lambda s3, at: s3.complete_multipart_upload(
            **at, UploadId="any", MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        ),
    ),
    "gives an upload up": (
        "s3:AbortMultipartUpload",
        lambda s3, at: s3.abort_multipart_upload(**at, UploadId="any"),
    ),
    "lists parts": ("s3:ListMultipartUploadParts", lambda s3, at: s3.list_parts(**at, UploadId="any")),
    "copies to its own": (
        "s3:GetObject",
        lambda s3, at: s3.copy_object(Bucket=at["Bucket"], Key=f"tenants/{TENANT}/copy", CopySource=at),
    ),
    "lists": (
        "s3:ListBucket",
        lambda s3, at: s3.list_objects_v2(Bucket=at["Bucket"], Prefix=f"tenants/{OTHER}/"),
    ),
}


@pytest.mark.parametrize("act", CROSS_TENANT)
def test_another_tenants_objects_are_out_of_reach(
    deployed: Deployed, stored: dict[str, str], act: str
) -> None:
    action, attempt = CROSS_TENANT[act]
    told = refused(attempt, deployed.s3(), deployed.own(tenant=OTHER))
    assert told["Code"] == "AccessDenied"
    assert IDENTITY.format(action) in told["Message"]
    assert deployed.s3(OTHER).get_object(**deployed.own(tenant=OTHER))["Body"].read() == b"hello world"
    assert stored == deployed.own()


UPLOADS: dict[str, Callable[[Any, dict[str, Any], str], Any]] = {
    "adds a part": lambda s3, upload, _: s3.upload_part(**upload, PartNumber=1, Body=b"y"),
    "lists parts": lambda s3, upload, _: s3.list_parts(**upload),
    "ends it": lambda s3, upload, etag: s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    ),
    "gives it up": lambda s3, upload, _: s3.abort_multipart_upload(**upload),
}


@pytest.mark.parametrize("act", UPLOADS)
def test_another_tenants_upload_is_not_reached_by_its_id_under_a_key_of_ones_own(
    deployed: Deployed, act: str
) -> None:
    s3, where = deployed.s3(OTHER), deployed.own(f"{uuid4()}", tenant=OTHER)
    upload_id = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload_id, PartNumber=1, Body=b"x")
    told = refused(UPLOADS[act], deployed.s3(), {**deployed.own(), "UploadId": upload_id}, part["ETag"])
    assert told["Code"] == "NoSuchUpload"
    [kept] = s3.list_parts(**where, UploadId=upload_id)["Parts"]
    assert kept["ETag"] == part["ETag"]
    s3.abort_multipart_upload(**where, UploadId=upload_id)


def test_a_head_says_nothing_of_another_tenants_object(deployed: Deployed, stored: dict[str, str]) -> None:
    assert deployed.s3().head_object(**stored)["ContentLength"] == 11
    # An answer to HEAD has no body, and so no more than its status.
    assert refused(deployed.s3().head_object, **deployed.own(tenant=OTHER))["Code"] == "403"


def test_that_an_object_is_absent_is_told_to_who_may_list_the_whole_bucket(
    deployed: Deployed, stored: dict[str, str]
) -> None:
    s3, where = deployed.s3(), deployed.own(f"{uuid4()}")
    absent: dict[str, Callable[[Any], Any]] = {
        "an object": lambda s3: s3.get_object(**where),
        "a range": lambda s3: s3.get_object(**where, Range="bytes=0-1"),
        "a version": lambda s3: s3.get_object(**stored, VersionId=f"{uuid4()}"),
        "the source of a copy": lambda s3: s3.copy_object(**stored, CopySource=where),
    }
    for what, attempt in absent.items():
        told = refused(attempt, s3)
        assert told["Code"] == "AccessDenied", what
        assert IDENTITY.format("s3:ListBucket") in told["Message"], what
        assert f"on resource: arn:aws:s3:::{deployed.bucket} because" in told["Message"], what
    assert refused(s3.head_object, **where)["Code"] == "403"
    s3.put_object(**where, Body=b"x")
    assert s3.head_object(**where)["ContentLength"] == 1
    # A deletion is no other answer than that there never was one.
    s3.delete_object(**where)
    assert refused(s3.head_object, **where)["Code"] == "403"
    for attempt, code in (
        (absent["an object"], "NoSuchKey"),
        (absent["a version"], "NoSuchVersion"),
        (lambda s3: s3.head_object(**where), "404"),
    ):
        assert refused(attempt, deployed.administrator)["Code"] == code


@pytest.mark.parametrize("prefix", [None, "", "tenants/", f"tenants/{TENANT}", f"tenants/{TENANT}-2/"])
def test_no_list_is_wider_than_the_tenants_own(deployed: Deployed, prefix: str | None) -> None:
    asked = {} if prefix is None else {"Prefix": prefix}
    told = refused(deployed.s3().list_objects_v2, Bucket=deployed.bucket, **asked)
    assert IDENTITY.format("s3:ListBucket") in told["Message"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"ServerSideEncryption": "AES256"}, DENIED),
        ({"ServerSideEncryption": "aws:kms"}, DENIED),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "the envelope key"}, DENIED),
        ({"BucketKeyEnabled": False}, IDENTITY.format("kms:GenerateDataKey")),
    ],
    ids=str,
)
def test_nobody_chooses_another_encryption(deployed: Deployed, asked: dict[str, Any], reason: str) -> None:
    named = {name: deployed.key if name == "SSEKMSKeyId" else value for name, value in asked.items()}
    told = refused(deployed.s3().put_object, **deployed.own(), Body=b"x", **named)
    assert told["Code"] == "AccessDenied"
    assert reason in told["Message"]
    if reason == DENIED:
        told = refused(deployed.administrator.put_object, **deployed.own(), Body=b"x", **named)
        assert reason in told["Message"]


@pytest.fixture(scope="module")
def of_others(deployed: Deployed) -> str:
    """A bucket of another account, whose policy lets everybody."""
    theirs, name = s3_backends[ELSEWHERE]["aws"], f"of-others-{uuid4()}"
    theirs.create_bucket(name, deployed.aws.region)
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    theirs.put_bucket_policy(name, document({**everybody, "Resource": resources}).encode())
    return name


OWNED: dict[str, Callable[[Any, dict[str, str]], Any]] = {
    "puts": lambda s3, at: s3.put_object(**at, Body=b"x"),
    "reads": lambda s3, at: s3.get_object(**at),
    "heads": lambda s3, at: s3.head_object(**at),
    "deletes": lambda s3, at: s3.delete_object(**at),
    "deletes many": lambda s3, at: s3.delete_objects(
        Bucket=at["Bucket"],
        ExpectedBucketOwner=at["ExpectedBucketOwner"],
        Delete={"Objects": [{"Key": at["Key"]}]},
    ),
    "begins an upload": lambda s3, at: s3.create_multipart_upload(**at),
    "uploads a part": lambda s3, at: s3.upload_part(**at, UploadId="any", PartNumber=1, Body=b"x"),
    "ends an upload": lambda s3, at: s3.complete_multipart_upload(
        **at, UploadId="any", MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    ),
    "gives an upload up": lambda s3, at: s3.abort_multipart_upload(**at, UploadId="any"),
    "lists parts": lambda s3, at: s3.list_parts(**at, UploadId="any"),
    "copies": lambda s3, at: s3.copy_object(
        **at, CopySource={"Bucket": at["Bucket"], "Key": f"tenants/{TENANT}/o-1"}
    ),
    "copies from": lambda s3, at: s3.copy_object(
        Bucket=at["Bucket"],
        Key=f"tenants/{TENANT}/copy",
        CopySource={"Bucket": at["Bucket"], "Key": f"tenants/{TENANT}/o-1"},
        ExpectedSourceBucketOwner=at["ExpectedBucketOwner"],
    ),
    "lists": lambda s3, at: s3.list_objects_v2(
        Bucket=at["Bucket"], Prefix=f"tenants/{TENANT}/", ExpectedBucketOwner=at["ExpectedBucketOwner"]
    ),
}


@pytest.mark.parametrize("act", OWNED)
def test_nothing_is_done_in_a_bucket_of_another_owner_than_expected(
    deployed: Deployed, stored: dict[str, str], act: str
) -> None:
    told = refused(OWNED[act], deployed.s3(), {**stored, "ExpectedBucketOwner": ELSEWHERE})
    # An answer to HEAD has no body.
    assert told["Code"] == ("403" if act == "heads" else "AccessDenied")
    assert act == "heads" or told["Message"] == "Access Denied"
    assert deployed.s3().get_object(**stored, ExpectedBucketOwner=ACCOUNT)["Body"].read() == b"hello world"


def test_a_bucket_of_another_account_lets_everybody_and_no_session(
    deployed: Deployed, of_others: str
) -> None:
    """IAM's policy names the bucket, and its account: who takes the name is still not it."""
    conditions = {"StringEquals": {"s3:ResourceAccount": ACCOUNT}}
    limited = deployed.actors.user(f"limited-{uuid4()}", {**allow("s3:*"), "Condition": conditions})
    at = {"Bucket": of_others, "Key": "o-1"}
    told = refused(limited.client("s3").put_object, **at, Body=b"x")
    assert IDENTITY.format("s3:PutObject") in told["Message"]
    told = refused(deployed.s3().put_object, **at, Body=b"x")
    assert IDENTITY.format("s3:PutObject") in told["Message"]
    deployed.administrator.put_object(**at, Body=b"x", ExpectedBucketOwner=ELSEWHERE)
    told = refused(deployed.administrator.put_object, **at, Body=b"x", ExpectedBucketOwner=ACCOUNT)
    assert told["Code"] == "AccessDenied"
    deployed.administrator.delete_object(**at)


def test_nobody_chooses_another_storage_class(deployed: Deployed) -> None:
    where = deployed.own(f"{uuid4()}")
    deployed.s3().put_object(**where, Body=b"x", StorageClass="STANDARD")
    for client in (deployed.s3(), deployed.administrator):
        for attempt in (client.put_object, client.create_multipart_upload):
            told = refused(attempt, **where, StorageClass="GLACIER")
            assert told["Code"] == "AccessDenied"
            assert DENIED in told["Message"]


def test_the_storage_key_answers_through_the_bucket_alone(deployed: Deployed) -> None:
    storage = deployed.aws.client("s3").get_bucket_encryption(Bucket=deployed.bucket)
    [rule] = storage["ServerSideEncryptionConfiguration"]["Rules"]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    arn = {"aws:s3:arn": f"arn:aws:s3:::{deployed.bucket}"}
    told = refused(deployed.kms().generate_data_key, KeyId=key, NumberOfBytes=32, EncryptionContext=arn)
    assert IDENTITY.format("kms:GenerateDataKey") in told["Message"]


def test_an_administrator_reads_the_bucket_and_no_object(deployed: Deployed, stored: dict[str, str]) -> None:
    """IAM lets him at the object; neither the key that it lies under nor the one of its data key does."""
    assert deployed.administrator.get_bucket_versioning(Bucket=deployed.bucket)["Status"] == "Enabled"
    told = refused(deployed.administrator.get_object, **stored)
    assert RESOURCE.format("kms:Decrypt") in told["Message"]


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "without a tag": (TENANT, {"Tags": None}),
    "for another tenant": (TENANT, {"Tags": [{"Key": "tenant", "Value": OTHER}]}),
    "with two tags": (TENANT, {"Tags": [TAG, {"Key": "team", "Value": "any"}]}),
    "with a transitive tag": (TENANT, {"Tags": [TAG], "TransitiveTagKeys": ["tenant"]}),
    "for an empty tenant": ("", {}),
    "by who has no tenant": ("nobody", {"Tags": [TAG]}),
    "by who has no tenant, without a tag": ("nobody", {"Tags": None}),
}


@pytest.mark.parametrize("how", WRONG)
def test_the_role_is_not_taken(deployed: Deployed, how: str) -> None:
    caller, changes = WRONG[how]
    told = refused(deployed.take, caller, **changes)
    assert told["Code"] == "AccessDenied"
    assert "because no resource-based policy allows the sts:AssumeRole action" in told["Message"]


def test_taking_the_role_needs_iams_consent_as_well(deployed: Deployed) -> None:
    deployed.callers["without policy"] = deployed.actors.user(
        f"without-policy-{uuid4()}", tags={"tenant": TENANT}
    )
    told = refused(deployed.take, "without policy", Tags=[TAG])
    assert IDENTITY.format("sts:AssumeRole") in told["Message"]


def test_a_session_has_nothing_to_do_with_records(deployed: Deployed) -> None:
    dynamodb, outputs = deployed.sessions[TENANT].client("dynamodb"), deployed.aws.outputs
    for table, key in (
        (outputs["RecordsTableName"], {"tenant": {"S": TENANT}, "record": {"S": "r-1"}}),
        (outputs["KeyStoreTableName"], {"branch-key-id": {"S": TENANT}, "type": {"S": "branch:ACTIVE"}}),
    ):
        told = refused(dynamodb.get_item, TableName=table, Key=key)
        assert IDENTITY.format("dynamodb:GetItem") in told["Message"]
    sts = deployed.sessions[TENANT].client("sts")
    told = refused(sts.assume_role, RoleArn=deployed.role, RoleSessionName="again", Tags=[TAG])
    assert IDENTITY.format("sts:AssumeRole") in told["Message"]


def test_the_trail_shows_who_read_how_many_bytes_of_which_object(
    deployed: Deployed, stored: dict[str, str]
) -> None:
    deployed.aws.forget_trail()
    archive = Archive(deployed.aws)
    deployed.s3().get_object(**stored, Range="bytes=2-5")
    deployed.s3().put_object(**stored, Body=b"12345")
    deployed.s3().list_objects_v2(Bucket=deployed.bucket, Prefix=f"tenants/{TENANT}/")
    records = list(archive.new())
    [read], [written] = of(records, "s3", "GetObject"), of(records, "s3", "PutObject")
    listed = of(records, "s3", "ListObjects")
    assert [each["requestParameters"]["prefix"] for each in listed] == [f"tenants/{TENANT}/"]
    assert read["additionalEventData"]["bytesTransferredOut"] == 4
    assert read["additionalEventData"]["bytesTransferredIn"] == 0
    assert written["additionalEventData"]["bytesTransferredIn"] == 5
    assert (read["readOnly"], written["readOnly"]) == (True, False)
    assert read["requestParameters"]["key"] == stored["Key"]
    issuer = read["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert issuer["userName"] == f"{PREFIX}-object-client"
