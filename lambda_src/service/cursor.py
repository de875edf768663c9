"""Cursors: where a list goes on, bound to the tenant and the prefix that it was begun with.

A cursor is base64url(tag || record id). The tag, an HMAC, makes a cursor of another list a clear error
instead of a page from an odd place. It guards no secret: whatever the cursor says, the query's key condition
holds the tenant.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode

from service import problems
from service.problems import Problem

_TAG_BYTES = 16
_LONGEST = 1400  # the longest sort key that DynamoDB keeps, 1,024 bytes, and the tag, in base64
_PURPOSE = b"sealed-records cursor 1"


def write_cursor(record: str, *, tenant: str, prefix: str, key: bytes) -> str:
    """Write the cursor with which the list goes on after `record`."""
    # No id holds a NUL, so the parts cannot run into each other.
    message = b"\0".join([_PURPOSE, tenant.encode(), prefix.encode(), record.encode()])
    tag = hmac.digest(key, message, hashlib.sha256)[:_TAG_BYTES]
    return urlsafe_b64encode(tag + record.encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, *, tenant: str, prefix: str, key: bytes) -> str:
    """Read the id of the record after which the list goes on.

    Raises
    ------
    Problem
        When the cursor was not written for this tenant and prefix.
    """
    record = _claimed_record(cursor)
    # Comparing whole cursors also refuses a second spelling of the same bytes.
    if record is None or not hmac.compare_digest(
        cursor.encode(), write_cursor(record, tenant=tenant, prefix=prefix, key=key).encode()
    ):
        raise Problem(
            problems.INVALID_CURSOR,
            "Begin the list anew without a cursor, or pass the last answer's cursor unchanged "
            "with the same tenant and prefix.",
            field="cursor",
        )
    return record


def _claimed_record(cursor: str) -> str | None:
    if len(cursor) > _LONGEST or not cursor.isascii():
        return None
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        # Any id at all: somebody may have planted an item under one that this service would not write, and
        # the list must go on behind it. The tag tells whether this service wrote the cursor.
        return raw[_TAG_BYTES:].decode() or None
    except ValueError:  # not base64, not UTF-8
        return None
