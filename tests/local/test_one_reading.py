"""What is judged is what is carried out: requests that say one thing to the judge and another to moto."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.principals import MACHINE_KEY
from tests.local.actors import Actor, Actors, allow, document, refused

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Raw = Callable[..., Any]


@pytest.fixture
def raw(aws: EmbeddedAws, sign: Any, send: Any) -> Raw:
    """Send what no client of AWS would, signed."""

    def ask(actor: Actor, service: str, path: str, body: str = "", **options: Any) -> Any:
        request = sign(
            aws.aws_endpoint,
            options.pop("method", "POST"),
            path,
            key=actor.key,
            region=options.pop("region", aws.region),
            service=service,
            body=body.encode(),
            headers=options.pop("headers", {}),
        )
        return send(aws.aws_endpoint, request)

    return ask


def test_an_operation_is_named_once_in_a_form(aws: EmbeddedAws, person: Any, raw: Raw) -> None:
    role = aws.client("iam").create_role(
        RoleName=f"r-{uuid4()}", AssumeRolePolicyDocument='{"Statement": []}'
    )
    version = "Version=2011-06-15"
    taken = f"Action=AssumeRole&{version}&RoleArn={role['Role']['Arn']}&RoleSessionName=me"
    identity = f"Action=GetCallerIdentity&{version}"
    nobody = person()
    assert raw(nobody, "sts", "/", identity, headers=FORM).status == 200
    for path, body in ((f"/?{identity}", taken), (f"/?{taken}", identity), ("/", f"{identity}&{taken}")):
        answer = raw(nobody, "sts", path, body, headers=FORM)
        assert answer.status == 403
        assert b"SecretAccessKey" not in answer.body


def test_what_looks_like_a_form_in_json_is_not_read_as_one(aws: EmbeddedAws, person: Any, raw: Raw) -> None:
    queue = aws.client("sqs").create_queue(QueueName=f"q-{uuid4()}")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="kept")
    name = queue.rpartition("/")[2]
    sender = person(allow("sqs:SendMessage", resource=f"arn:aws:sqs:{aws.region}:{ACCOUNT}:{name}"))
    sender.client("sqs").send_message(QueueUrl=queue, MessageBody="a=1&Action=PurgeQueue&QueueUrl=x")
    held = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert held["ApproximateNumberOfMessages"] == "2"


def test_a_call_is_carried_out_in_the_region_that_is_signed(aws: EmbeddedAws, person: Any, raw: Raw) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    listed = raw(person(allow("kms:ListKeys")), "kms", "/", "{}", headers=headers)
    elsewhere = {**headers, "User-Agent": f"region/{aws.region}"}
    answer = raw(person(allow("kms:ListKeys")), "kms", "/", "{}", headers=elsewhere, region="us-west-2")
    assert b"KeyArn" in listed.body
    assert answer.status == 200
    assert b"KeyArn" not in answer.body


@pytest.mark.parametrize("path", ["/moto-api/data.json", "/moto-api/reset", "/latest/meta-data/"])
def test_the_emulators_own_pages_are_nobodys(aws: EmbeddedAws, person: Any, raw: Raw, path: str) -> None:
    answer = raw(person(allow("*")), "sts", f"{path}?Action=GetCallerIdentity&Version=2011-06-15")
    assert (answer.status, answer.body) == (403, b"")
    assert aws.client("kms").list_keys()["Keys"]


def test_an_account_is_not_chosen_by_a_header(person: Any, raw: Raw) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    other = {**headers, "X-Moto-Account-Id": "999999999999"}
    assert raw(person(allow("*")), "kms", "/", "{}", headers=other).status == 400


def test_a_signature_names_one_signer(aws: EmbeddedAws, person: Any, sign: Any, send: Any) -> None:
    me, other = person(allow("kms:ListKeys")), person()
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    request = sign(
        aws.aws_endpoint,
        "POST",
        "/",
        key=me.key,
        region=aws.region,
        service="kms",
        body=b"{}",
        headers=headers,
    )
    assert send(aws.aws_endpoint, request).status == 200
    written = request.headers["Authorization"]
    framed = written.replace(
        "Credential=", f"Credential={other.key.access_key}/x/{aws.region}/kms/x, Credential="
    )
    changed = type(request)(
        request.method, request.path, request.body, {**request.headers, "Authorization": framed}
    )
    assert send(aws.aws_endpoint, changed).status in (400, 403)


def test_the_machines_own_key_cannot_be_guessed() -> None:
    assert len(MACHINE_KEY) > 32


def test_a_key_is_named_by_its_own_arn_only(aws: EmbeddedAws, person: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    client = person().client("kms")
    for named in (
        f"arn:aws:kms:{aws.region}:999999999999:key/{key}",
        f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{key}",
        f"arn:aws:kms:{aws.region}:{ACCOUNT}:key/{key}",
        key,
    ):
        error = refused(client.generate_data_key, KeyId=named, KeySpec="AES_256")
        assert error["Code"] == "AccessDeniedException", named


def test_a_grantee_lends_no_more_than_it_has(aws: EmbeddedAws, person: Any) -> None:
    owner, friend = aws.client("kms"), person()
    arn = aws.client("sts").get_caller_identity()["Arn"]
    key = owner.create_key()["KeyMetadata"]["KeyId"]
    mine = friend.client("sts").get_caller_identity()["Arn"]
    owner.create_grant(KeyId=key, GranteePrincipal=mine, Operations=["CreateGrant", "Encrypt"])
    client = friend.client("kms")
    more = {"KeyId": key, "GranteePrincipal": mine, "Operations": ["Encrypt", "Decrypt"]}
    assert refused(client.create_grant, **more)["Code"] == "AccessDeniedException"
    client.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])


def test_context_keys_that_differ_by_case_alone_are_not_judged(aws: EmbeddedAws, person: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    own = {"StringEquals": {"kms:EncryptionContext:tenant": "acme"}}
    client = person({**allow("kms:GenerateDataKey"), "Condition": own}).client("kms")
    client.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"tenant": "acme"})
    for context in ({"tenant": "globex"}, {"tenant": "globex", "Tenant": "acme"}):
        error = refused(client.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=context)
        assert error["Code"] == "AccessDeniedException"


QUERY = {"KeyConditionExpression": "tenant = :t", "ExpressionAttributeValues": {":t": {"S": "globex"}}}
IN_OTHER_WORDS = {
    "the older form": {
        "KeyConditions": {"tenant": {"AttributeValueList": [{"S": "globex"}], "ComparisonOperator": "EQ"}}
    },
    "twice": {
        "KeyConditionExpression": "tenant = :a AND tenant = :t",
        "ExpressionAttributeValues": {":a": {"S": "acme"}, ":t": {"S": "globex"}},
    },
    "a placeholder with a dot": {
        "KeyConditionExpression": "tenant = :a.b",
        "ExpressionAttributeValues": {":a": {"S": "acme"}, ":a.b": {"S": "globex"}},
    },
    "a placeholder beyond ASCII": {
        "KeyConditionExpression": "tenant = :aé",
        "ExpressionAttributeValues": {":a": {"S": "acme"}, ":aé": {"S": "globex"}},
    },
    "plainly": QUERY,
}


@pytest.mark.parametrize("words", IN_OTHER_WORDS)
def test_another_tenants_items_are_not_asked_for_in_other_words(
    aws: EmbeddedAws, person: Any, words: str
) -> None:
    table = aws.outputs["RecordsTableName"]
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["acme"]}}
    client = person({**allow("dynamodb:Query"), "Condition": own}).client("dynamodb")
    assert refused(client.query, TableName=table, **IN_OTHER_WORDS[words])["Code"] == "AccessDeniedException"


def test_a_query_goes_on_in_its_own_partition(aws: EmbeddedAws) -> None:
    start = {"tenant": {"S": "acme"}, "record": {"S": "r"}}
    error = refused(
        aws.client("dynamodb").query,
        TableName=aws.outputs["RecordsTableName"],
        **QUERY,
        ExclusiveStartKey=start,
    )
    assert error["Code"] == "ValidationException"
    assert "outside query boundaries" in error["Message"]


def test_attributes_are_found_behind_every_name(aws: EmbeddedAws, person: Any) -> None:
    table = aws.outputs["RecordsTableName"]
    listed = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["tenant", "record"]}}
    chosen = {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
    client = person({**allow("dynamodb:Query"), "Condition": {**listed, **chosen}}).client("dynamodb")
    named = {
        "Select": "SPECIFIC_ATTRIBUTES",
        "ProjectionExpression": "#é",
        "ExpressionAttributeNames": {"#é": "x"},
    }
    assert refused(client.query, TableName=table, **QUERY, **named)["Code"] == "AccessDeniedException"


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"b-{uuid4()}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
    aws.client("s3").put_object(Bucket=name, Key="secret/x", Body=b"secret")
    return name


def test_a_copy_reads_what_its_source_decodes_to(person: Any, bucket: str, raw: Raw) -> None:
    everything = allow("s3:*", resource=f"arn:aws:s3:::{bucket}/*")
    denial = {**allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/secret/*"), "Effect": "Deny"}
    for source in ("secret/x", "%73ecret/x"):
        copied = {"X-Amz-Copy-Source": f"/{bucket}/{source}"}
        actor = person(everything, denial)
        answer = raw(actor, "s3", f"/{bucket}/copy", method="PUT", headers=copied)
        assert (answer.status, b"AccessDenied" in answer.body) == (403, True)


@pytest.mark.parametrize("more", [{"ACL": "public-read"}, {"GrantRead": "id=x"}, {"Tagging": "a=b"}])
def test_what_comes_with_an_object_wants_its_own_action(
    person: Any, bucket: str, more: dict[str, str]
) -> None:
    client = person(allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*")).client("s3")
    client.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert refused(client.put_object, Bucket=bucket, Key="a", Body=b"x", **more)["Code"] == "AccessDenied"


def test_an_object_under_a_key_wants_the_keys_consent(aws: EmbeddedAws, person: Any, bucket: str) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    objects = allow("s3:PutObject", "s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*")
    without, client = person(objects).client("s3"), person(objects, allow("kms:*", resource=key)).client("s3")
    assert refused(without.put_object, Bucket=bucket, Key="a", Body=b"x", **under)["Code"] == "AccessDenied"
    client.put_object(Bucket=bucket, Key="a", Body=b"x", **under)
    assert refused(without.get_object, Bucket=bucket, Key="a")["Code"] == "AccessDenied"
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_a_message_has_one_topic(aws: EmbeddedAws, person: Any) -> None:
    topics = [aws.client("sns").create_topic(Name=f"t-{uuid4()}")["TopicArn"] for _ in range(2)]
    client = person(allow("sns:Publish", resource=topics[0])).client("sns")
    client.publish(TopicArn=topics[0], Message="m")
    error = refused(client.publish, TopicArn=topics[0], TargetArn=topics[1], Message="m")
    assert error["Code"] == "AuthorizationError"


def test_who_joins_a_group_is_judged_by_the_group(aws: EmbeddedAws, person: Any) -> None:
    iam = aws.client("iam")
    group = f"admins-{uuid4()}"
    iam.create_group(GroupName=group)
    me = person(allow("iam:*", resource=f"arn:aws:iam::{ACCOUNT}:user/*"))
    name = me.client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
    assert (
        refused(me.client("iam").add_user_to_group, GroupName=group, UserName=name)["Code"] == "AccessDenied"
    )


def test_a_role_is_not_handed_on_below_the_surface(aws: EmbeddedAws, person: Any) -> None:
    role = aws.client("iam").create_role(
        RoleName=f"r-{uuid4()}", AssumeRolePolicyDocument='{"Statement": []}'
    )
    arn = role["Role"]["Arn"]
    client = person(allow("scheduler:*")).client("scheduler")
    target = {"Arn": f"arn:aws:lambda:{aws.region}:{ACCOUNT}:function:f", "RoleArn": arn, "Input": "{}"}
    window = {"Mode": "OFF"}
    given = {"Name": f"s-{uuid4()}", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": window}
    assert "iam:PassRole" in refused(client.create_schedule, **given, Target=target)["Message"]


def test_a_user_cannot_be_made_without_the_boundary_that_was_asked_for(person: Any) -> None:
    client = person(allow("iam:*")).client("iam")
    boundary = "arn:aws:iam::aws:policy/AdministratorAccess"
    error = refused(client.create_user, UserName=f"u-{uuid4()}", PermissionsBoundary=boundary)
    assert "nobody may" in error["Message"]


def test_a_policy_that_is_attached_can_be_what_a_denial_is_about(person: Any, aws: EmbeddedAws) -> None:
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    denial = {
        **allow("iam:AttachUserPolicy"),
        "Effect": "Deny",
        "Condition": {"ArnEquals": {"iam:PolicyARN": administrator}},
    }
    me = person(allow("iam:*"), denial)
    name = me.client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
    error = refused(me.client("iam").attach_user_policy, UserName=name, PolicyArn=administrator)
    assert "explicit deny" in error["Message"]


def test_a_session_has_no_second_factor(aws: EmbeddedAws, actors: Actors) -> None:
    iam, name = aws.client("iam"), f"r-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')["Role"]["Arn"]
    denial = {**allow("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    iam.put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=document(allow("*"), denial))
    assert "explicit deny" in refused(actors.session(arn).client("kms").list_keys)["Message"]


@pytest.fixture
def chained(aws: EmbeddedAws, actors: Actors) -> tuple[Actor, str]:
    """A session with a transitive tag, and a role that it may take."""
    iam, names = aws.client("iam"), (f"first-{uuid4()}", f"second-{uuid4()}")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    first, second = (
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        for name in names
    )
    iam.put_role_policy(
        RoleName=names[0],
        PolicyName="take",
        PolicyDocument=document(allow("sts:AssumeRole", "sts:TagSession")),
    )
    own = {"StringEquals": {"aws:PrincipalTag/tenant": "acme"}}
    listing = {**allow("kms:ListKeys"), "Condition": own}
    iam.put_role_policy(RoleName=names[1], PolicyName="list", PolicyDocument=document(listing))
    tags = [{"Key": "tenant", "Value": "acme"}]
    return actors.session(first, Tags=tags, TransitiveTagKeys=["tenant"]), second


def test_a_transitive_tag_is_inherited_and_not_changed(aws: EmbeddedAws, chained: tuple[Actor, str]) -> None:
    session, second = chained
    client = session.client("sts")
    taken = {"RoleArn": second, "RoleSessionName": "me"}
    made = client.assume_role(**taken)["Credentials"]
    key = session.key.__class__(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    Actor(aws, key).client("kms").list_keys()
    with pytest.raises(ClientError, match="transitive"):
        client.assume_role(**taken, Tags=[{"Key": "Tenant", "Value": "globex"}])


def test_a_session_taken_in_a_session_lasts_an_hour_at_most(chained: tuple[Actor, str]) -> None:
    session, second = chained
    with pytest.raises(ClientError, match="role chaining"):
        session.client("sts").assume_role(RoleArn=second, RoleSessionName="me", DurationSeconds=3601)
