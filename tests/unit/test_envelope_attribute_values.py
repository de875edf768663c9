"""Serialized values: known answers worked out from the specification, and what is refused, both ways."""

from typing import Any

import pytest

from envelope import InvalidItemError, MalformedItemError
from envelope.attribute_parsing import parse_value
from envelope.attribute_values import serialize_value

_KNOWN = [
    ({"NULL": True}, "0000", ""),
    ({"S": ""}, "0001", ""),
    ({"S": "aé€😀"}, "0001", "61 c3a9 e282ac f09f9880"),
    ({"N": "-12.5"}, "0002", "2d 31 32 2e 35"),
    ({"B": b"\x00\xff"}, "ffff", "00ff"),
    ({"BOOL": False}, "0004", "00"),
    ({"BOOL": True}, "0004", "01"),
    ({"SS": ["a", "bc"]}, "0101", "00000002 00000001 61 00000002 6263"),
    ({"NS": ["-1", "10", "2"]}, "0102", "00000003 00000002 2d31 00000002 3130 00000001 32"),
    ({"BS": [b"", b"\x01"]}, "01ff", "00000002 00000000 00000001 01"),
    ({"L": []}, "0300", "00000000"),
    ({"L": [{"NULL": True}, {"BOOL": True}]}, "0300", "00000002 0000 00000000 0004 00000001 01"),
    ({"M": {}}, "0200", "00000000"),
    (
        {"M": {"a": {"L": [{"S": "x"}]}, "b": {"N": "1"}}},
        "0200",
        "00000002 0001 00000001 61 0300 0000000b 00000001 0001 00000001 78 0001 00000001 62 0002 00000001 31",
    ),
    ({"SS": []}, "0101", "00000000"),
]


@pytest.mark.parametrize(("value", "type_id", "data"), _KNOWN)
def test_value_has_the_bytes_of_the_specification_and_comes_back(
    value: dict[str, Any], type_id: str, data: str
) -> None:
    serialized = serialize_value(value, attribute="a")
    assert serialized == (bytes.fromhex(type_id), bytes.fromhex(data))
    assert parse_value(*serialized) == value


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ({"N": "1.50"}, {"N": "1.5"}),
        ({"NS": ["10", "9", "1e0"]}, {"NS": ["1", "10", "9"]}),
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"BS": [b"\x02", b"\x01\x00", b"\x01"]}, {"BS": [b"\x01", b"\x01\x00", b"\x02"]}),
    ],
)
def test_equal_values_have_equal_bytes(value: dict[str, Any], canonical: dict[str, Any]) -> None:
    assert serialize_value(value, attribute="a") == serialize_value(canonical, attribute="a")
    assert parse_value(*serialize_value(value, attribute="a")) == canonical


def test_strings_are_ordered_by_utf_16_code_units() -> None:
    """U+10002 is D800 DC02 in UTF-16 and so comes before U+FF61, though its code point is larger."""
    high, low = "\uff61", "\U00010002"
    assert parse_value(*serialize_value({"SS": [high, low]}, attribute="a")) == {"SS": [low, high]}
    in_map = parse_value(*serialize_value({"M": {high: {"NULL": True}, low: {"NULL": True}}}, attribute="a"))
    assert list(in_map["M"]) == [low, high]


def _nested(levels: int, kind: str) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels - 1):
        value = {"L": [value]} if kind == "L" else {"M": {"k": value}}
    return value


@pytest.mark.parametrize("kind", ["L", "M"])
def test_32_levels_are_stored_and_33_are_refused(kind: str) -> None:
    assert parse_value(*serialize_value(_nested(32, kind), attribute="a")) == _nested(32, kind)
    with pytest.raises(InvalidItemError, match="32 levels"):
        serialize_value(_nested(33, kind), attribute="a")
    with pytest.raises(InvalidItemError, match="32 levels"):
        serialize_value(_nested(5000, kind), attribute="a")


def test_stored_value_of_33_levels_is_refused() -> None:
    _, data = serialize_value(_nested(32, "L"), attribute="a")
    one_more = b"\x00\x00\x00\x01\x03\x00" + len(data).to_bytes(4, "big") + data
    with pytest.raises(MalformedItemError, match="32 levels"):
        parse_value(b"\x03\x00", one_more)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "exactly one type"),
        ({"S": "x", "N": "1"}, "exactly one type"),
        ("x", "exactly one type"),
        (None, "exactly one type"),
        ({"X": "x"}, "unknown DynamoDB type"),
        ({1: "x"}, "unknown DynamoDB type"),
        ({"S": b"x"}, "S must be a str"),
        ({"S": "\ud800"}, "lone surrogate"),
        ({"N": 1}, "N must be a str"),
        ({"N": "one"}, "not a decimal number"),
        ({"N": "1" * 39}, "38 significant digits"),
        ({"N": "1e126"}, "range"),
        ({"B": "x"}, "B must be bytes"),
        ({"BOOL": 1}, "true or false"),
        ({"BOOL": "true"}, "true or false"),
        ({"NULL": False}, "NULL must be true"),
        ({"NULL": 1}, "NULL must be true"),
        ({"SS": "ab"}, "SS must be a list"),
        ({"SS": ["a", "a"]}, "twice"),
        ({"SS": [1]}, "S must be a str"),
        ({"NS": ["1", "1.0"]}, "twice"),
        ({"BS": [b"a", b"a"]}, "twice"),
        ({"L": {"S": "x"}}, "L must be a list"),
        ({"L": ["x"]}, "exactly one type"),
        ({"M": []}, "M must be a mapping"),
        ({"M": {"": {"S": "x"}}}, "empty key"),
        ({"M": {1: {"S": "x"}}}, "S must be a str"),
        ({"M": {"\udc00": {"S": "x"}}}, "lone surrogate"),
        ({"M": {"a": {"N": "x"}}}, "not a decimal number"),
    ],
)
def test_value_that_dynamodb_would_not_store_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(InvalidItemError, match=reason) as refused:
        serialize_value(value, attribute="balance")
    assert refused.value.attribute == "balance"
    assert "'balance'" in str(refused.value)


@pytest.mark.parametrize(
    ("type_id", "data", "reason"),
    [
        ("0003", "", "unknown type id"),
        ("0000", "00", "NULL has content"),
        ("0001", "ff", "UTF-8"),
        ("0001", "eda080", "UTF-8"),
        ("0002", "", "normalized"),
        ("0002", "312e30", "normalized"),
        ("0002", "2b31", "normalized"),
        ("0002", "d9a1", "normalized"),
        ("0004", "", "neither 0 nor 1"),
        ("0004", "02", "neither 0 nor 1"),
        ("0004", "0001", "neither 0 nor 1"),
        ("0101", "", "end before"),
        ("0101", "00000001", "end before"),
        ("0101", "00000001 00000002 61", "end before"),
        ("0101", "00000000 00", "shorter or longer"),
        ("0101", "00000002 00000001 61 00000001 61", "duplicates"),
        ("0101", "00000001 00000001 ff", "UTF-8"),
        ("0102", "00000001 00000002 3130 00", "shorter or longer"),
        ("0102", "00000001 00000002 3031", "normalized"),
        ("01ff", "00000002 00000001 01 00000001 01", "duplicates"),
        ("0300", "00000001", "end before"),
        ("0300", "ffffffff", "end before"),
        ("0300", "00000001 0004 00000002 01", "end before"),
        ("0300", "00000001 0004 00000002 0101", "neither"),
        ("0300", "00000001 0300 00000003 00000000", "shorter or longer"),
        ("0300", "00000001 0005 00000000", "unknown type id"),
        ("0200", "00000001 0002 00000001 31 0000 00000000", "not a string"),
        ("0200", "00000001 0001 00000000 0000 00000000", "empty key"),
        ("0200", "00000001 0001 00000001 ff 0000 00000000", "UTF-8"),
        ("0200", "00000002 0001 00000001 61 0000 00000000 0001 00000001 61 0000 00000000", "duplicates"),
        ("0200", "00000000 00", "shorter or longer"),
    ],
)
def test_bytes_that_no_writer_produces_are_refused(type_id: str, data: str, reason: str) -> None:
    with pytest.raises(MalformedItemError, match=reason):
        parse_value(bytes.fromhex(type_id), bytes.fromhex(data))


@pytest.mark.parametrize(
    ("type_id", "data", "value"),
    [
        ("0101", "00000002 00000001 62 00000001 61", {"SS": ["b", "a"]}),
        ("0102", "00000002 00000001 32 00000001 31", {"NS": ["2", "1"]}),
        ("01ff", "00000002 00000001 62 00000001 61", {"BS": [b"b", b"a"]}),
        (
            "0200",
            "00000002 0001 00000001 62 0000 00000000 0001 00000001 61 0000 00000000",
            {"M": {"b": {"NULL": True}, "a": {"NULL": True}}},
        ),
    ],
)
def test_order_that_early_writers_kept_is_read(type_id: str, data: str, value: dict[str, Any]) -> None:
    assert parse_value(bytes.fromhex(type_id), bytes.fromhex(data)) == value
