"""Numbers: the exact value of a JSON number, within what DynamoDB can keep, and never through a float.

The value is kept, not the spelling: 1.50 comes back as 1.5 and -0 as 0.
"""

from decimal import Decimal, InvalidOperation

MAX_DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130

# Numbers whose first digit stands in these places are written out; others get an exponent.
_PLAIN_EXPONENTS = range(-6, 21)


class NumberOutOfRangeError(Exception):
    """The number has more than 38 significant digits, or a size beyond what DynamoDB keeps."""


def canonical_number(text: str) -> str:
    """Write a number in the one form that the service uses; it is valid JSON and valid for DynamoDB.

    Parameters
    ----------
    text
        A finite number as JSON or DynamoDB writes it.

    Raises
    ------
    NumberOutOfRangeError
        When DynamoDB cannot keep it exactly: more than 38 significant digits, or a magnitude outside
        1E-130 to 9.99...E+125.
    """
    try:
        sign, digits, exponent = Decimal(text).as_tuple()
    except InvalidOperation:  # an exponent beyond any range
        exponent = "F"
    if not isinstance(exponent, int):
        raise NumberOutOfRangeError
    significant = "".join(map(str, digits)).lstrip("0")
    trimmed = significant.rstrip("0")
    if not trimmed:
        return "0"
    exponent += len(significant) - len(trimmed)
    magnitude = exponent + len(trimmed) - 1
    if len(trimmed) > MAX_DIGITS or not MIN_EXPONENT <= magnitude <= MAX_EXPONENT:
        raise NumberOutOfRangeError
    return "-" * sign + _written(trimmed, exponent=exponent, magnitude=magnitude)


def _written(digits: str, *, exponent: int, magnitude: int) -> str:
    if magnitude not in _PLAIN_EXPONENTS:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{fraction}E{magnitude:+d}"
    if exponent >= 0:
        return digits + "0" * exponent
    if magnitude < 0:
        return "0." + "0" * (-magnitude - 1) + digits
    return f"{digits[: magnitude + 1]}.{digits[magnitude + 1 :]}"
