"""Matches texts with patterns: `*` is any text, `?` any one character, and `${…}` a context key's value.

What must stay true: a value that comes from a request is compared letter by letter, so a tag `*` is no
wildcard. Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from local.policy.policy_error import PolicyError

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)')?\s*")
_LITERALS = frozenset("*?$")
_ARN_PARTS = 6


def matches(text: str, pattern: str, *, context: Mapping[str, str | Sequence[str]] | None = None) -> bool:
    """Tell whether a text is as the pattern says; with a context, variables in it have its values."""
    expression = _expression(pattern, context=context)
    return expression is not None and _is_match(expression, text)


def equals(text: str, expected: str, *, context: Mapping[str, str | Sequence[str]] | None = None) -> bool:
    """Tell whether a text is what is expected, in which variables have their values."""
    filled = _filled(expected, context=context)
    return filled is not None and text == filled


def fold_equals(text: str, expected: str, *, context: Mapping[str, str | Sequence[str]] | None) -> bool:
    """`equals`, whatever the case of letters."""
    filled = _filled(expected, context=context)
    return filled is not None and text.casefold() == filled.casefold()


def matches_arn(arn: str, pattern: str, *, context: Mapping[str, str | Sequence[str]] | None) -> bool:
    """Tell whether an ARN is as the pattern says; a wildcard reaches no further than its part.

    Raises
    ------
    PolicyError
        The pattern has not the six parts of an ARN.
    """
    parts, wanted = arn.split(":", _ARN_PARTS - 1), _parts(pattern)
    if len(wanted) != _ARN_PARTS:
        raise PolicyError(f"{pattern!r} has not the six parts of an ARN")
    return len(parts) == _ARN_PARTS and all(
        matches(part, want, context=context) for part, want in zip(parts, wanted, strict=True)
    )


def matches_resource(
    resource: str, pattern: str, *, context: Mapping[str, str | Sequence[str]] | None
) -> bool:
    """Tell whether a statement's resource means this one.

    A pattern that ends early, with a wildcard, stands for everything behind it.
    """
    if pattern == "*":
        return True
    wanted = _parts(pattern)
    if len(wanted) < _ARN_PARTS and wanted[-1].endswith("*"):
        wanted = (*wanted, *["*"] * (_ARN_PARTS - len(wanted)))
    if len(wanted) != _ARN_PARTS:
        raise PolicyError(f"{pattern!r} is no resource of a statement")
    return matches_arn(resource, ":".join(wanted), context=context)


# The same few texts and patterns meet in every decision.
@lru_cache(maxsize=65536)
def _is_match(expression: str, text: str) -> bool:
    return re.fullmatch(expression, text, re.DOTALL) is not None


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    """Split an ARN's pattern at the colons that are not within a variable."""
    parts: list[str] = []
    depth = begin = 0
    for place, letter in enumerate(pattern):
        if letter == "{" and pattern[place - 1 : place] == "$":
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
        elif letter == ":" and not depth and len(parts) < _ARN_PARTS - 1:
            parts.append(pattern[begin:place])
            begin = place + 1
    return (*parts, pattern[begin:])


def _expression(pattern: str, *, context: Mapping[str, str | Sequence[str]] | None) -> str | None:
    """Return a regular expression, or None where a variable has no value."""
    if context is None or "${" not in pattern:
        return _glob(pattern)
    expression, begin = "", 0
    for found in _VARIABLE.finditer(pattern):
        value = _value(found[1], context)
        if value is None:
            return None
        expression += _glob(pattern[begin : found.start()]) + re.escape(value)
        begin = found.end()
    return expression + _glob(pattern[begin:])


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> str:
    special = {"*": ".*", "?": "."}
    return "".join(special.get(letter) or re.escape(letter) for letter in pattern)


def _filled(text: str, *, context: Mapping[str, str | Sequence[str]] | None) -> str | None:
    if context is None or "${" not in text:
        return text
    filled, begin = "", 0
    for found in _VARIABLE.finditer(text):
        value = _value(found[1], context)
        if value is None:
            return None
        filled += text[begin : found.start()] + value
        begin = found.end()
    return filled + text[begin:]


def _value(variable: str, context: Mapping[str, str | Sequence[str]]) -> str | None:
    """Return a variable's value, or its default, or None; a key of several values has none."""
    if variable in _LITERALS:
        return variable
    named = _DEFAULT.fullmatch(variable)
    if named is None:
        raise PolicyError(f"${{{variable}}} is no variable")
    value = context.get(named[1].lower())
    return value if isinstance(value, str) else named[2]
