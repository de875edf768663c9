"""Counts the records of a tenant that do not hang on its branch key: shredding it would not reach them.

What must stay true: of a record only its ids and its header are read, never an encrypted attribute (the role
may read no more). A record hangs on the branch key if every entry of its header does; what cannot be told
does not. Only what was counted as outside is deleted, and only with the header that was seen.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from botocore.exceptions import ClientError

from envelope import EnvelopeError
from envelope.branch_keyring import PROVIDER_ID as BRANCH_KEYS
from envelope.item_header import parse_header
from envelope.item_schema import HEADER_NAME
from service.failures import error_code
from service.names import RECORD_ATTRIBUTE, TENANT_ATTRIBUTE
from service.store import Store, record_key
from service.tenant_cursors import Count

Head = dict[str, dict[str, Any]]

#: How many records are deleted at a time: their time is spent waiting for DynamoDB.
AT_A_TIME = 8


def count_records(
    store: Store, tenant: str, count: Count, *, delete: bool, go_on: Callable[[], bool]
) -> tuple[Count, bool]:
    """Count on from where a count stopped, and say whether the end was reached.

    Parameters
    ----------
    store
        The records.
    tenant
        Whose records are counted.
    count
        How far an earlier request came.
    delete
        Whether records outside the branch key are deleted.
    go_on
        Asked after each step; a first one is always made, so that every request comes further.
    """
    more = True
    while more:
        heads, more, after = _page(store, tenant, count.after)
        for group in _groups(heads, size=AT_A_TIME if delete else max(1, len(heads))):
            count = _counted(store, tenant, count, group, delete=delete)
            if not go_on():
                return count, not more and group[-1] is heads[-1]
        count = replace(count, after=after or count.after)
    return count, True


def hangs_on_branch_key(head: Head, tenant: str) -> bool:
    """Tell whether nothing but the tenant's branch key opens a record, by its header alone."""
    stored = head.get(HEADER_NAME, {}).get("B")
    if not isinstance(stored, bytes):
        return False
    try:
        entries = parse_header(stored).encrypted_data_keys
    except EnvelopeError:
        return False
    return all(
        (entry.provider_id, entry.provider_info) == (BRANCH_KEYS, tenant.encode()) for entry in entries
    )


def _page(store: Store, tenant: str, after: str | None) -> tuple[Sequence[Head], bool, str | None]:
    """Up to a megabyte of records, whether there are more, and the last one's id."""
    start: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": record_key(tenant, after)}
    answer = store.client.query(
        TableName=store.table,
        KeyConditionExpression="#tenant = :tenant",
        Select="SPECIFIC_ATTRIBUTES",
        ProjectionExpression="#tenant, #record, #head",
        ExpressionAttributeNames={
            "#tenant": TENANT_ATTRIBUTE,
            "#record": RECORD_ATTRIBUTE,
            "#head": HEADER_NAME,
        },
        ExpressionAttributeValues={":tenant": {"S": tenant}},
        ConsistentRead=True,
        **start,
    )
    last = answer.get("LastEvaluatedKey")
    return (
        cast("Sequence[Head]", answer["Items"]),
        bool(last),
        str(last[RECORD_ATTRIBUTE]["S"]) if last else None,
    )


def _groups(heads: Sequence[Head], *, size: int) -> Iterator[list[Head]]:
    remaining = iter(heads)
    while group := list(islice(remaining, size)):
        yield group


def _counted(store: Store, tenant: str, count: Count, group: list[Head], *, delete: bool) -> Count:
    outside = [head for head in group if not hangs_on_branch_key(head, tenant)]
    deleted = _delete(store, outside) if delete and outside else 0
    return Count(
        after=group[-1][RECORD_ATTRIBUTE]["S"],
        counted=count.counted + len(group),
        outside=count.outside + len(outside) - deleted,
        deleted=count.deleted + deleted,
    )


def _delete(store: Store, heads: list[Head]) -> int:
    """Delete records, and return how many: one that was changed meanwhile stays."""
    with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        return sum(pool.map(lambda head: _delete_unchanged(store, head), heads))


def _delete_unchanged(store: Store, head: Head) -> bool:
    stored = head.get(HEADER_NAME)
    # One that is gone already is as good as deleted: a call whose answer was lost may have been ours.
    condition: dict[str, Any] = {
        "ConditionExpression": "attribute_not_exists(#head)",
        "ExpressionAttributeNames": {"#head": HEADER_NAME},
    }
    if stored is not None:
        condition = {
            "ConditionExpression": "attribute_not_exists(#record) OR #head = :head",
            "ExpressionAttributeNames": {"#record": RECORD_ATTRIBUTE, "#head": HEADER_NAME},
            "ExpressionAttributeValues": {":head": stored},
        }
    key = record_key(head[TENANT_ATTRIBUTE]["S"], head[RECORD_ATTRIBUTE]["S"])
    try:
        store.client.delete_item(TableName=store.table, Key=key, **condition)
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True
