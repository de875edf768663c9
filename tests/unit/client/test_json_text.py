"""JSON as text: what is cut out or indented is the same JSON, digit for digit."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.jsontext import JsonTextError, compact, elements, members, pretty

NUMBERS = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["1234.50", "-0.0", "1E+3", "1e-130", "9" * 38]),
)
TEXTS = st.text(max_size=20).map(json.dumps) | st.text(max_size=20).map(
    lambda text: json.dumps(text, ensure_ascii=False)
)
SPACES = st.sampled_from(["", " ", "\n", "\t \r\n"])


def containers(values: Any) -> Any:
    lists = st.tuples(st.lists(values, max_size=4), SPACES).map(
        lambda drawn: "[" + drawn[1] + (drawn[1] + "," + drawn[1]).join(drawn[0]) + drawn[1] + "]"
    )
    names = st.dictionaries(st.text(max_size=6), values, max_size=4)
    objects = st.tuples(names, SPACES).map(
        lambda drawn: (
            "{"
            + drawn[1]
            + ",".join(f"{drawn[1]}{json.dumps(k)}{drawn[1]}:{drawn[1]}{v}" for k, v in drawn[0].items())
            + drawn[1]
            + "}"
        )
    )
    return lists | objects


VALUES = st.recursive(NUMBERS | TEXTS | st.sampled_from(["true", "false", "null"]), containers, max_leaves=12)


def exact(text: str) -> Any:
    """Parse so that numbers compare as the text they were."""
    return json.loads(text, parse_float=lambda digits: ("float", digits), parse_int=lambda d: ("int", d))


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=5), SPACES)
def test_members_are_the_exact_texts_of_the_values(values: Any, space: str) -> None:
    pairs = (space + "," + space).join(f"{json.dumps(name)}{space}:{space}{v}" for name, v in values.items())
    assert members(f"{space}{{{space}{pairs}{space}}}{space}") == values


@given(st.lists(VALUES, max_size=5), SPACES)
def test_elements_are_the_exact_texts_of_the_values(values: Any, space: str) -> None:
    inner = (space + "," + space).join(values)
    assert elements(f"[{space}{inner}{space}]") == values


@given(VALUES)
def test_compact_and_pretty_change_white_space_only(value: str) -> None:
    assert exact(compact(value)) == exact(value)
    assert exact(pretty(value)) == exact(value)
    assert "\n" not in compact(value)


@given(VALUES)
def test_pretty_indents_as_people_expect(value: str) -> None:
    plain = json.loads(value, parse_float=Decimal)
    if not isinstance(plain, dict | list) or "." in value or "E" in value or "e" in value.replace("true", ""):
        return
    if "\\" not in value and value.isascii():
        assert pretty(value) == json.dumps(plain, indent=2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1 "b":2}',
        "{a:1}",
        '{"a":01}',
        '{"a":+1}',
        '{"a":.5}',
        "{'a':1}",
        '{"a":1}x',
        '{"a":"\n"}',
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":1}',
        "[]",
    ],
)
def test_anything_but_one_json_object_is_refused(text: str) -> None:
    with pytest.raises(JsonTextError):
        members(text)


def test_an_array_is_asked_for_as_such() -> None:
    with pytest.raises(JsonTextError, match="must be a JSON array"):
        elements("{}")
