"""DynamoDB's numbers: decimal text, normalized the way DynamoDB normalizes it.

What is signed or encrypted is the normalized number, so "1.0" and "1" are the same value to this library.
"""

import re

# What is in its normalized form already, as almost every number is: no exponent, no zero that says nothing.
_NORMALIZED = re.compile(r"0|-?(?:[1-9][0-9]*|(?:0|[1-9][0-9]*)\.[0-9]*[1-9])")
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_MAX_DIGITS = 38
# Of a number written as 0.<digits> * 10^magnitude: DynamoDB keeps 1E-130 to 9.99...E+125.
_MIN_MAGNITUDE, _MAX_MAGNITUDE = -129, 126
_MAX_EXPONENT_DIGITS = (
    12  # more would be out of range whatever stands before; spares turning them into an int
)


class NumberError(ValueError):
    """A text is not a number that DynamoDB stores. Carries no part of the text."""


def normalize_number(text: str) -> str:
    """Return the one text that DynamoDB gives back for a number.

    No exponent, no leading or trailing zeros but the one before a decimal point, no plus sign, no minus zero
    (DB-ESDK ddb-attribute-serialization.md, "Number").

    Raises
    ------
    NumberError
        Not a decimal number, more than 38 significant digits, or out of DynamoDB's range.
    """
    # Of so few characters there are no more digits than allowed, and no exponent to leave the range.
    if len(text) <= _MAX_DIGITS and _NORMALIZED.fullmatch(text):
        return text
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise NumberError("not a decimal number")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    without_leading = (whole + fraction).lstrip("0")
    digits = without_leading.rstrip("0")
    if not digits:
        return "0"
    if len(digits) > _MAX_DIGITS:
        raise NumberError(f"more than {_MAX_DIGITS} significant digits")
    if len(exponent.lstrip("+-0")) > _MAX_EXPONENT_DIGITS:
        raise NumberError("out of DynamoDB's range")
    magnitude = len(without_leading) - len(fraction) + int(exponent)
    if not _MIN_MAGNITUDE <= magnitude <= _MAX_MAGNITUDE:
        raise NumberError("out of DynamoDB's range (1E-130 to 9.99E+125)")
    return ("-" if sign == "-" else "") + _without_exponent(digits, magnitude)


def _without_exponent(digits: str, magnitude: int) -> str:
    """Write 0.<digits> * 10^magnitude out in full."""
    if magnitude <= 0:
        return "0." + "0" * -magnitude + digits
    if magnitude >= len(digits):
        return digits + "0" * (magnitude - len(digits))
    return digits[:magnitude] + "." + digits[magnitude:]
