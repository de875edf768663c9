"""The tables behind the API's back, as somebody with access to them sees them."""

from collections.abc import Iterator
from typing import Any

from local.embedded import EmbeddedAws

Item = dict[str, dict[str, Any]]


def stored(aws: EmbeddedAws, *, tenant: str, record: str) -> Item:
    """Return a record as it lies in the table."""
    key = {"tenant": {"S": tenant}, "record": {"S": record}}
    found = aws.client("dynamodb").get_item(TableName=aws.outputs["RecordsTableName"], Key=key)
    item: Item = found["Item"]
    return item


def store(aws: EmbeddedAws, item: Item) -> None:
    """Put an item into the table of records."""
    aws.client("dynamodb").put_item(TableName=aws.outputs["RecordsTableName"], Item=item)


def everything_stored(aws: EmbeddedAws) -> Iterator[bytes]:
    """Yield every value in the tables of records and of branch keys."""
    for table in (aws.outputs["RecordsTableName"], aws.outputs["KeyStoreTableName"]):
        for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                for value in item.values():
                    (content,) = value.values()
                    yield content if isinstance(content, bytes) else str(content).encode()


def all_records(aws: EmbeddedAws) -> list[Item]:
    """Return every item of the table of records."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=aws.outputs["RecordsTableName"])
    return [item for page in pages for item in page["Items"]]
