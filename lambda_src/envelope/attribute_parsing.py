"""Bytes back to DynamoDB's typed values: the strict counterpart of attribute_values.py.

What must stay true: only what serialize_value writes is accepted, so a value has one serialized form. The
bytes were authenticated before they come here; strictness keeps a faulty writer from passing for a good one.
Source: DB-ESDK ddb-attribute-serialization.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .attribute_numbers import NumberError, normalize_number
from .attribute_values import MAX_DEPTH, TYPE_IDS
from .byte_reader import ByteReader, decode_text
from .errors import MalformedItemError

_TYPE_NAMES = {type_id: name for name, type_id in TYPE_IDS.items()}


def parse_value(type_id: bytes, data: bytes) -> dict[str, Any]:
    """Return the DynamoDB value that serialize_value turned into `type_id` and `data`.

    Raises
    ------
    MalformedItemError
        Unknown type id, bytes missing or left over, wrong count, duplicates, a number that is not
        normalized, text that is not UTF-8, or more than 32 levels.
    """
    scalar = _SCALARS_BY_ID.get(type_id)
    if scalar is not None:  # all of the data is one value, and no position in it needs to be kept
        name, parse = scalar
        return {name: parse(data)}
    return _parse(ByteReader(data), type_id=type_id, length=len(data), depth=1)


def _parse(reader: ByteReader, *, type_id: bytes, length: int, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise MalformedItemError(f"a stored value is nested deeper than {MAX_DEPTH} levels")
    name = _TYPE_NAMES.get(type_id)
    if name is None:
        raise MalformedItemError(f"a stored value has the unknown type id {type_id.hex()}")
    end = reader.position + length
    if name == "M":
        content: Any = _map(reader, depth=depth)
    elif name == "L":
        content = _list(reader, depth=depth)
    elif name in _SETS:
        content = _SETS[name](reader)
    else:
        content = _SCALARS[name](reader.take(length))
    if reader.position != end:
        raise MalformedItemError("a stored value is shorter or longer than it announces")
    return {name: content}


def _null(data: bytes) -> bool:
    if data:
        raise MalformedItemError("a stored NULL has content")
    return True


def _boolean(data: bytes) -> bool:
    if data not in (b"\x00", b"\x01"):
        raise MalformedItemError("a stored BOOL is neither 0 nor 1")
    return data == b"\x01"


def _number(data: bytes) -> str:
    text = decode_text(data)
    try:
        canonical = normalize_number(text) == text
    except NumberError:
        canonical = False
    if not canonical:
        raise MalformedItemError("a stored number is not in its normalized form")
    return text


def _binary(data: bytes) -> bytes:
    return data


def _string_set(reader: ByteReader) -> list[str]:
    entries = [decode_text(entry) for entry in _set_entries(reader)]
    _require_distinct(entries, what="string set")
    return entries


def _number_set(reader: ByteReader) -> list[str]:
    entries = _set_entries(reader)
    _require_distinct(entries, what="number set")
    return [_number(entry) for entry in entries]


def _binary_set(reader: ByteReader) -> list[bytes]:
    entries = _set_entries(reader)
    _require_distinct(entries, what="binary set")
    return entries


def _set_entries(reader: ByteReader) -> list[bytes]:
    return [reader.take(reader.unsigned(4)) for _ in range(reader.unsigned(4))]


def _require_distinct(entries: Sequence[str] | Sequence[bytes], *, what: str) -> None:
    if len(set(entries)) != len(entries):
        raise MalformedItemError(f"a stored {what} has duplicates")


def _list(reader: ByteReader, *, depth: int) -> list[dict[str, Any]]:
    return [_nested(reader, depth=depth) for _ in range(reader.unsigned(4))]


def _map(reader: ByteReader, *, depth: int) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    for _ in range(reader.unsigned(4)):
        if reader.take(2) != TYPE_IDS["S"]:
            raise MalformedItemError("a key of a stored map is not a string")
        key = reader.text(reader.unsigned(4))
        if not key:
            raise MalformedItemError("a stored map has an empty key")
        if key in entries:
            raise MalformedItemError("a stored map has duplicates among its keys")
        entries[key] = _nested(reader, depth=depth)
    return entries


def _nested(reader: ByteReader, *, depth: int) -> dict[str, Any]:
    type_id = reader.take(2)
    return _parse(reader, type_id=type_id, length=reader.unsigned(4), depth=depth + 1)


_SCALARS: Mapping[str, Callable[[bytes], Any]] = {
    "NULL": _null,
    "S": decode_text,
    "N": _number,
    "BOOL": _boolean,
    "B": _binary,
}
_SCALARS_BY_ID = {TYPE_IDS[name]: (name, parse) for name, parse in _SCALARS.items()}
_SETS: Mapping[str, Callable[[ByteReader], Any]] = {
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
}
