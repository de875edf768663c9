"""Cursors: where a list goes on, bound to the list that it was begun with.

A cursor is base64url(tag || position). The tag, an HMAC, makes a cursor of another list a clear error instead
of a page from an odd place. It guards no secret: whatever the cursor says, the query's key condition holds
the tenant.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence

from service import problems
from service.problems import Problem

_TAG_BYTES = 16
_LONGEST = 3000  # the longest key that DynamoDB keeps, 2,048 bytes, what stands beside it, the tag, in base64
_PURPOSE = "sealed-records cursor 1"


def write_cursor(record: str, *, tenant: str, prefix: str, key: bytes) -> str:
    """Write the cursor with which the list goes on after `record`."""
    return write_bound(record, bound_to=(_PURPOSE, tenant, prefix), key=key)


def read_cursor(cursor: str, *, tenant: str, prefix: str, key: bytes) -> str:
    """Read the id of the record after which the list goes on.

    Raises
    ------
    Problem
        When the cursor was not written for this tenant and prefix.
    """
    # Any id at all: somebody may have planted an item under one that this service would not write, and the
    # list must go on behind it. The tag tells whether this service wrote the cursor.
    return read_bound(cursor, bound_to=(_PURPOSE, tenant, prefix), key=key)


def write_bound(position: str, *, bound_to: Sequence[str], key: bytes) -> str:
    """Write a cursor that holds only for what it is bound to: a purpose first, then what was asked."""
    # No part holds a NUL, so the parts cannot run into each other.
    message = "\0".join([*bound_to, position]).encode()
    tag = hmac.digest(key, message, hashlib.sha256)[:_TAG_BYTES]
    return urlsafe_b64encode(tag + position.encode()).rstrip(b"=").decode()


def read_bound(cursor: str, *, bound_to: Sequence[str], key: bytes) -> str:
    """Read a cursor's position.

    Raises
    ------
    Problem
        When it was not written by this service, or for something else.
    """
    position = _claimed_position(cursor)
    # Comparing whole cursors also refuses a second spelling of the same bytes.
    if position is None or not hmac.compare_digest(
        cursor.encode(), write_bound(position, bound_to=bound_to, key=key).encode()
    ):
        raise Problem(
            problems.INVALID_CURSOR,
            "Begin anew without a cursor, or pass the last answer's cursor unchanged with all else the same.",
            field="cursor",
        )
    return position


def _claimed_position(cursor: str) -> str | None:
    if len(cursor) > _LONGEST or not cursor.isascii():
        return None
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return raw[_TAG_BYTES:].decode() or None
    except ValueError:  # not base64, not UTF-8
        return None
