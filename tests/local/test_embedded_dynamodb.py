"""DynamoDB in the embedded AWS: what the store relies on behaves as in AWS."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.principals import OPERATOR_KEY

LIMIT = 400 * 1024


@pytest.fixture
def table(aws: EmbeddedAws) -> Any:
    return aws.outputs["RecordsTableName"], aws.client("dynamodb")


def item(record: str, *, size: int) -> dict[str, Any]:
    """An item of exactly `size` bytes: names and values."""
    others = len("tenant" + "size-test" + "record" + record + "value")
    return {"tenant": {"S": "size-test"}, "record": {"S": record}, "value": {"B": b"\x00" * (size - others)}}


def test_binary_values_are_measured_as_bytes(table: Any) -> None:
    name, client = table
    client.put_item(TableName=name, Item=item("fits", size=LIMIT))
    with pytest.raises(ClientError) as caught:
        client.put_item(TableName=name, Item=item("too-large", size=LIMIT + 1))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "Item size has exceeded the maximum allowed size" in str(caught.value)
    client.delete_item(TableName=name, Key={"tenant": {"S": "size-test"}, "record": {"S": "fits"}})


def test_of_two_writers_with_one_condition_one_wins(aws: EmbeddedAws, table: Any) -> None:
    name, _ = table

    def write(number: int) -> int:
        client = boto3.session.Session().client(
            "dynamodb",
            endpoint_url=aws.aws_endpoint,
            region_name=aws.region,
            aws_access_key_id=OPERATOR_KEY,
            aws_secret_access_key=OPERATOR_KEY,
        )
        try:
            client.put_item(
                TableName=name,
                Item={"tenant": {"S": "race"}, "record": {"S": "one"}, "by": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(tenant)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return 0
        finally:
            client.close()
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1
    aws.client("dynamodb").delete_item(TableName=name, Key={"tenant": {"S": "race"}, "record": {"S": "one"}})


def test_the_deployed_table_can_be_read_back(aws: EmbeddedAws, table: Any) -> None:
    name, client = table
    described = client.describe_table(TableName=name)["Table"]
    keys = {alias["AliasName"]: alias["TargetKeyId"] for alias in aws.client("kms").list_aliases()["Aliases"]}
    storage_key = next(key for alias, key in keys.items() if alias.endswith("/storage"))
    assert described["SSEDescription"]["KMSMasterKeyArn"].endswith(storage_key)
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.fixture
def pairs(aws: EmbeddedAws) -> Iterator[Any]:
    """A table of its own with two keys; gives a function that writes items of it in one transaction."""
    client, name = aws.client("dynamodb"), "pairs"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "type", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "type")],
        BillingMode="PAY_PER_REQUEST",
    )

    def write(*actions: dict[str, Any], **further: Any) -> None:
        completed = [
            {kind: {"TableName": name, **action}} for each in actions for kind, action in each.items()
        ]
        client.transact_write_items(TransactItems=completed, **further)

    yield write
    client.delete_table(TableName=name)


ABSENT = {
    "ConditionExpression": "attribute_not_exists(#id)",
    "ExpressionAttributeNames": {"#id": "id"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


def pair(item_type: str, **further: Any) -> dict[str, Any]:
    return {"id": {"S": "a"}, "type": {"S": item_type}, **further}


def stored(aws: EmbeddedAws) -> list[str]:
    items = aws.client("dynamodb").scan(TableName="pairs")["Items"]
    return sorted(item["type"]["S"] for item in items)


def test_a_transaction_is_made_whole_or_not_at_all_and_says_what_was_in_its_way(
    aws: EmbeddedAws, pairs: Any
) -> None:
    there = pair("2", enc={"B": b"\x00\xff"})
    pairs({"Put": {**ABSENT, "Item": there}})
    with pytest.raises(ClientError) as caught:
        pairs(
            {"Put": {**ABSENT, "Item": pair("1")}},
            {"Put": {**ABSENT, "Item": pair("2")}},
            {"ConditionCheck": {**ABSENT, "Key": pair("3")}},
        )
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert answer["CancellationReasons"][1]["Item"] == there
    assert stored(aws) == ["2"]


def test_a_transaction_that_is_sent_again_with_its_token_is_carried_out_once(
    aws: EmbeddedAws, pairs: Any
) -> None:
    put = {"Put": {**ABSENT, "Item": pair("1")}}
    pairs(put, ClientRequestToken="one")
    pairs(put, ClientRequestToken="one")
    with pytest.raises(ClientError) as caught:
        pairs({"Put": {**ABSENT, "Item": pair("2")}}, ClientRequestToken="one")
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    with pytest.raises(ClientError) as caught:
        pairs(put, ClientRequestToken="another")
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert stored(aws) == ["1"]


def test_a_tables_own_policy_and_recovery_period_can_be_read_back(aws: EmbeddedAws, deploy: Any) -> None:
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "dynamodb:PutItem", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {
        **keys,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        "ResourcePolicy": {"PolicyDocument": policy},
    }
    name = deploy({"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}})["Table"]
    client = aws.client("dynamodb")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    assert json.loads(client.get_resource_policy(ResourceArn=arn)["Policy"]) == policy
