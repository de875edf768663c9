"""DynamoDB: scans of segments, what calls consume, and how large a table is.

moto has 256 segments at most, sorts the whole table for each page, counts one unit for each call whatever it
reads or writes and none for updates, and says that every table is empty.
Source: DynamoDB Developer Guide, "Scanning tables in DynamoDB", "DynamoDB read and write operations".
"""

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from hashlib import md5
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

Key = dict[str, Any]

_READ_UNIT, _WRITE_UNIT = 4096, 1024
# "A single Scan operation reads up to ... a maximum of 1 MB of data."
_LARGEST_PAGE = 1024 * 1024
_HASH_BITS = 64
_READS, _WRITES = ("get_item", "query", "scan"), ("delete_item", "put_item", "update_item")


def install() -> None:
    """Change how moto scans, counts and describes."""
    original_scan, describe = Table.scan, Table.describe

    def scan(
        self: Table,
        filters: dict[str, Any],
        limit: int,
        exclusive_start_key: Key,
        filter_expression: Any = None,  # noqa: ANN401
        index_name: str | None = None,
        consistent_read: bool = False,  # noqa: FBT001, FBT002
        projection_expression: list[list[str]] | None = None,
        segments: tuple[None, None] | tuple[int, int] = (None, None),
    ) -> tuple[list[Item], int, Key | None]:
        if index_name or filters:
            return original_scan(
                self,
                filters,
                limit,
                exclusive_start_key,
                filter_expression,
                index_name,
                consistent_read,
                projection_expression,
                segments,
            )
        found, last = _page(self, _items(self, exclusive_start_key, segments), limit=limit)
        kept = [item for item in found if filter_expression is None or filter_expression.expr(item)]
        if projection_expression:
            kept = [item.project(projection_expression) for item in kept]
        return kept, len(found), last

    def describe_with_size(self: Table, base_key: str = "TableDescription") -> dict[str, Any]:
        described = describe(self, base_key)
        described[base_key]["TableSizeBytes"] = sum(item.size() for item in _all(self))
        return described

    Table.scan = scan  # type: ignore[method-assign]
    Table.describe = describe_with_size  # type: ignore[method-assign]
    for name in _READS:
        setattr(DynamoHandler, name, _counting_reads(getattr(DynamoHandler, name)))
    for name in _WRITES:
        setattr(DynamoHandler, name, _counting_writes(getattr(DynamoHandler, name)))


def segment_of(partition_key: str, total: int) -> int:
    """Return the segment that a partition is in: all its items are in one."""
    return _place(partition_key) * total >> _HASH_BITS


@cache
def _place(partition_key: str) -> int:
    return int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest()[: _HASH_BITS // 8])


def _all(table: Table) -> Iterator[Item]:
    for partition in table.items.values():
        yield from partition.values() if table.range_key_attr else (partition,)  # type: ignore[misc]


def _items(table: Table, after: Key | None, segments: tuple[int | None, int | None]) -> Iterator[Item]:
    """Yield the items of a segment behind a key, in order."""
    segment, total = segments
    start = None if after is None else DynamoType(after[table.hash_key_attr])
    partitions = [
        (_order(key), key)
        for key in table.items
        if total is None or segment_of(str(key.value), total) == segment
    ]
    for order, key in sorted(partitions, key=lambda each: each[0]):
        if start is not None and order < _order(start):
            continue
        within = start is not None and order == _order(start)
        if not table.range_key_attr:
            if not within:
                yield table.items[key]  # type: ignore[misc]
            continue
        behind = _order(DynamoType(after[table.range_key_attr])) if within and after is not None else None
        ranges = [(_order(each), item) for each, item in table.items[key].items()]
        for place, item in sorted(ranges, key=lambda each: each[0]):
            if behind is None or place > behind:
                yield item


def _order(key: Any) -> Any:  # noqa: ANN401 - moto's DynamoType
    return Decimal(key.value) if key.is_number() else key.value


def _page(table: Table, items: Iterator[Item], *, limit: int | None) -> tuple[list[Item], Key | None]:
    """Return a page, and where the next begins: a full page has one even if nothing is behind it."""
    found: list[Item] = []
    size = 0
    for item in items:
        more = item.size()
        if len(found) == limit or (found and size + more > _LARGEST_PAGE):
            break
        found.append(item)
        size += more
    else:
        if limit is None or len(found) < limit:
            return found, None
    return found, table._get_last_evaluated_key(found[-1], None)


Operation = Callable[[DynamoHandler], ActionResult]


def _counting_reads(original: Operation) -> Operation:
    """Count what a read returns; what a filter or a projection took away is not known here any more."""

    def read(self: DynamoHandler) -> ActionResult:
        answer = original(self)
        result: dict[str, Any] = answer.result  # type: ignore[assignment]
        if "ConsumedCapacity" in result:
            items = result.get("Items", [result["Item"]] if result.get("Item") else [])
            size = sum(_size(item) for item in items)
            units = max(1, math.ceil(size / _READ_UNIT)) * (1.0 if self.body.get("ConsistentRead") else 0.5)
            _set(result["ConsumedCapacity"], units)
        return answer

    return read


def _counting_writes(original: Operation) -> Operation:
    """Count the larger of what was there and what is there."""

    def write(self: DynamoHandler) -> ActionResult:
        wanted = self.body.get("ReturnConsumedCapacity", "NONE")
        if wanted not in ("TOTAL", "INDEXES"):
            return original(self)
        before = _stored(self)
        answer = original(self)
        units = float(max(1, math.ceil(max(before, _stored(self)) / _WRITE_UNIT)))
        result: dict[str, Any] = answer.result  # type: ignore[assignment]
        _set(result.setdefault("ConsumedCapacity", {"TableName": self.body["TableName"]}), units)
        return answer

    return write


def _set(consumed: dict[str, Any], units: float) -> None:
    consumed["CapacityUnits"] = units
    if "Table" in consumed:
        consumed["Table"] = {"CapacityUnits": units}


def _stored(handler: DynamoHandler) -> int:
    table = handler.dynamodb_backend.tables.get(handler.body["TableName"])
    given = handler.body.get("Key") or handler.body.get("Item") or {}
    if table is None or table.hash_key_attr not in given:
        return 0
    ranged = DynamoType(given[table.range_key_attr]) if table.range_key_attr in given else None
    item = table.get_item(DynamoType(given[table.hash_key_attr]), ranged)
    return 0 if item is None else item.size()


def _size(item: dict[str, Any]) -> int:
    return sum(
        len(name.encode()) + (value if isinstance(value, DynamoType) else DynamoType(value)).size()
        for name, value in item.items()
    )
