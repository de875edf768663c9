"""The function that makes, rotates, moves and shreds branch keys. Its role can open none, nor a record.

What must stay true: every call may be sent again when its answer was lost; a branch key that does not verify
is reported like a record that does not.
"""

import json
from http import HTTPStatus

from envelope import BranchKeyStore
from service import branch_key_answers as answers
from service import problems
from service.border import Application, Response, answer_json, make_handler
from service.branch_keys import branch_key_of
from service.configuration import needed
from service.event_parts import Event
from service.problems import Problem
from service.routes import BRANCH_KEY, BRANCH_KEYS, MOVES, VERSIONS
from service.tenant_cursors import (
    Count,
    read_count_cursor,
    read_list_cursor,
    write_count_cursor,
    write_list_cursor,
)
from service.tenant_requests import (
    parse_branch_key,
    parse_branch_key_list,
    parse_move,
    parse_rotation,
    parse_shred,
)
from service.tenant_shredding import TenantShredding, Unfinished
from service.times import utc_now
from service.wiring import start

#: A further item is moved only while this is left: an attempt of each of its calls.
_ITEM_SECONDS = 7

_container = start()
_time_limit = _container.time_limit
_keys, _cursor_key = _container.configuration.branch_keys, _container.configuration.cursor_key
_recovery_days = needed(_keys.recovery_days, setting="KEY_STORE_RECOVERY_DAYS")
_application = Application()


@_application.serve("GET", BRANCH_KEYS)
def list_page(event: Event) -> Response:
    """Tell of a page of branch keys: of all tenants, so with the function's own role."""
    request = parse_branch_key_list(event)
    after = None if request.cursor is None else read_list_cursor(request.cursor, key=_cursor_key)
    page = _container.own.branch_keys.page(limit=request.limit, after=after)
    cursor = None if page.after is None else write_list_cursor(page.after, key=_cursor_key)
    return _answer(HTTPStatus.OK, answers.listed(page, cursor=cursor))


@_application.serve("PUT", BRANCH_KEY)
def create(event: Event) -> Response:
    """Create a tenant's branch key."""
    tenant = parse_branch_key(event)
    with branch_key_of(tenant):
        version = _store_of(tenant).create(tenant)
    return _changed(HTTPStatus.CREATED, answers.created(tenant, version))


@_application.serve("GET", BRANCH_KEY)
def describe(event: Event) -> Response:
    """Tell of a tenant's branch key and its versions."""
    tenant = parse_branch_key(event)
    with branch_key_of(tenant):
        description = _store_of(tenant).describe(tenant)
    return _answer(HTTPStatus.OK, answers.described(description))


@_application.serve("POST", VERSIONS)
def rotate(event: Event) -> Response:
    """Make a new version of a tenant's branch key."""
    tenant = parse_rotation(event)
    with branch_key_of(tenant):
        rotation = _store_of(tenant).rotate(tenant)
    return _changed(HTTPStatus.CREATED, answers.rotated(tenant, rotation, now=utc_now(), keys=_keys))


@_application.serve("POST", MOVES)
def move(event: Event) -> Response:
    """Wrap a tenant's branch key under the deployed KMS key."""
    request = parse_move(event)
    if request.to != _keys.key_arn:
        raise Problem(
            problems.KEY_NOT_DEPLOYED,
            f"Deploy with this key as branch_key_arn first: what is deployed is {_keys.key_arn}.",
            field="/to",
        )
    with branch_key_of(request.tenant):
        done = _store_of(request.tenant).move(
            request.tenant, go_on=lambda: _time_limit.remaining_seconds > _ITEM_SECONDS
        )
    answer = answers.moved(request.tenant, done, now=utc_now(), keys=_keys, recovery_days=_recovery_days)
    return _changed(HTTPStatus.OK, answer)


@_application.serve("DELETE", BRANCH_KEY)
def shred(event: Event) -> Response:
    """Shred a tenant's branch key, or count on what is in the way."""
    request = parse_shred(event)
    tenant = request.tenant
    count = Count()
    if request.cursor is not None:
        count = read_count_cursor(
            request.cursor, tenant=tenant, delete_records=request.delete_records, key=_cursor_key
        )
    with branch_key_of(tenant):
        done = _shredding_of(tenant).shred(tenant, count, delete_records=request.delete_records)
    if isinstance(done, Unfinished):
        cursor = write_count_cursor(
            done.count, tenant=tenant, delete_records=request.delete_records, key=_cursor_key
        )
        return _answer(HTTPStatus.ACCEPTED, answers.counting(tenant, done.count, cursor=cursor))
    answer = answers.shredded(
        tenant,
        shredded_at=done.shredded_at,
        removed=done.removed,
        deleted_records=done.deleted_records,
        now=utc_now(),
        keys=_keys,
        recovery_days=_recovery_days,
        remarks=done.remarks,
    )
    return _changed(HTTPStatus.OK, answer)


def _store_of(tenant: str) -> BranchKeyStore:
    return _container.of(tenant).branch_keys


def _shredding_of(tenant: str) -> TenantShredding:
    compartment = _container.of(tenant)
    return TenantShredding(
        branch_keys=compartment.branch_keys,
        store=compartment.store,
        strategy=_container.configuration.key_strategy,
        time_limit=_time_limit,
    )


def _changed(status: HTTPStatus, answer: answers.Answer) -> Response:
    _container.telemetry.branch_key_changed(answer["tenant"])
    return _answer(status, answer)


def _answer(status: HTTPStatus, answer: answers.Answer) -> Response:
    return answer_json(status, json.dumps(answer))


handler = make_handler(_application, _container.telemetry)
