"""Cuts what comes one by one into groups."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Each = TypeVar("Each")


def batches(entries: Iterable[Each], *, size: int) -> Iterator[list[Each]]:
    """Yield the entries in lists of `size`, the last one shorter; nothing of nothing."""
    remaining = iter(entries)
    while batch := list(islice(remaining, size)):
        yield batch
