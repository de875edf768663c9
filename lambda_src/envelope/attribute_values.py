"""DynamoDB's typed values to bytes: what is encrypted, and what is signed.

What must stay true: equal values give equal bytes, unequal values give unequal bytes. So numbers are
normalized, sets and map keys are sorted, and what DynamoDB would refuse is refused here.
Source: DB-ESDK ddb-attribute-serialization.md; the way back is attribute_parsing.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .attribute_numbers import NumberError, normalize_number
from .errors import InvalidItemError

AttributeValue: TypeAlias = Mapping[str, Any]
Item: TypeAlias = Mapping[str, AttributeValue]

MAX_DEPTH = 32  # DynamoDB's own limit; an attribute's value itself is the first level

TYPE_IDS: Mapping[str, bytes] = {
    "NULL": b"\x00\x00",
    "S": b"\x00\x01",
    "N": b"\x00\x02",
    "BOOL": b"\x00\x04",
    "B": b"\xff\xff",
    "SS": b"\x01\x01",
    "NS": b"\x01\x02",
    "BS": b"\x01\xff",
    "M": b"\x02\x00",
    "L": b"\x03\x00",
}


def serialize_value(value: AttributeValue, *, attribute: str) -> tuple[bytes, bytes]:
    """Return type id (2 bytes) and bytes of one attribute's value.

    Raises
    ------
    InvalidItemError
        The value is none that DynamoDB stores. The message names the attribute, never the value.
    """
    try:
        return _serialize(value, depth=1)
    except _Unacceptable as error:
        reason = str(error)
    # Raised out here so that no exception in the chain refers to the value.
    raise InvalidItemError(reason, attribute=attribute)


def utf16_order(text: str) -> bytes:
    """Return the sort key of string sets and map keys (DB-ESDK string-ordering.md, "UTF-16 Binary Order")."""
    return text.encode("utf-16-be")


class _Unacceptable(Exception):  # noqa: N818 - a reason on its way to InvalidItemError
    """Why a value cannot be serialized."""


def _serialize(value: object, *, depth: int) -> tuple[bytes, bytes]:
    if depth > MAX_DEPTH:
        raise _Unacceptable(f"nested deeper than DynamoDB's {MAX_DEPTH} levels")
    # Almost every value is a dict, which takes a glance; the look for another mapping takes a call.
    if (type(value) is not dict and not isinstance(value, Mapping)) or len(value) != 1:
        raise _Unacceptable("not a DynamoDB value: a mapping with exactly one type name is")
    ((type_name, content),) = value.items()
    serializer = _SCALARS_AND_SETS.get(type_name) if isinstance(type_name, str) else None
    if serializer is not None:
        return TYPE_IDS[type_name], serializer(content)
    if type_name == "M":
        return TYPE_IDS["M"], _map(content, depth=depth)
    if type_name == "L":
        return TYPE_IDS["L"], _list(content, depth=depth)
    raise _Unacceptable(f"unknown DynamoDB type; known are {', '.join(TYPE_IDS)}")


def _null(content: object) -> bytes:
    if content is not True:
        raise _Unacceptable("NULL must be true")
    return b""


def _boolean(content: object) -> bytes:
    if not isinstance(content, bool):
        raise _Unacceptable("BOOL must be true or false")
    return b"\x01" if content else b"\x00"


def _string(content: object) -> bytes:
    if not isinstance(content, str):
        raise _Unacceptable("S must be a str")
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError:
        pass
    raise _Unacceptable("text that is not valid Unicode (a lone surrogate) cannot be stored")


def _number(content: object) -> bytes:
    return _normalized(content).encode("ascii")


def _normalized(content: object) -> str:
    if not isinstance(content, str):
        raise _Unacceptable("N must be a str that holds a decimal number")
    try:
        return normalize_number(content)
    except NumberError as error:
        reason = str(error)
    raise _Unacceptable(f"a number is not storable: {reason}")


def _binary(content: object) -> bytes:
    if not isinstance(content, bytes | bytearray):
        raise _Unacceptable("B must be bytes")
    return bytes(content)


def _string_set(content: object) -> bytes:
    entries = _entries(content, "SS")
    encoded = [_string(entry) for entry in entries]
    in_order = sorted(zip(entries, encoded, strict=True), key=lambda pair: utf16_order(pair[0]))
    return _set([entry for _, entry in in_order])


def _number_set(content: object) -> bytes:
    # Normalized numbers are ASCII, so the order of their bytes is the UTF-16 order that is asked for.
    return _set(sorted(_number(entry) for entry in _entries(content, "NS")))


def _binary_set(content: object) -> bytes:
    return _set(sorted(_binary(entry) for entry in _entries(content, "BS")))


def _entries(content: object, type_name: str) -> Sequence[Any]:
    if not isinstance(content, list | tuple):
        raise _Unacceptable(f"{type_name} must be a list")
    return content


def _set(entries: Sequence[bytes]) -> bytes:
    if len(set(entries)) != len(entries):
        raise _Unacceptable("a set holds the same entry twice")
    return _counted(len(entries), (part for entry in entries for part in (_length(entry), entry)))


def _list(content: object, *, depth: int) -> bytes:
    parts: list[bytes] = []
    entries = _entries(content, "L")
    for entry in entries:
        type_id, serialized = _serialize(entry, depth=depth + 1)
        parts += (type_id, _length(serialized), serialized)
    return _counted(len(entries), parts)


def _map(content: object, *, depth: int) -> bytes:
    if not isinstance(content, Mapping):
        raise _Unacceptable("M must be a mapping")
    keyed = [(_map_key(key), key) for key in content]
    parts: list[bytes] = []
    for encoded, key in sorted(keyed, key=lambda pair: utf16_order(pair[1])):
        type_id, serialized = _serialize(content[key], depth=depth + 1)
        parts += (TYPE_IDS["S"], _length(encoded), encoded, type_id, _length(serialized), serialized)
    return _counted(len(keyed), parts)


def _map_key(key: object) -> bytes:
    encoded = _string(key)
    if not encoded:
        raise _Unacceptable("a map has an empty key")
    return encoded


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big")


def _counted(count: int, parts: Iterable[bytes]) -> bytes:
    return count.to_bytes(4, "big") + b"".join(parts)


_SCALARS_AND_SETS: Mapping[str, Callable[[object], bytes]] = {
    "NULL": _null,
    "S": _string,
    "N": _number,
    "BOOL": _boolean,
    "B": _binary,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
}
