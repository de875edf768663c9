"""Reading a record, and a page of records: from the table, verified, and in clear.

What must stay true: the tenant and the record that an item is opened for come from the request, never from
the stored item. An item that is bound to others, or is not encrypted at all, is no record.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from envelope import BranchKeyItemError, BranchKeyShreddedError, EnvelopeError, KeyServiceError
from envelope.branch_keyring import PROVIDER_ID as BRANCH_KEYS
from envelope.branch_keyring import version_of
from service import problems
from service.cursor import read_cursor, write_cursor
from service.failures import BranchKeyNotVerified, NotVerified, RecordNotVerified, problem_of
from service.json_body import AttributeValue
from service.json_text import object_text
from service.names import (
    RECORD_ATTRIBUTE,
    REVISION_ATTRIBUTE,
    SERVICE_ATTRIBUTES,
    TENANT_ATTRIBUTE,
    is_written_here,
)
from service.names import UPDATED_AT_ATTRIBUTE as UPDATED_AT
from service.problems import Problem
from service.requests import ListRequest, RecordPath
from service.store import Store, record_key
from service.time_limit import TimeLimit

Item = Mapping[str, AttributeValue]

#: Lambda's answer ends at 6 MB; the rest is left to the members around the records.
MAX_PAGE_BYTES = 5_000_000

#: How many records of a page are opened at a time, where their time is spent waiting for KMS.
AT_A_TIME = 8

#: A further group of records is begun only while this is left: all attempts of its calls to KMS.
_GROUP_SECONDS = 12


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that verified; `data` is JSON text."""

    record: str
    revision: str
    updated_at: str
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of a page that could not be opened, and why."""

    record: str
    cause: NotVerified | KeyServiceError


@dataclass(frozen=True, slots=True)
class Page:
    """Records in the order of their ids; without a cursor it is the last page."""

    records: tuple[StoredRecord, ...]
    unreadable: tuple[Unreadable, ...]
    cursor: str | None


def get_record(store: Store, path: RecordPath) -> StoredRecord:
    """Read one record.

    Raises
    ------
    Problem
        When there is none.
    RecordNotVerified
        When what is stored is not this record as it was written.
    BranchKeyShreddedError
        When the tenant's branch key was shredded, and the record hangs on it.
    BranchKeyNotVerified
        When the tenant's branch key is not as it was stored.
    KeyServiceError
        When KMS or the key store fails.
    """
    answer = store.client.get_item(
        TableName=store.table, Key=record_key(path.tenant, path.record), ConsistentRead=True
    )
    item = answer.get("Item")
    if not item:
        raise Problem(
            problems.NOT_FOUND, "Check the ids of tenant and record; a record that was deleted is gone."
        )
    return _open(store, path, cast("Item", item))


def list_records(store: Store, request: ListRequest, *, cursor_key: bytes, time_limit: TimeLimit) -> Page:
    """Read one page of a tenant's records.

    A page ends at `limit` records, at DynamoDB's megabyte, at the size that a function may answer, or when
    too little time is left; its cursor goes on from there. A record that cannot be opened does not hide the
    others.

    Raises
    ------
    Problem
        When the cursor is not one for this tenant and prefix.
    BranchKeyShreddedError
        When a record of the page hangs on a branch key that was shredded: that answers for the tenant.
    KeyServiceError
        When KMS is throttled or out of reach, or lets no record of the page be opened; when the key store
        fails.
    """
    items, more = _query(store, request, cursor_key=cursor_key)
    records: list[StoredRecord] = []
    unreadable: list[Unreadable] = []
    last: str | None = None
    size = 0
    for opened in _opened(
        store, request.tenant, items, enough_time=lambda: time_limit.remaining_seconds > _GROUP_SECONDS
    ):
        if isinstance(opened, Unreadable):
            unreadable.append(opened)
        else:
            size += _answer_size(opened)
            if size > MAX_PAGE_BYTES and last is not None:
                break
            records.append(opened)
        last = opened.record
    _check_key_is_usable(records, unreadable)
    cursor = None
    if last is not None and (more or last != items[-1][RECORD_ATTRIBUTE]["S"]):
        cursor = write_cursor(last, tenant=request.tenant, prefix=request.prefix, key=cursor_key)
    return Page(records=tuple(records), unreadable=tuple(unreadable), cursor=cursor)


def _query(store: Store, request: ListRequest, *, cursor_key: bytes) -> tuple[Sequence[Item], bool]:
    """The items of a page, and whether DynamoDB may have more."""
    condition = "#tenant = :tenant"
    names = {"#tenant": TENANT_ATTRIBUTE}
    values = {":tenant": {"S": request.tenant}}
    if request.prefix:
        condition += " AND begins_with(#record, :prefix)"
        names["#record"] = RECORD_ATTRIBUTE
        values[":prefix"] = {"S": request.prefix}
    start: dict[str, Any] = {}
    if request.cursor is not None:
        after = read_cursor(request.cursor, tenant=request.tenant, prefix=request.prefix, key=cursor_key)
        start["ExclusiveStartKey"] = record_key(request.tenant, after)
    answer = store.client.query(
        TableName=store.table,
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        Limit=request.limit,
        ConsistentRead=True,
        **start,
    )
    return cast("Sequence[Item]", answer["Items"]), bool(answer.get("LastEvaluatedKey"))


def _opened(
    store: Store, tenant: str, items: Sequence[Item], *, enough_time: Callable[[], bool]
) -> Iterator[StoredRecord | Unreadable]:
    """Open items in their order, a group at a time, and stop between groups when the time runs out."""

    def open_one(item: Item) -> StoredRecord | Unreadable:
        record = item[RECORD_ATTRIBUTE]["S"]
        try:
            return _open(store, RecordPath(tenant=tenant, record=record), item)
        except NotVerified as failure:
            return Unreadable(record=record, cause=failure)
        except KeyServiceError as failure:
            # Refused for this record only, perhaps: whoever writes to the table can plant an item that names
            # a key in a way KMS refuses. An outage is another matter: it fails the page. So does a key store
            # that refuses, since no item decides how it is asked.
            if problem_of(failure).kind is not problems.KEY_UNAVAILABLE:
                raise
            return Unreadable(record=record, cause=failure)

    if not items:
        return
    remaining = iter(items)
    with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        group = list(islice(remaining, AT_A_TIME))
        while group:
            # Where none waits for KMS, threads would only wait for each other.
            in_turn = _hang_on_one_branch_key(store, group)
            yield from map(open_one, group) if in_turn else pool.map(open_one, group)
            group = list(islice(remaining, AT_A_TIME)) if enough_time() else []


def _hang_on_one_branch_key(store: Store, items: Sequence[Item]) -> bool:
    """Tell whether one version of a branch key opens all of them: KMS is asked once, if at all.

    It is what the stored headers say, of which nothing is verified. It decides in which thread an item is
    opened, and nothing else.
    """
    try:
        wrapped_by = {
            (entry.provider_id, version_of(entry))
            for item in items
            for entry in store.encryptor.stored_form(item).entries
        }
    except EnvelopeError:
        return False
    return len(wrapped_by) == 1 and next(iter(wrapped_by))[0] == BRANCH_KEYS


def _open(store: Store, path: RecordPath, item: Item) -> StoredRecord:
    bound = record_key(path.tenant, path.record)
    if any(item.get(name) != value for name, value in bound.items()):
        raise RecordNotVerified(tenant=path.tenant, record=path.record, reason="KeyMismatch")
    try:
        plain = store.encryptor.decrypt({**item, **bound})
    except (KeyServiceError, BranchKeyShreddedError):
        raise
    except (
        EnvelopeError
    ) as error:  # whatever it is, stored bytes caused it: of the branch key, or the record's
        reason = type(error).__name__
        finding = BranchKeyNotVerified if isinstance(error, BranchKeyItemError) else RecordNotVerified
    else:
        return _stored_record(plain, path)
    raise finding(tenant=path.tenant, record=path.record, reason=reason)


def _stored_record(plain: Item, path: RecordPath) -> StoredRecord:
    if not is_written_here(plain):
        raise RecordNotVerified(tenant=path.tenant, record=path.record, reason="NoRevision")
    revision, updated_at = plain[REVISION_ATTRIBUTE]["S"], plain[UPDATED_AT]["S"]
    data = {name: value for name, value in plain.items() if name not in SERVICE_ATTRIBUTES}
    return StoredRecord(record=path.record, revision=revision, updated_at=updated_at, data=object_text(data))


def _check_key_is_usable(records: Sequence[StoredRecord], unreadable: Sequence[Unreadable]) -> None:
    """A key that opens nothing at all is an outage, not a fault of each record."""
    refusals = [failed.cause for failed in unreadable if isinstance(failed.cause, KeyServiceError)]
    if refusals and not records and len(refusals) == len(unreadable):
        raise refusals[0]


def _answer_size(record: StoredRecord) -> int:
    # The runtime writes the answer's body as a JSON string once more, and may escape all beyond ASCII.
    return len(json.dumps(record.data)) + len(record.record) + 200
