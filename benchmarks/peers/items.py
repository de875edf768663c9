"""Items of 3, 10 and 40 attributes, of half a kilobyte to 100."""

from functools import partial

from benchmarks.peers.cases import Case, Contender
from benchmarks.peers.dynamodb_client import DynamoDbClient
from benchmarks.peers.ours import Ours
from benchmarks.peers.shapes import Item, item_of

_ATTRIBUTES = (3, 10, 40)
_SIZES = {"0.5kb": 500, "10kb": 10_000, "100kb": 100_000}


def cases(ours: Ours, official: DynamoDbClient) -> list[Case]:
    """Return a case for each number of attributes and each size."""

    def contenders(item: Item) -> list[Contender]:
        return [*ours.items(item), *official.items(item)]

    return [
        Case(
            f"item-{attributes}-{name}",
            "items",
            f"item of {attributes} attributes, {size:,} bytes",
            partial(contenders, item_of(attributes, size)),
        )
        for attributes in _ATTRIBUTES
        for name, size in _SIZES.items()
    ]
