"""The cursors of `/branch-keys`: where the list of tenants goes on, and how far a count of records has come.

What must stay true: a cursor of a count holds for its tenant and its request only, and what it says of the
records before is what this service counted. It keeps from mistakes: who may shred needs no forged count.
"""

from dataclasses import dataclass

from service.cursor import read_bound, write_bound

_LIST = "sealed-records branch keys cursor 1"
_COUNT = "sealed-records count cursor 1"
_KEEPING = {True: "delete", False: "keep"}


@dataclass(frozen=True, slots=True)
class Count:
    """How far a tenant's records are counted.

    Parameters
    ----------
    after
        The record after which counting goes on; None at the beginning.
    counted
        Records seen.
    outside
        Those of them that do not hang on the branch key and are still there.
    deleted
        Those that did not and were deleted.
    """

    after: str | None = None
    counted: int = 0
    outside: int = 0
    deleted: int = 0


def write_list_cursor(after: tuple[str, str], *, key: bytes) -> str:
    """Write the cursor with which the list of branch keys goes on after a key of the key store's table."""
    branch_key_id, item_type = after
    return write_bound(f"{item_type},{branch_key_id}", bound_to=(_LIST,), key=key)


def read_list_cursor(cursor: str, *, key: bytes) -> tuple[str, str]:
    """Read where the list of branch keys goes on; a Problem when it is no cursor of this list."""
    item_type, branch_key_id = read_bound(cursor, bound_to=(_LIST,), key=key).split(",", 1)
    return branch_key_id, item_type


def write_count_cursor(count: Count, *, tenant: str, delete_records: bool, key: bytes) -> str:
    """Write the cursor with which counting goes on."""
    return write_bound(
        # The id last and as it is: it may be a planted one, with anything in it.
        f"{count.counted},{count.outside},{count.deleted},{count.after or ''}",
        bound_to=(_COUNT, tenant, _KEEPING[delete_records]),
        key=key,
    )


def read_count_cursor(cursor: str, *, tenant: str, delete_records: bool, key: bytes) -> Count:
    """Read how far the records were counted; a Problem when the cursor is of another request."""
    bound_to = (_COUNT, tenant, _KEEPING[delete_records])
    counted, outside, deleted, after = read_bound(cursor, bound_to=bound_to, key=key).split(",", 3)
    return Count(after=after or None, counted=int(counted), outside=int(outside), deleted=int(deleted))
