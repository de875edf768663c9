"""Items for the tests of the envelope: generated ones, what DynamoDB makes of them, single-bit flips."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Context
from typing import Any

from hypothesis import strategies as st

from envelope import CryptoAction, ItemEncryptor, Keyring

TABLE = "records"
PARTITION_KEY = "tenant"
SORT_KEY = "record"

_EXACT = Context(prec=60, Emin=-999, Emax=999)


@dataclass(frozen=True)
class GeneratedItem:
    """An item and what is to be done with its attributes."""

    item: dict[str, Any]
    actions: dict[str, CryptoAction]


def encryptor(
    keyring: Keyring,
    *,
    actions: dict[str, CryptoAction] | None = None,
    header_version: int = 2,
    flavor: int = 0,
    **overrides: Any,
) -> ItemEncryptor:
    """An encryptor of the table `records`; in header version 1, no attribute is in the encryption context."""
    include, sign = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, CryptoAction.SIGN_ONLY
    wanted = {PARTITION_KEY: include, SORT_KEY: include, **(actions or {})}
    if header_version == 1:
        wanted = {name: sign if action is include else action for name, action in wanted.items()}
    settings: dict[str, Any] = {
        "table": TABLE,
        "partition_key": PARTITION_KEY,
        "sort_key": SORT_KEY,
        "actions": wanted,
        "default_action": CryptoAction.ENCRYPT_AND_SIGN,
        "unsigned": [name for name, action in wanted.items() if action is CryptoAction.DO_NOTHING],
        "keyring": keyring,
        "flavor": flavor,
    }
    return ItemEncryptor(**(settings | overrides))


def as_dynamodb_returns(item: dict[str, Any]) -> dict[str, Any]:
    """An item with numbers in the one form that DynamoDB returns, and sets in one order."""
    return {name: _as_returned(value) for name, value in item.items()}


def _as_returned(value: dict[str, Any]) -> dict[str, Any]:
    ((name, content),) = value.items()
    if name == "N":
        return {"N": canonical_number(content)}
    if name == "NS":
        return {"NS": sorted(canonical_number(entry) for entry in content)}
    if name in ("SS", "BS"):
        return {name: sorted(content)}
    if name == "L":
        return {"L": [_as_returned(entry) for entry in content]}
    return {"M": as_dynamodb_returns(content)} if name == "M" else value


def canonical_number(text: str) -> str:
    """The same normalization as the library's, by way of decimal arithmetic."""
    number = _EXACT.create_decimal(text).normalize(_EXACT)
    return format(number, "f") if number else "0"


def single_bit_flips(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every value that differs from a DynamoDB value by one bit of its content.

    Bytes that are no longer UTF-8 become lone surrogates: a table cannot hold them, but a reader must not
    accept them either.
    """
    for content, put in _leaves(value):
        for bit in range(_bits(content)):
            yield put(_flip(content, bit))


def sampled_bit_flip(value: dict[str, Any], chosen: random.Random) -> dict[str, Any] | None:
    """One of those flips; none where the value has no content."""
    leaves = [(content, put) for content, put in _leaves(value) if _bits(content)]
    if not leaves:
        return None
    ((content, put),) = chosen.choices(leaves, weights=[_bits(content) for content, _ in leaves])
    return put(_flip(content, chosen.randrange(_bits(content))))


_Leaf = tuple[Any, Callable[[Any], Any]]


def _leaves(value: dict[str, Any]) -> Iterator[_Leaf]:
    """Every text, number, bytes, boolean and map key in a value, and how to put another in its place."""
    ((name, content),) = value.items()
    if name == "M":
        for key, entry in content.items():
            rest = {other: kept for other, kept in content.items() if other != key}
            yield key, lambda new, rest=rest, entry=entry: {"M": {**rest, new: entry}}
            for leaf, put in _leaves(entry):
                yield leaf, lambda new, rest=rest, key=key, put=put: {"M": {**rest, key: put(new)}}
    elif isinstance(content, list):
        for index, entry in enumerate(content):
            before, after = content[:index], content[index + 1 :]
            for leaf, put in _leaves(entry) if name == "L" else [(entry, lambda new: new)]:
                yield (
                    leaf,
                    lambda new, before=before, after=after, put=put: {name: [*before, put(new), *after]},
                )
    else:
        yield content, lambda new: {name: new}


def _bits(content: Any) -> int:
    if isinstance(content, bool):
        return 1
    return 8 * len(content.encode() if isinstance(content, str) else content)


def _flip(content: Any, bit: int) -> Any:
    if isinstance(content, bool):
        return not content
    if isinstance(content, str):
        return _flip(content.encode(), bit).decode(errors="surrogateescape")
    return (int.from_bytes(content, "big") ^ (1 << bit)).to_bytes(len(content), "big")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Numbers as a client may write them: signs, leading and trailing zeros, exponents."""
    digits = str(draw(st.integers(0, 10**38 - 1)))
    point = draw(st.integers(0, len(digits)))
    mantissa = f"{digits[:point]}.{digits[point:]}" if point < len(digits) else digits
    exponent = draw(st.sampled_from(["", "", "", "e3", "E+80", "e-84", "e-1"]))
    return draw(st.sampled_from(["", "-", "+", "00"])) + mantissa + exponent


def _sets(entries: st.SearchStrategy[Any], *, key: Callable[[Any], Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(entries, min_size=1, max_size=4, unique_by=key)


_SCALARS = st.one_of(
    st.builds(lambda content: {"S": content}, st.text(max_size=20)),
    st.builds(lambda content: {"N": content}, numbers()),
    st.builds(lambda content: {"B": content}, st.binary(max_size=20)),
    st.builds(lambda content: {"BOOL": content}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda content: {"SS": content}, _sets(st.text(max_size=6), key=lambda entry: entry)),
    st.builds(lambda content: {"NS": content}, _sets(numbers(), key=canonical_number)),
    st.builds(lambda content: {"BS": content}, _sets(st.binary(max_size=6), key=lambda entry: entry)),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda values: st.one_of(
        st.builds(lambda content: {"L": content}, st.lists(values, max_size=4)),
        st.builds(
            lambda content: {"M": content},
            st.dictionaries(st.text(min_size=1, max_size=6), values, max_size=4),
        ),
    ),
    max_leaves=8,
)
_KEYS = st.one_of(
    st.builds(lambda content: {"S": content}, st.text(min_size=1, max_size=20)),
    st.builds(lambda content: {"N": content}, numbers()),
    st.builds(lambda content: {"B": content}, st.binary(min_size=1, max_size=20)),
)
_NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: name not in (PARTITION_KEY, SORT_KEY) and not name.startswith("aws_dbe_")
)


@st.composite
def generated_items(draw: st.DrawFn) -> GeneratedItem:
    """Items with keys of every allowed type and up to five attributes of any type and action."""
    attributes = draw(st.dictionaries(_NAMES, st.tuples(_VALUES, st.sampled_from(CryptoAction)), max_size=5))
    item = {PARTITION_KEY: draw(_KEYS), SORT_KEY: draw(_KEYS)}
    item |= {name: value for name, (value, _) in attributes.items()}
    return GeneratedItem(item, {name: action for name, (_, action) in attributes.items()})
