"""Scans here go by segments and pages as DynamoDB's do, and what calls consume follows from their sizes."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws

TENANTS, RECORDS = 40, 5


@pytest.fixture(scope="module")
def table(aws: EmbeddedAws) -> Iterator[str]:
    """Forty partitions of five items, each of 1,000 bytes and a little."""
    client, name = aws.client("dynamodb"), f"scanned-{uuid4()}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("tenant", "record")],
        KeySchema=[
            {"AttributeName": "tenant", "KeyType": "HASH"},
            {"AttributeName": "record", "KeyType": "RANGE"},
        ],
    )
    for tenant in range(TENANTS):
        for record in range(RECORDS):
            client.put_item(TableName=name, Item=item(f"t{tenant}", f"r{record}"))
    yield name
    client.delete_table(TableName=name)


def item(tenant: str, record: str, *, size: int = 1000) -> dict[str, Any]:
    return {"tenant": {"S": tenant}, "record": {"S": record}, "body": {"B": bytes(size)}}


def scanned(aws: EmbeddedAws, table: str, **how: Any) -> tuple[list[tuple[str, str]], float]:
    """Every page of a scan: the keys, and the units it took."""
    found: list[tuple[str, str]] = []
    units, start = 0.0, {}
    while True:
        page = aws.client("dynamodb").scan(TableName=table, ReturnConsumedCapacity="TOTAL", **how, **start)
        found += [(each["tenant"]["S"], each["record"]["S"]) for each in page["Items"]]
        units += page["ConsumedCapacity"]["CapacityUnits"]
        if "LastEvaluatedKey" not in page:
            return found, units
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


EVERYTHING = {(f"t{tenant}", f"r{record}") for tenant in range(TENANTS) for record in range(RECORDS)}


@pytest.mark.parametrize("total", [1, 7, 300])
def test_segments_share_out_every_item_once(aws: EmbeddedAws, table: str, total: int) -> None:
    shares = [scanned(aws, table, Segment=segment, TotalSegments=total)[0] for segment in range(total)]
    assert sorted(key for share in shares for key in share) == sorted(EVERYTHING)
    tenants = [{tenant for tenant, _ in share} for share in shares]
    assert sum(map(len, tenants)) == TENANTS  # no partition is in two segments
    assert sum(bool(share) for share in shares) > min(total, TENANTS) * 0.6


@pytest.mark.parametrize("limit", [1, 3, 5, 200])
def test_pages_go_on_where_the_last_ended(aws: EmbeddedAws, table: str, limit: int) -> None:
    shares = [scanned(aws, table, Segment=segment, TotalSegments=3, Limit=limit)[0] for segment in range(3)]
    found = [key for share in shares for key in share]
    assert len(found) == len(EVERYTHING)
    assert set(found) == EVERYTHING


def test_a_page_begins_behind_a_key_that_is_gone(aws: EmbeddedAws, table: str) -> None:
    client = aws.client("dynamodb")
    first = client.scan(TableName=table, Limit=7)
    gone = first["LastEvaluatedKey"]
    client.delete_item(TableName=table, Key=gone)
    rest = client.scan(TableName=table, ExclusiveStartKey=gone)["Items"]
    client.put_item(TableName=table, Item=item(gone["tenant"]["S"], gone["record"]["S"]))
    assert len(rest) == len(EVERYTHING) - 7


def test_reading_takes_units_by_size_and_consistency(aws: EmbeddedAws, table: str) -> None:
    _, once = scanned(aws, table)
    _, twice = scanned(aws, table, ConsistentRead=True)
    assert once == pytest.approx(200 * 1024 / 4096 / 2, rel=0.03)
    assert twice == 2 * once


def test_writing_takes_units_by_size(aws: EmbeddedAws, table: str) -> None:
    client, key = aws.client("dynamodb"), {"tenant": {"S": "t0"}, "record": {"S": "large"}}
    consumed = {"ReturnConsumedCapacity": "TOTAL"}
    put = client.put_item(TableName=table, Item=item("t0", "large", size=5000), **consumed)
    updated = client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET body = :b",
        ExpressionAttributeValues={":b": {"B": b"small"}},
        **consumed,
    )
    small = client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET body = :b",
        ExpressionAttributeValues={":b": {"B": b"other"}},
        **consumed,
    )
    deleted = client.delete_item(TableName=table, Key=key, **consumed)
    units = [each["ConsumedCapacity"]["CapacityUnits"] for each in (put, updated, small, deleted)]
    assert units == [5, 5, 1, 1]


def test_a_table_says_how_many_items_and_bytes_it_has(aws: EmbeddedAws, table: str) -> None:
    described = aws.client("dynamodb").describe_table(TableName=table)["Table"]
    assert described["ItemCount"] == 200
    names, digits = len("tenantrecordbody"), sum(len(f"{each}") for each in range(TENANTS)) * RECORDS
    assert described["TableSizeBytes"] == 200 * (names + 1000 + len("tr") + 1) + digits


def test_an_update_can_depend_on_a_binary_attribute(aws: EmbeddedAws, table: str) -> None:
    client, key = aws.client("dynamodb"), {"tenant": {"S": "t1"}, "record": {"S": "bound"}}
    client.put_item(TableName=table, Item={**key, "head": {"B": b"\x00\xffone"}})

    def update(expected: bytes, new: bytes) -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET head = :new",
            ConditionExpression="attribute_exists(tenant) AND head = :old",
            ExpressionAttributeValues={":old": {"B": expected}, ":new": {"B": new}},
        )

    update(b"\x00\xffone", b"\x00\xfftwo")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        update(b"\x00\xffone", b"\x00\xffthree")
    stored = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["head"]["B"]
    client.delete_item(TableName=table, Key=key)
    assert stored == b"\x00\xfftwo"
