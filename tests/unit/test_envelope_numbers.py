"""Numbers are normalized as DynamoDB does."""

import pytest
from hypothesis import given, settings

from envelope.attribute_numbers import NumberError, normalize_number
from tests.unit.envelope_items import canonical_number, numbers


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("0e999999999999999999999", "0"),
        ("1", "1"),
        ("+1", "1"),
        ("007", "7"),
        ("-007.50", "-7.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("100", "100"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("00.0011", "0.0011"),
        ("2000.000", "2000"),
        ("12345e-3", "12.345"),
        ("0.00120e1", "0.012"),
        ("1e125", "1" + "0" * 125),
        ("9.9e125", "99" + "0" * 124),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("0." + "0" * 200 + "1e201", "1"),
        ("1" * 38, "1" * 38),
        ("1" * 38 + "0" * 80, "1" * 38 + "0" * 80),
        ("1e0000000000000000000001", "10"),
    ],
)
def test_number_has_one_normalized_form(written: str, normalized: str) -> None:
    assert normalize_number(written) == normalized
    assert normalize_number(normalized) == normalized


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "-",
            "+",
            ".",
            "e5",
            "-.e1",
            "1e",
            "1e+",
            "--1",
            "+-1",
            "1..2",
            "1,5",
            "0x10",
            "1_000",
            "\u0661",
            "\u00b2",
        ),
        *(" 1", "1 ", "1\n", "NaN", "Infinity", "-inf", "1e5.0", "1e1e1", "\x00"),
    ],
)
def test_text_that_is_no_decimal_number_is_refused(text: str) -> None:
    with pytest.raises(NumberError, match="not a decimal number"):
        normalize_number(text)


@pytest.mark.parametrize(
    "text", ["1e126", "-1e126", "1e-131", "9.99e-131", "1e999999999999999999", "1" * 20 + "e107"]
)
def test_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(NumberError, match="out of DynamoDB's range"):
        normalize_number(text)


@pytest.mark.parametrize("text", ["1" * 39, "1." + "0" * 37 + "1", "0." + "1" * 39])
def test_number_of_more_than_38_digits_is_refused(text: str) -> None:
    with pytest.raises(NumberError, match="38 significant digits"):
        normalize_number(text)


@settings(max_examples=500, derandomize=True, deadline=None, database=None)
@given(numbers())
def test_normalization_agrees_with_decimal_arithmetic(text: str) -> None:
    assert normalize_number(text) == canonical_number(text)
