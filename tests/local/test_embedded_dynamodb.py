"""DynamoDB in the embedded AWS: what the store relies on behaves as in AWS."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws

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
        key = aws.credentials("acme")
        client = boto3.session.Session().client(
            "dynamodb",
            endpoint_url=aws.aws_endpoint,
            region_name=aws.region,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret_key,
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
