"""Moves a branch key to another KMS key: each item is wrapped again, inside KMS.

What must stay true: an item is replaced only by itself under the new key, and only if nobody changed it
meanwhile; so the move may be stopped anywhere and run again. No released AWS library offers this; what it
leaves is what their key stores read (ESDK specification, framework/branch-key-store.md, "Record Format").
"""

from collections.abc import Callable

from .branch_key_description import Move, item_type
from .branch_key_item import SHREDDED, Attributes, BranchKeyItem
from .branch_key_wrapping import BranchKeyWrapping
from .errors import BranchKeyItemError
from .key_store_table import KeyStoreTable

Parsed = Callable[[Attributes], BranchKeyItem]


def move_branch_key(
    branch_key_id: str,
    *,
    table: KeyStoreTable,
    wrapping: BranchKeyWrapping,
    parsed: Parsed,
    go_on: Callable[[], bool],
) -> Move:
    """Move what is not yet under the wrapping's key, then verify all of it.

    Raises
    ------
    BranchKeyItemError
        An item is not as it was written, or under a KMS key that is not configured; the others are moved.
    """
    moved = already_there = remaining = 0
    moved_from: dict[str, None] = {}
    refused: list[BranchKeyItemError] = []
    for item in _items(branch_key_id, table=table, parsed=parsed):
        if item.kms_arn == wrapping.key_arn:
            already_there += 1
        elif not go_on():
            remaining += 1
        else:
            try:
                done = table.replace(wrapping.wrap_as(item, target=item), expected=item)
            except BranchKeyItemError as failure:
                refused.append(failure)
                continue
            moved += done
            # Rotated, moved by somebody else, or shredded meanwhile: the next run sees what became of it.
            remaining += not done
            moved_from[item.kms_arn] = None
    if refused:
        raise refused[0]
    verified = remaining == 0 and _verify(
        branch_key_id, table=table, wrapping=wrapping, parsed=parsed, go_on=go_on
    )
    return Move(
        moved=moved,
        already_there=already_there,
        remaining=remaining,
        moved_from=tuple(moved_from),
        verified=verified,
    )


def _verify(
    branch_key_id: str,
    *,
    table: KeyStoreTable,
    wrapping: BranchKeyWrapping,
    parsed: Parsed,
    go_on: Callable[[], bool],
) -> bool:
    """Read everything once more and let KMS authenticate it under the new key."""
    found = False
    for item in _items(branch_key_id, table=table, parsed=parsed):
        if item.kms_arn != wrapping.key_arn or not go_on():
            return False
        wrapping.authenticate(item)
        found = True
    return found


def _items(branch_key_id: str, *, table: KeyStoreTable, parsed: Parsed) -> list[BranchKeyItem]:
    found = table.items(branch_key_id)
    return [parsed(attributes) for attributes in found if item_type(attributes) != SHREDDED]
