"""How the services of the embedded AWS find a caller, what they ask, and what a refusal does."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local import principals
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.local.actors import Actor, Actors, allow, document, refused

TRUSTS_ANOTHER = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("backup", "list_backup_vaults", {}),
        ("events", "list_rules", {}),
        ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM x"}),
        ("sts", "get_federation_token", {"Name": "somebody"}),
    ],
)
def test_what_is_not_known_is_allowed_to_nobody(
    person: Any, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    error = refused(getattr(person(allow("*")).client(service), operation), **parameters)
    assert error["Code"].startswith("AccessDenied")
    assert "nobody may" in error["Message"]


def test_a_policy_with_an_unknown_condition_key_allows_nothing(person: Any) -> None:
    statement = {**allow("kms:ListKeys"), "Condition": {"StringNotEquals": {"kms:Weather": "rain"}}}
    error = refused(person(statement).client("kms").list_keys)
    assert "the key 'kms:weather' is not known" in error["Message"]


# Action, service, operation, parameters; the resource as the policy names it.
GROUP = {"logGroupName": "g", "logStreamName": "s"}
TOPIC, MACHINE = f"arn:aws:sns:REGION:{ACCOUNT}:t", f"arn:aws:states:REGION:{ACCOUNT}:stateMachine:m"
SERVICES = [
    ("sns:Publish", "sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, "sns", "t"),
    ("sqs:SendMessage", "sqs", "send_message", {"QueueUrl": "http://x/1/q", "MessageBody": "m"}, "sqs", "q"),
    ("logs:PutLogEvents", "logs", "put_log_events", None, "logs", "log-group:g:*"),
    (
        "logs:DescribeLogStreams",
        "logs",
        "describe_log_streams",
        {"logGroupName": "g"},
        "logs",
        "log-group:g:*",
    ),
    ("lambda:InvokeFunction", "lambda", "invoke", {"FunctionName": "f"}, "lambda", "function:f"),
    (
        "states:StartExecution",
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": MACHINE},
        "states",
        "stateMachine:m",
    ),
    ("scheduler:GetSchedule", "scheduler", "get_schedule", {"Name": "s"}, "scheduler", "schedule/default/s"),
    ("cloudtrail:GetTrail", "cloudtrail", "get_trail", {"Name": "trail"}, "cloudtrail", "trail/trail"),
    ("ssm:GetParameter", "ssm", "get_parameter", {"Name": "/p"}, "ssm", "parameter/p"),
]


@pytest.mark.parametrize(("action", "service", "operation", "parameters", "prefix", "resource"), SERVICES)
def test_a_service_asks_for_its_action_on_its_resource(
    aws: EmbeddedAws,
    person: Any,
    action: str,
    service: str,
    operation: str,
    parameters: dict[str, Any] | None,
    prefix: str,
    resource: str,
) -> None:
    if parameters is None:
        event = {"timestamp": 0, "message": "m"}
        parameters = {"logGroupName": "g", "logStreamName": "s", "logEvents": [event]}
    text = json.dumps(parameters).replace("REGION", aws.region)
    given = json.loads(text)
    arn = f"arn:aws:{prefix}:{aws.region}:{ACCOUNT}:{resource}"

    others = person(allow(action, resource=f"{arn}-other"), allow(f"{prefix}:Other", resource=arn))
    error = refused(getattr(others.client(service), operation), **given)
    assert f"is not authorized to perform: {action} on resource: " in error["Message"]

    before = aws.enforcement.uses()
    # There is no such topic, queue, …, which is said to those only who may know.
    with suppress(ClientError):
        getattr(person(allow(action, resource=arn)).client(service), operation)(**given)
    [use] = [use for use in aws.enforcement.uses() - before if use.policy == "given"]
    assert use.action == action


def test_s3_asks_for_the_object_and_its_version(aws: EmbeddedAws, person: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{uuid4()}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="a/b", Body=b"x")["VersionId"]
    mine = person(allow("s3:GetObject", "s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/a/*")).client(
        "s3"
    )
    assert mine.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"x"
    for call, parameters, action in (
        (mine.get_object, {"Key": "a/b", "VersionId": version}, "s3:GetObjectVersion"),
        (mine.delete_object, {"Key": "a/b", "VersionId": version}, "s3:DeleteObjectVersion"),
        (mine.put_object, {"Key": "a/b", "Body": b"y"}, "s3:PutObject"),
        (mine.list_objects_v2, {}, "s3:ListBucket"),
        (mine.get_object, {"Key": "c"}, "s3:GetObject"),
        (mine.copy_object, {"Key": "c", "CopySource": {"Bucket": bucket, "Key": "a/b"}}, "s3:PutObject"),
    ):
        error = refused(call, Bucket=bucket, **parameters)
        assert error["Code"] == "AccessDenied"
        assert f"is not authorized to perform: {action} on" in error["Message"]
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(denial))
    assert (
        "explicit deny in a resource-based policy"
        in refused(mine.get_object, Bucket=bucket, Key="a/b")["Message"]
    )


@pytest.fixture
def table(aws: EmbeddedAws) -> Iterator[str]:
    """A table of items of two tenants."""
    client, name = aws.client("dynamodb"), f"t-{uuid4()}"
    keys = [("tenant", "HASH"), ("record", "RANGE")]
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    for tenant in ("acme", "globex"):
        item = {"tenant": {"S": tenant}, "record": {"S": "r"}, "open": {"S": "o"}, "closed": {"S": "c"}}
        client.put_item(TableName=name, Item=item)
    yield name
    client.delete_table(TableName=name)


def session_of(aws: EmbeddedAws, actors: Actors, *statements: dict[str, Any], tenant: str) -> Any:
    """A session, of a new role with these statements, that carries a tenant."""
    iam, name = aws.client("iam"), f"role-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=document(*statements))
    return actors.session(arn, Tags=[{"Key": "tenant", "Value": tenant}])


def test_a_sessions_tenant_limits_it_to_the_tenants_items(
    aws: EmbeddedAws, actors: Actors, table: str
) -> None:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${aws:PrincipalTag/tenant}"}}
    there = {"Null": {"dynamodb:LeadingKeys": "false"}}
    session = session_of(
        aws, actors, {**allow("dynamodb:*"), "Condition": {**own, **there}}, tenant="acme"
    ).client("dynamodb")

    def key(tenant: str) -> dict[str, Any]:
        return {"tenant": {"S": tenant}, "record": {"S": "r"}}

    def query(tenant: str) -> dict[str, Any]:
        return {
            "KeyConditionExpression": "#t = :t AND begins_with(#r, :r)",
            "ExpressionAttributeNames": {"#t": "tenant", "#r": "record"},
            "ExpressionAttributeValues": {":t": {"S": tenant}, ":r": {"S": "r"}},
        }

    def put(tenant: str) -> dict[str, Any]:
        return {"Put": {"TableName": table, "Item": key(tenant)}}

    assert session.get_item(TableName=table, Key=key("acme"))["Item"]["open"] == {"S": "o"}
    assert session.query(TableName=table, **query("acme"))["Count"] == 1
    session.batch_get_item(RequestItems={table: {"Keys": [key("acme")]}})
    session.transact_write_items(TransactItems=[put("acme")])
    session.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key("acme")}}]})
    for call, parameters in (
        (session.get_item, {"TableName": table, "Key": key("globex")}),
        (session.query, {"TableName": table, **query("globex")}),
        (session.scan, {"TableName": table}),
        (session.put_item, {"TableName": table, "Item": key("globex")}),
        (session.delete_item, {"TableName": table, "Key": key("globex")}),
        (session.batch_get_item, {"RequestItems": {table: {"Keys": [key("acme"), key("globex")]}}}),
        (session.transact_write_items, {"TransactItems": [put("acme"), put("globex")]}),
        (
            session.batch_write_item,
            {"RequestItems": {table: [{"DeleteRequest": {"Key": key("globex")}}]}},
        ),
    ):
        assert refused(call, **parameters)["Code"] == "AccessDeniedException"


def test_attributes_are_those_that_a_request_names(aws: EmbeddedAws, person: Any, table: str) -> None:
    listed = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["tenant", "record", "open"]}}
    chosen = {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
    reader = person({**allow("dynamodb:Query"), "Condition": {**listed, **chosen}}).client("dynamodb")
    query = {
        "TableName": table,
        "KeyConditionExpression": "tenant = :t",
        "ExpressionAttributeValues": {":t": {"S": "acme"}},
        "ExpressionAttributeNames": {"#o": "open"},
        "Select": "SPECIFIC_ATTRIBUTES",
        "ProjectionExpression": "tenant, #o",
    }
    assert reader.query(**query)["Items"] == [{"tenant": {"S": "acme"}, "open": {"S": "o"}}]
    for change in (
        {"ProjectionExpression": "tenant, #o, closed"},
        {"ExpressionAttributeNames": {"#o": "closed"}},
        {"FilterExpression": "closed = :t"},
        {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": None, "ExpressionAttributeNames": None},
        {"Select": None},
    ):
        given = {name: value for name, value in {**query, **change}.items() if value is not None}
        assert refused(reader.query, **given)["Code"] == "AccessDeniedException"


def test_a_boundary_limits_what_a_role_has(aws: EmbeddedAws, actors: Actors) -> None:
    iam, name = aws.client("iam"), f"bounded-{uuid4()}"
    boundary = iam.create_policy(
        PolicyName=f"boundary-{uuid4()}", PolicyDocument=document(allow("kms:ListAliases"))
    )["Policy"]["Arn"]
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument='{"Statement": []}', PermissionsBoundary=boundary
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=document(allow("kms:*")))
    session = actors.session(role).client("kms")
    session.list_aliases()
    assert "no permissions boundary allows" in refused(session.list_keys)["Message"]


def test_a_grant_lets_its_grantee_use_the_key_within_its_constraints(aws: EmbeddedAws, person: Any) -> None:
    owner, friend = person(allow("kms:*")).client("kms"), person()
    key = owner.create_key()["KeyMetadata"]["KeyId"]
    context = {"purpose": "test"}
    sealed = owner.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    use = friend.client("kms")
    parameters = {"CiphertextBlob": sealed, "EncryptionContext": context}
    assert refused(use.decrypt, **parameters)["Code"] == "AccessDeniedException"
    arn = aws.client("iam").get_user(UserName=find_name(friend))["User"]["Arn"]
    made = owner.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"purpose": "test"}},
    )
    assert use.decrypt(**parameters)["Plaintext"] == b"x"
    for operation, given in (
        ("encrypt", {"KeyId": key, "Plaintext": b"x", "EncryptionContext": context}),
        ("decrypt", {"CiphertextBlob": sealed, "EncryptionContext": {"purpose": "other"}}),
    ):
        assert refused(getattr(use, operation), **given)["Code"] == "AccessDeniedException"
    owner.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert refused(use.decrypt, **parameters)["Code"] == "AccessDeniedException"


def find_name(actor: Actor) -> str:
    found = principals.find(actor.key.access_key)
    assert found is not None
    return found.arn.rpartition("/")[2]


def test_rotations_on_demand_are_kept_and_limited(aws: EmbeddedAws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    assert refused(kms.rotate_key_on_demand, KeyId=key["KeyId"])["Code"] == "LimitExceededException"
    rotations = kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    assert {each["KeyId"] for each in rotations} == {key["Arn"]}
    assert len(rotations) == 25
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_a_batch_holds_25_writes(aws: EmbeddedAws, table: str) -> None:
    def batch(size: int) -> dict[str, Any]:
        items = [{"tenant": {"S": "acme"}, "record": {"S": f"r-{n}"}} for n in range(size)]
        return {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}

    client = aws.client("dynamodb")
    client.batch_write_item(**batch(25))
    assert refused(client.batch_write_item, **batch(26))["Code"] == "ValidationException"


def test_a_session_of_a_role_begins_if_both_sides_consent(aws: EmbeddedAws, person: Any) -> None:
    iam, name = aws.client("iam"), f"taken-{uuid4()}"
    by_account = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(by_account))["Role"]["Arn"]
    session = {"RoleArn": arn, "RoleSessionName": "test"}
    allowed = person(allow("sts:AssumeRole", "sts:TagSession", resource=arn)).client("sts")
    allowed.assume_role(**session)
    assert refused(person().client("sts").assume_role, **session)["Code"] == "AccessDenied"
    tagged = {**session, "Tags": [{"Key": "tenant", "Value": "acme"}]}
    assert "sts:TagSession" in refused(allowed.assume_role, **tagged)["Message"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(TRUSTS_ANOTHER))
    assert refused(allowed.assume_role, **session)["Code"] == "AccessDenied"
