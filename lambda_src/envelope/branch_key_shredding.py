"""Shreds a branch key: every item of it goes, and a tombstone stays.

What must stay true: the tombstone comes with, or before, the first deletion, and the active item goes with
it, so from then on nothing can make a version. Items are deleted whatever is in them: an edited one too.
"""

from itertools import islice

from .branch_key_description import Shredding, item_type, shredded_at
from .branch_key_item import ACTIVE, SHREDDED, Attributes
from .errors import BranchKeyChangedError, BranchKeyNotFoundError
from .key_store_table import MAX_ACTIONS, KeyStoreTable, delete, delete_unchanged, put_tombstone

_ROUNDS = 5


def shred_branch_key(branch_key_id: str, *, table: KeyStoreTable, now: str) -> Shredding:
    """Remove what there is, as often as something is found.

    Raises
    ------
    BranchKeyNotFoundError
        There was never such a branch key.
    BranchKeyChangedError
        After some rounds there is still something, because somebody else goes on to change it.
    """
    removed = 0
    for _ in range(_ROUNDS):
        found = list(table.items(branch_key_id))
        tombstone = next((item for item in found if item_type(item) == SHREDDED), None)
        items = [item for item in found if item is not tombstone]
        if tombstone is None and not items:
            raise BranchKeyNotFoundError(
                f"there is no branch key {branch_key_id!r}; there is nothing to shred"
            )
        if tombstone is not None and not items:
            return Shredding(shredded_at=shredded_at(tombstone), removed=removed)
        removed += _remove(items, branch_key_id=branch_key_id, table=table, mark=tombstone is None, now=now)
    raise BranchKeyChangedError(
        f"the branch key {branch_key_id!r} is being changed by somebody else; run the same again"
    )


def _remove(
    items: list[Attributes], *, branch_key_id: str, table: KeyStoreTable, mark: bool, now: str
) -> int:
    """Delete items in transactions, the active one first; stop at one that was changed meanwhile."""
    left = iter(sorted(items, key=lambda item: item_type(item) != ACTIVE))
    removed = 0
    actions = [put_tombstone(branch_key_id, shredded_at=now)] if mark else []
    while group := list(islice(left, MAX_ACTIONS - len(actions))):
        deletions = (delete_unchanged(item) if item_type(item) == ACTIVE else delete(item) for item in group)
        if table.write([*actions, *deletions]):
            return removed
        removed += len(group)
        actions = []
    return removed
