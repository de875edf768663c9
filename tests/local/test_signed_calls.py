"""Callers of the services are found by their signatures; what can be read in two ways is refused."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import principals
from local.embedded import EmbeddedAws
from tests.local.actors import Actor, Actors, allow, refused


def test_a_known_key_with_another_secret_is_refused(aws: EmbeddedAws, person: Any) -> None:
    forged = Actor(aws, Credentials(person(allow("*")).key.access_key, "another"))
    for service, operation, code in (
        ("kms", "list_keys", "InvalidSignatureException"),
        ("dynamodb", "list_tables", "InvalidSignatureException"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
    ):
        assert refused(getattr(forged.client(service), operation))["Code"] == code


def test_an_unknown_key_is_refused(aws: EmbeddedAws) -> None:
    unknown = Actor(aws, Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))
    assert refused(unknown.client("kms").list_keys)["Code"] == "UnrecognizedClientException"
    assert refused(unknown.client("sts").get_caller_identity)["Code"] == "InvalidClientTokenId"


def test_a_session_is_taken_with_its_token_only(aws: EmbeddedAws, actors: Actors) -> None:
    key = actors.role("reader").key
    for token in (None, "another"):
        without = Actor(aws, Credentials(key.access_key, key.secret_key, token))
        error = refused(without.client("dynamodb").describe_table, TableName="x")
        assert error["Code"] == "UnrecognizedClientException"


def test_a_session_that_is_over_is_refused(actors: Actors) -> None:
    actor = actors.role("reader")
    session = principals.find_session(actor.key.access_key)
    assert session is not None
    session.expiration = session.expiration.replace(year=2020)
    assert refused(actor.client("kms").list_keys)["Code"] == "ExpiredTokenException"


def test_a_request_without_a_signature_is_refused(aws: EmbeddedAws, send: Any, sign: Any) -> None:
    key = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    request = sign(aws.aws_endpoint, "GET", "/", key=key, region=aws.region, service="s3")
    del request.headers["Authorization"]
    assert send(aws.aws_endpoint, request).status == 403


def test_a_body_that_was_changed_on_the_way_is_refused(
    aws: EmbeddedAws, person: Any, sign: Any, send: Any
) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    request = sign(
        aws.aws_endpoint,
        "POST",
        "/",
        key=person(allow("kms:ListKeys")).key,
        region=aws.region,
        service="kms",
        body=b"{}",
        headers=headers,
    )
    assert send(aws.aws_endpoint, request).status == 200
    changed = type(request)(request.method, request.path, b'{"Limit": 1}', request.headers)
    answer = send(aws.aws_endpoint, changed)
    assert (answer.status, json.loads(answer.body)["__type"]) == (400, "InvalidSignatureException")


def test_a_request_that_can_be_read_in_two_ways_is_refused(
    aws: EmbeddedAws, person: Any, sign: Any, send: Any
) -> None:
    bucket = f"two-ways-{uuid4()}"
    constraint = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=constraint)
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"secret")
    key = person(allow("s3:ListAllMyBuckets", "kms:ListKeys", "s3:GetObject", resource="*")).key
    lister = person(allow("s3:ListAllMyBuckets", "kms:ListKeys")).key
    target = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}

    def asked(method: str, path: str, *, who: Credentials, service: str, **more: Any) -> Any:
        return sign(aws.aws_endpoint, method, path, key=who, region=aws.region, service=service, **more)

    plain = asked("GET", f"/{bucket}/a", who=key, service="s3")
    assert send(aws.aws_endpoint, plain).body == b"secret"
    for request in (
        asked("GET", f"/{bucket}/a?Action=ListBuckets", who=lister, service="s3"),
        asked("GET", f"/{bucket}/a?Action=ListBuckets", who=key, service="s3"),
        asked("GET", f"/{bucket}/a", who=key, service="s3", headers={"X-Amz-Target": "S3.ListBuckets"}),
        asked("POST", "/?Action=CreateKey", who=lister, service="kms", body=b"{}", headers=target),
    ):
        answer = send(aws.aws_endpoint, request)
        assert answer.status in (400, 403)
        assert b"nobody may" in answer.body


def test_a_bucket_in_the_hosts_name_is_refused(aws: EmbeddedAws, person: Any) -> None:
    s3, hidden = aws.client("s3"), f"hidden-{uuid4()}"
    s3.create_bucket(Bucket=hidden, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket=hidden, Key="open/a", Body=b"secret")
    key = person(allow("s3:GetObject", resource="arn:aws:s3:::open/*")).key
    host = f"{hidden}.s3.amazonaws.com"
    request = AWSRequest(method="GET", url=f"http://{host}/open/a")
    S3SigV4Auth(key, "s3", aws.region).add_auth(request)
    port = urlsplit(aws.aws_endpoint).port
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/open/a", headers={**dict(request.headers.items()), "Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 403
    assert b"nobody may" in body
