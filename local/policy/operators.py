"""The condition operators: each compares one value of a request with one of a policy.

What must stay true: an operator that is not listed here is an error. A key that is absent fails what asks for
a match and passes what asks for none. Source: IAM User Guide, "IAM JSON policy elements: Condition operators"
and "Context keys with multiple values".
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Literal

from local.policy.policy_error import PolicyError
from local.policy.wildcards import equals, fold_equals, matches, matches_arn

Context = Mapping[str, str | Sequence[str]]
#: Of a key in a request; None where it is absent.
Value = str | Sequence[str] | None
#: Compares a request's value with a policy's; variables have values if a context is given.
Comparison = Callable[[str, str, Context | None], bool]
Several = Literal["ForAllValues", "ForAnyValue"]

_IF_EXISTS = "IfExists"
_NULL = "Null"


@dataclass(frozen=True, slots=True)
class NullCheck:
    """The operator that asks whether a key is there. A list without a value is not."""

    name: str = _NULL

    def holds(self, actual: Value, expected: Sequence[str], _context: Context | None) -> bool:
        """Tell whether a key is absent, or not, as the policy wants it."""
        wanted = [_truth(value) for value in expected]
        if None in wanted:
            raise PolicyError(f"Null compares with true or false, not with {expected!r}")
        absent = actual is None or (not isinstance(actual, str) and not any(actual))
        return absent in wanted


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator with what stands before and behind its name."""

    name: str
    compare: Comparison
    negated: bool = False
    if_exists: bool = False
    several: Several | None = None

    def holds(self, actual: Value, expected: Sequence[str], context: Context | None) -> bool:
        """Tell whether a key's value, None where it is absent, is as the policy wants it.

        Raises
        ------
        PolicyError
            A key of several values meets an operator for one, or the policy's value is malformed.
        """
        if self.several is None and actual is not None and not isinstance(actual, str):
            raise PolicyError(
                f"{self.name} takes one value, and the key has a list: ForAllValues or ForAnyValue"
            )
        values = _listed(actual)
        if actual is None and self.if_exists:
            return True
        if self.several == "ForAllValues":
            # A text without a letter counts as no value.
            return all(self._matches(value, expected, context) for value in values if value)
        if self.several == "ForAnyValue":
            return any(self._matches(value, expected, context) for value in values)
        return self._matches(values[0], expected, context) if values else self.negated

    def _matches(self, value: str, expected: Sequence[str], context: Context | None) -> bool:
        # Every value is looked at, so that a malformed one is found whatever the others say.
        found = [self.compare(value, each, context) for each in expected]
        return any(found) != self.negated


def operator_named(name: str, *, where: str) -> Operator | NullCheck:
    """Return the operator of a name.

    Raises
    ------
    PolicyError
        There is none; or its meaning is not documented: IfExists behind ForAnyValue.
    """
    several: Several | None = None
    rest = name
    for prefix in ("ForAllValues", "ForAnyValue"):
        if name.startswith(f"{prefix}:"):
            several, rest = prefix, name.removeprefix(f"{prefix}:")
    if rest == _NULL and several is None:
        return NullCheck()
    if_exists = rest.endswith(_IF_EXISTS)
    plain = rest.removesuffix(_IF_EXISTS)
    positive = _POSITIVE_OF.get(plain, plain)
    if positive not in _COMPARISONS or (if_exists and several == "ForAnyValue"):
        raise PolicyError(f"{where}: the operator {name!r} is not known")
    return Operator(
        name, _COMPARISONS[positive], negated=plain in _POSITIVE_OF, if_exists=if_exists, several=several
    )


def _listed(actual: Value) -> list[str]:
    if actual is None:
        return []
    return [actual] if isinstance(actual, str) else list(actual)


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _bool(value: str, expected: str, _context: Context | None) -> bool:
    wanted = _truth(expected)
    if wanted is None:
        raise PolicyError(f"{expected!r} is neither true nor false")
    return _truth(value) == wanted


def _address(value: str, expected: str, _context: Context | None) -> bool:
    try:
        network = ip_network(expected, strict=False)
    except ValueError as error:
        raise PolicyError(f"{expected!r} is no range of addresses") from error
    try:
        return ip_address(value) in network
    except ValueError:
        return False


def _read_and(read: Callable[[str], Any], relation: Callable[[Any, Any], bool], *, kind: str) -> Comparison:
    def compare(value: str, expected: str, _context: Context | None) -> bool:
        try:
            wanted = read(expected)
        except (ValueError, InvalidOperation) as error:
            raise PolicyError(f"{expected!r} is no {kind}") from error
        try:
            given = read(value)
        except (ValueError, InvalidOperation):
            return False
        return relation(given, wanted)

    return compare


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _date(text: str) -> datetime:
    """Read ISO 8601, UTC unless it says otherwise, or seconds since 1970."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_RELATIONS = {
    "Equals": eq,
    "LessThan": lt,
    "LessThanEquals": le,
    "GreaterThan": gt,
    "GreaterThanEquals": ge,
}

_COMPARISONS: dict[str, Comparison] = {
    "StringEquals": lambda value, expected, context: equals(value, expected, context=context),
    "StringEqualsIgnoreCase": lambda value, expected, context: fold_equals(value, expected, context=context),
    "StringLike": lambda value, expected, context: matches(value, expected, context=context),
    # These two do the same.
    "ArnEquals": lambda value, expected, context: matches_arn(value, expected, context=context),
    "ArnLike": lambda value, expected, context: matches_arn(value, expected, context=context),
    "Bool": _bool,
    "BinaryEquals": _read_and(partial(base64.b64decode, validate=True), eq, kind="base64"),
    "IpAddress": _address,
    **{
        f"Numeric{name}": _read_and(_number, relation, kind="number") for name, relation in _RELATIONS.items()
    },
    **{f"Date{name}": _read_and(_date, relation, kind="date") for name, relation in _RELATIONS.items()},
}

_POSITIVE_OF = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
