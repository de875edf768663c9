"""The size of an item as DynamoDB counts it, so that a refusal can name both numbers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_ITEM_BYTES = 400 * 1024

# DynamoDB counts 3 bytes for a list or a map, and 1 for each entry or pair in it.
_CONTAINER = 3


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of `item` (low-level form): the names in UTF-8 and the values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(content)
        case "M":
            return _CONTAINER + len(content) + item_size(content)
        case "L":
            return _CONTAINER + len(content) + sum(map(_value_size, content))
        case "SS" | "NS" | "BS":
            return sum(_value_size({kind[0]: entry}) for entry in content)
        case _:  # BOOL, NULL
            return 1


def _number_size(text: str) -> int:
    # About a byte for two digits and one more; a sign takes another.
    sign, digits, _ = Decimal(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return (len(significant) + 1) // 2 + 1 + sign
