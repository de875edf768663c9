"""JSON in and out: exact, strict, and never through a float."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exact_numbers import NumberOutOfRangeError, canonical_number
from service.json_body import parse_record
from service.json_text import object_text, value_text
from service.names import FORMAT_PREFIX, SERVICE_ATTRIBUTES
from service.problems import Problem, problem_document

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
top_names = names.filter(lambda name: name not in SERVICE_ATTRIBUTES and not name.startswith(FORMAT_PREFIX))
numbers = st.builds(
    lambda sign, digits, exponent: f"{sign}{digits}E{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**38 - 1),
    st.integers(-130, 88),
).map(Decimal)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(codec="utf-8"))
    | numbers
    | st.integers(-(10**38), 10**38),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=30,
)


def written(value: str) -> Any:
    """JSON text of a value that holds decimals, by the standard library alone."""
    encoder = json.JSONEncoder()
    placeholders = {}

    def replaced(part: Any) -> Any:
        if isinstance(part, Decimal):
            mark = f"\ue000{len(placeholders)}\ue000"
            placeholders[encoder.encode(mark)] = str(part)
            return mark
        if isinstance(part, dict):
            return {name: replaced(inner) for name, inner in part.items()}
        return [replaced(inner) for inner in part] if isinstance(part, list) else part

    text = encoder.encode(replaced(value))
    for mark, number in placeholders.items():
        text = text.replace(mark, number)
    return text


def read(text: str) -> Any:
    """JSON as exact values: every number a decimal."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@given(st.dictionaries(top_names, values, max_size=6))
def test_every_json_object_comes_back_equal(data: Any) -> None:
    text = written(data)

    assert read(object_text(parse_record(text))) == read(text)


@given(numbers)
def test_a_number_keeps_its_value_and_has_one_form(number: Any) -> None:
    form = canonical_number(str(number))

    assert Decimal(form) == number
    assert Decimal(json.loads(form, parse_int=str, parse_float=str)) == number
    assert canonical_number(form) == form
    assert canonical_number(format(number, "f")) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("0.000", "0"),
        ("100", "100"),
        ("1e2", "100"),
        ("0.1", "0.1"),
        ("-0.00012", "-0.00012"),
        ("1e-7", "1E-7"),
        ("123456789012345678901", "123456789012345678901"),
        ("1234567890123456789012", "1.234567890123456789012E+21"),
        ("1" + "0" * 125, "1E+125"),
    ],
)
def test_numbers_are_written_so(text: str, form: Any) -> None:
    assert canonical_number(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "1" * 39,
        "1.00000000000000000000000000000000000001",
        "1E126",
        "1E-131",
        "1E999999999999999999999",
        "-1E-999999999999999999999",
        "9" * 100_000,
    ],
)
def test_a_number_that_would_lose_digits_is_refused(text: str) -> None:
    with pytest.raises(NumberOutOfRangeError):
        canonical_number(text)


def nested(levels: int) -> Any:
    return '{"a":' + "[" * levels + "]" * levels + "}"


def test_thirty_two_levels_are_kept() -> None:
    assert object_text(parse_record(nested(32))) == nested(32)


@pytest.mark.parametrize(
    ("text", "slug", "field"),
    [
        ("{", "malformed-json", None),
        ('{"a":1}x', "malformed-json", None),
        ("{'a':1}", "malformed-json", None),
        ('{"a":01}', "malformed-json", None),
        ('{"a":"\n"}', "malformed-json", None),
        ('\ufeff{"a":1}', "malformed-json", None),
        ("[]", "not-an-object", None),
        ('"text"', "not-an-object", None),
        ("1", "not-an-object", None),
        ("null", "not-an-object", None),
        ('{"a":1,"a":1}', "duplicate-name", "/a"),
        ('{"a":1,"\\u0061":1}', "duplicate-name", "/a"),
        ('{"a":[{"b/~":1,"b/~":2}]}', "duplicate-name", "/a/0/b~1~0"),
        ('{"a":NaN}', "number-not-finite", "/a"),
        ('{"a":[1,-Infinity]}', "number-not-finite", "/a/1"),
        ("Infinity", "number-not-finite", ""),
        ('{"a":1e400}', "number-out-of-range", "/a"),
        ('{"a":"\\ud800"}', "unpaired-surrogate", "/a"),
        ('{"\\udc00":1}', "unpaired-surrogate", ""),
        ('{"":1}', "invalid-name", ""),
        ('{"a":{"":1}}', "invalid-name", "/a"),
        ('{"' + "é" * 128 + '":1}', "invalid-name", ""),
        ('{"tenant":1}', "reserved-name", "/tenant"),
        ('{"record":1}', "reserved-name", "/record"),
        ('{"revision":1}', "reserved-name", "/revision"),
        ('{"updated_at":1}', "reserved-name", "/updated_at"),
        ('{"aws_dbe_head":1}', "reserved-name", "/aws_dbe_head"),
        ('{"aws_dbe_a/~":1}', "reserved-name", "/aws_dbe_a~1~0"),
        (nested(33), "too-deep", "/a" + "/0" * 32),
        ('{"a":' + "[" * 100_000, "too-deep", ""),
    ],
)
def test_what_cannot_be_stored_is_refused_by_its_own_problem(text: str, slug: str, field: Any) -> None:
    with pytest.raises(Problem) as refused:
        parse_record(text)

    assert (refused.value.kind.slug, refused.value.field) == (slug, field)
    assert refused.value.__context__ is None


def test_inside_a_map_no_name_is_reserved() -> None:
    assert parse_record('{"a":{"tenant":1,"aws_dbe_head":2}}') == {
        "a": {"M": {"tenant": {"N": "1"}, "aws_dbe_head": {"N": "2"}}}
    }


def test_a_problem_shows_its_slug_alone_as_text() -> None:
    with pytest.raises(Problem) as refused:
        parse_record('{"marker":NaN}')

    assert "marker" not in f"{refused.value!r} {refused.value}"
    assert problem_document(refused.value, request_id="r")["field"] == "/marker"


def test_what_only_other_writers_store_becomes_arrays_and_base64() -> None:
    assert value_text({"NS": ["1.0", "2E1"]}) == "[1,20]"
    assert value_text({"SS": ["b", "a"]}) == '["b","a"]'
    assert value_text({"BS": [b"\xff"]}) == '["/w=="]'
    assert value_text({"B": b"\x00\x01"}) == '"AAE="'
