"""EventBridge's event patterns, as its user guide defines them.

Its chapters are "Creating event patterns", "Comparison operators" and "Arrays in event patterns".

- Every field of a pattern must match, any of a field's values suffices, ``$or`` needs one of its patterns.
- A field is looked for at its path; arrays on the way add nothing to the path. What matches inside one array
  of objects must lie in the same element of it.
- Only leaves are compared: ``exists`` says nothing of an object, and an empty array has no leaf.

What is not in the guide is an error, and never a pattern that quietly does not match.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, pairwise, product
from typing import Any

Path = tuple[str, ...]
Test = Callable[[Any], bool]

_MOST_ALTERNATIVES = 1000
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


class EventPatternError(ValueError):
    """The event pattern is none; the message says where and why."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What is asked of the leaves at one path."""

    tests: tuple[Test, ...]
    may_be_absent: bool


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value in an event, and the element of each array that it lies in."""

    value: Any
    elements: Mapping[int, int]


Alternative = dict[Path, _Field]


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Tell whether EventBridge would say that ``event`` matches ``pattern``.

    Raises
    ------
    EventPatternError
        If EventBridge would not take the pattern.
    """
    leaves: dict[Path, list[_Leaf]] = {}
    for path, leaf in _leaves(event, (), {}, count()):
        leaves.setdefault(path, []).append(leaf)
    return any(_fits(list(each.items()), leaves, {}) for each in _alternatives(pattern, ()))


def check(pattern: Mapping[str, Any]) -> None:
    """Raise EventPatternError if EventBridge would not take the pattern."""
    _alternatives(pattern, ())


def _leaves(
    value: object, path: Path, elements: dict[int, int], ids: Iterator[int]
) -> Iterator[tuple[Path, _Leaf]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _leaves(below, (*path, name), elements, ids)
    elif isinstance(value, list):
        array = next(ids)
        for index, below in enumerate(value):
            yield from _leaves(below, path, {**elements, array: index}, ids)
    else:
        yield path, _Leaf(value, elements)


def _fits(
    fields: list[tuple[Path, _Field]], leaves: Mapping[Path, list[_Leaf]], chosen: Mapping[int, int]
) -> bool:
    """Find a leaf for every field so that no two lie in different elements of one array."""
    if not fields:
        return True
    (path, field), *rest = fields
    if path not in leaves:
        return field.may_be_absent and _fits(rest, leaves, chosen)
    return any(
        _fits(rest, leaves, {**chosen, **leaf.elements})
        for leaf in leaves[path]
        if all(chosen.get(array, index) == index for array, index in leaf.elements.items())
        and any(test(leaf.value) for test in field.tests)
    )


def _alternatives(pattern: object, path: Path) -> list[Alternative]:
    """Return the patterns without ``$or`` that a pattern is the disjunction of."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise _error(path, "an object with at least one field is wanted")
    parts = [_part(name, value, path) for name, value in pattern.items()]
    combined: list[Alternative] = []
    for choice in product(*parts):
        merged: Alternative = {}
        for part in choice:
            twice = merged.keys() & part.keys()
            if twice:
                raise _error(min(twice), "the field is named twice, beside $or and in it")
            merged |= part
        combined.append(merged)
        if len(combined) > _MOST_ALTERNATIVES:
            raise _error(path, f"$or makes more than {_MOST_ALTERNATIVES} combinations")
    return combined


def _part(name: str, value: object, path: Path) -> list[Alternative]:
    here = (*path, name)
    if name == "$or":
        least = 2
        if not isinstance(value, list) or len(value) < least:
            raise _error(here, "an array of two patterns or more is wanted")
        return [found for pattern in value for found in _alternatives(pattern, path)]
    if isinstance(value, Mapping):
        return _alternatives(value, here)
    if not isinstance(value, list) or not value:
        raise _error(here, "an array with at least one value is wanted")
    presence = [_presence(each, here) for each in value if isinstance(each, Mapping) and "exists" in each]
    others = [_test(each, here) for each in value if not (isinstance(each, Mapping) and "exists" in each)]
    if True in presence:
        others.append(lambda _value: True)
    return [{here: _Field(tuple(others), may_be_absent=False in presence)}]


def _presence(operator: Mapping[str, Any], path: Path) -> bool:
    name, wanted = _operator(operator, path)
    if not isinstance(wanted, bool):
        raise _error(path, f"{name} takes true or false")
    return wanted


def _operator(operator: Mapping[str, Any], path: Path) -> tuple[str, Any]:
    if len(operator) != 1:
        raise _error(path, f"one operator is wanted, not {sorted(operator)}")
    return next(iter(operator.items()))


def _test(matcher: object, path: Path) -> Test:
    if not isinstance(matcher, Mapping):
        return _equals(matcher, path)
    name, operand = _operator(matcher, path)
    if name in _OPERATORS:
        return _OPERATORS[name](operand, path)
    raise _error(path, f"{name!r} is not one of the operators {sorted((*_OPERATORS, 'exists'))}")


def _equals(wanted: object, path: Path) -> Test:
    if isinstance(wanted, list):
        raise _error(path, "an array inside an array is no value")
    # In Python True equals 1, in JSON it does not; 300 and 300.0 are one number.
    kind = (int, float) if _is_number(wanted) else type(wanted)
    return lambda value: (
        isinstance(value, kind) and _is_number(value) == _is_number(wanted) and value == wanted
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(operand: object, path: Path, name: str) -> str:
    if not isinstance(operand, str):
        raise _error(path, f"{name} takes a string")
    return operand


def _affix(name: str, find: Callable[[str, str], bool]) -> Callable[[Any, Path], Test]:
    """Make ``prefix`` or ``suffix``, which both can ignore case."""

    def build(operand: object, path: Path) -> Test:
        if isinstance(operand, Mapping):
            inner, folded = _operator(operand, path)
            if inner != "equals-ignore-case":
                raise _error(path, f"{name} takes a string or equals-ignore-case, not {inner!r}")
            text = _text(folded, path, inner).lower()
            return lambda value: isinstance(value, str) and find(value.lower(), text)
        wanted = _text(operand, path, name)
        return lambda value: isinstance(value, str) and find(value, wanted)

    return build


def _equals_ignore_case(operand: object, path: Path) -> Test:
    wanted = _text(operand, path, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _wildcard(operand: object, path: Path) -> Test:
    """Read ``*`` as any number of characters; a backslash before it or before a backslash takes that off."""
    text = _text(operand, path, "wildcard")
    pieces = re.findall(r"\\[*\\]|\*|[^*\\]|\\", text)
    if "\\" in pieces:
        raise _error(path, "in a wildcard a backslash stands before * or another backslash")
    if any(pair == ("*", "*") for pair in pairwise(pieces)):
        raise _error(path, "two * in a row are no wildcard")
    expression = re.compile(
        "".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces), re.DOTALL
    )
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _numeric(operand: object, path: Path) -> Test:
    if not isinstance(operand, list) or not operand or len(operand) % 2:
        raise _error(path, "numeric takes pairs of a comparison and a number")
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    for comparison, bound in pairs:
        if comparison not in _COMPARISONS or not _is_number(bound):
            raise _error(path, f"numeric takes {sorted(_COMPARISONS)}, each before a number")
    return lambda value: _is_number(value) and all(_COMPARISONS[how](value, bound) for how, bound in pairs)


def _cidr(operand: object, path: Path) -> Test:
    try:
        network = ipaddress.ip_network(_text(operand, path, "cidr"))
    except ValueError as error:
        raise _error(path, f"cidr takes an address range: {error}") from error

    def within(value: object) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return within


def _anything_but(operand: object, path: Path) -> Test:
    if isinstance(operand, Mapping):
        name, inner = _operator(operand, path)
        if name not in _BUT_OPERATORS:
            raise _error(path, f"anything-but takes values or one of {sorted(_BUT_OPERATORS)}, not {name!r}")
        build = _OPERATORS[name]
        tests = [build(each, path) for each in (inner if isinstance(inner, list) else [inner])]
    else:
        values = operand if isinstance(operand, list) else [operand]
        if not (
            all(isinstance(value, str) for value in values) or all(_is_number(value) for value in values)
        ):
            raise _error(path, "anything-but takes strings or numbers, not both and nothing else")
        tests = [_equals(value, path) for value in values]
    if not tests:
        raise _error(path, "anything-but takes at least one value")
    return lambda value: not any(test(value) for test in tests)


def _error(path: Path, message: str) -> EventPatternError:
    return EventPatternError(f"{'.'.join(path) or 'The event pattern'}: {message}.")


_BUT_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
_OPERATORS: Mapping[str, Callable[[Any, Path], Test]] = {
    "prefix": _affix("prefix", str.startswith),
    "suffix": _affix("suffix", str.endswith),
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
