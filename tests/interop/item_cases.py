"""Items to exchange with another library: written by hand at the borders of the format, and generated."""

import itertools
from functools import cache
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from envelope import CryptoAction
from tests.unit.envelope_items import PARTITION_KEY, SORT_KEY, GeneratedItem, generated_items

#: Header version and flavor.
FORMATS = [(1, 0), (1, 1), (2, 0), (2, 1)]

_Example = TypeVar("_Example")
_KEYS = {PARTITION_KEY: {"S": "acme"}, SORT_KEY: {"S": "order 1"}}
_TEN_TYPES: dict[str, dict[str, Any]] = {
    "text": {"S": "ünïcode"},
    "number": {"N": "-12.50"},
    "bytes": {"B": bytes(range(256))},
    "truth": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["b", "a", "aa"]},
    "numbers": {"NS": ["10", "9", "-1", "1e2"]},
    "several bytes": {"BS": [b"\xff", b"\x00", b""]},
    "list": {"L": [{"S": "x"}, {"L": [{"N": "1"}]}, {"M": {}}]},
    "map": {"M": {"b": {"NULL": True}, "a": {"M": {"c": {"BS": [b"1"]}}}}},
}
#: U+FF61 sorts after U+1F600 by its UTF-16, and before it by its UTF-8.
_HIGH, _BEYOND = "\uff61", "\U0001f600"
_IN_BOTH_ORDERS = [_BEYOND, _HIGH, "\ue000", "\ud7ff", "z", _HIGH + "a", _BEYOND + "a", "\U00010000"]
_EXTREME_NUMBERS = [
    "0",
    "-0",
    "0.000",
    "9.9999999999999999999999999999999999999e125",
    "-9.9999999999999999999999999999999999999E+125",
    "1e-130",
    "-1E-130",
    "12345678901234567890123456789012345678",
    "0.00012345678901234567890123456789012345678",
    "1000000000000000000000000000000000000000000",
    "+001.500",
    ".5",
    "5.",
]


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "innermost"}
    for level in range(depth):
        value = {"L": [value]} if level % 2 else {"M": {"next": value, "k": {"NULL": True}}}
    return value


_BORDERS: dict[str, dict[str, dict[str, Any]]] = {
    "all ten types": _TEN_TYPES,
    "nothing but the keys": {},
    "empty values": {"s": {"S": ""}, "b": {"B": b""}, "l": {"L": []}, "m": {"M": {}}},
    "extreme numbers": {f"n{at}": {"N": number} for at, number in enumerate(_EXTREME_NUMBERS)},
    "extreme numbers in a set": {"ns": {"NS": _EXTREME_NUMBERS[3:]}},
    "strings beyond the BMP": {"s": {"S": _BEYOND + '\x00\n"\\' + "\U0010ffff"}, _BEYOND: {"S": _HIGH}},
    "names in both orders": {name: {"S": name} for name in _IN_BOTH_ORDERS},
    "sets in both orders": {
        "ss": {"SS": _IN_BOTH_ORDERS},
        "bs": {"BS": [t.encode() for t in _IN_BOTH_ORDERS]},
    },
    "map keys in both orders": {"m": {"M": {name: {"S": name} for name in _IN_BOTH_ORDERS}}},
    "nested 30 deep": {"deep": _nested(30)},
    "long values": {"s": {"S": "é" * 5_000}, "b": {"B": bytes(20_000)}, "n" * 255: {"SS": ["x" * 1024, "y"]}},
    "many attributes": {f"attribute {number}": {"N": str(number)} for number in range(200)},
}


def border_items(*, each_action: bool) -> dict[str, GeneratedItem]:
    """Each item at a border with all four actions in turn; on request also with each action alone."""
    found = {}
    choices = [None, *CryptoAction] if each_action else [None]
    for (name, attributes), action in itertools.product(_BORDERS.items(), choices):
        turns = itertools.cycle(CryptoAction) if action is None else itertools.repeat(action)
        actions = dict(zip(attributes, turns, strict=False))
        title = f"{name}, {action.name if action else 'all four actions'}"
        found[title] = GeneratedItem(_KEYS | attributes, actions)
    for kind, key in (("N", "-1.50"), ("B", b"\x00\xff")):
        keys = {PARTITION_KEY: {kind: key}, SORT_KEY: {kind: key}}
        found[f"keys of type {kind}"] = GeneratedItem(
            keys | {"a": {"S": "x"}}, {"a": CryptoAction.ENCRYPT_AND_SIGN}
        )
    return found


def examples(strategy: st.SearchStrategy[_Example], count: int) -> list[_Example]:
    """So many examples of a strategy, the same ones each time."""
    found: list[_Example] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: _Example) -> None:
        found.append(example)

    collect()
    assert len(found) == count
    return found


@cache
def random_items(count: int) -> list[GeneratedItem]:
    """So many generated items, the same ones each time."""
    return examples(generated_items(), count)
