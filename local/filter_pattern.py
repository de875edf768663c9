"""CloudWatch Logs' filter patterns for JSON log events, as its user guide defines them.

    { $.eventSource = "kms.amazonaws.com" && ($.errorCode = "AccessDenied*" || $.a[0].b NOT EXISTS) }

- A comparison is about strings and numbers: a field that is not there, or is an object, an array, a boolean
  or null, satisfies none, ``!=`` neither. ``IS`` and ``NOT EXISTS`` ask for those.
- With ``*`` in a selector, one of the selected values is enough.
- A string is compared with a number by the number's text; a number is compared with numbers only.

A pattern that is not in the guide is an error, and never one that quietly does not match. The empty pattern
matches everything; patterns of words and of columns are not known here.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Condition = Callable[[Any], bool]
Step = str | int

_EVERY = "*"
_SELECTOR = re.compile(r"""\$(?:\.[A-Za-z0-9_-]+|\.\*|\.?\['[^']+'\]|\[\d+\]|\[\*\])+""")
_STEP = re.compile(r"""\.([A-Za-z0-9_-]+|\*)|\.?\['([^']+)'\]|\[(\d+|\*)\]""")
_OPERATOR = re.compile(r"<=|>=|!=|=|<|>")
_IS = re.compile(r"IS\s+(NULL|TRUE|FALSE)\b")
_NOT_EXISTS = re.compile(r"NOT\s+EXISTS\b")
_QUOTED = re.compile(r'"([^"\\]*)"')
_REGEX = re.compile(r"%([^%]+)%")
_BARE = re.compile(r"[A-Za-z0-9_.*+-]+")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# What the guide lets a regular expression be made of; there are no groups.
_REGEX_CHARACTERS = re.compile(
    r"""(?:[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|*+. ]|\\[dDsSwW]|\\x[0-9A-Fa-f]{2}|\\[^A-Za-z0-9])+"""
)

_MOST_CHARACTERS = 1024
_MOST_WILDCARD_SELECTORS = 3
_MOST_REGULAR_EXPRESSIONS = 2
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "=": lambda value, bound: value == bound,
    "!=": lambda value, bound: value != bound,
}


class FilterPatternError(ValueError):
    """The filter pattern is none; the message says where it ends to be one."""


def matches(pattern: str, message: str) -> bool:
    """Tell whether CloudWatch Logs would say that the log event ``message`` matches ``pattern``.

    Raises
    ------
    FilterPatternError
        If the pattern cannot be read.
    """
    condition = _read(pattern)
    try:
        event = _event(message)
    except ValueError:
        return not pattern.strip()
    return condition(event)


def check(pattern: str) -> None:
    """Raise FilterPatternError if the pattern cannot be read."""
    _read(pattern)


def select(selector: str, message: str) -> Any:  # noqa: ANN401 - any value of JSON
    """Return what a selector like ``$.size`` points at in a log event, or None.

    Raises
    ------
    FilterPatternError
        If it is no selector.
    """
    if not _SELECTOR.fullmatch(selector):
        problem = f"{selector!r} is no property selector."
        raise FilterPatternError(problem)
    try:
        event = _event(message)
    except ValueError:
        return None
    return next(_selected(event, _steps(selector)), None)


@lru_cache(maxsize=8)
def _event(message: str) -> Any:  # noqa: ANN401 - any value of JSON
    """Read a log event: one after the other, every filter of a group asks for the same."""
    return json.loads(message)


@lru_cache(maxsize=256)
def _read(pattern: str) -> Condition:
    if not pattern.strip():
        return lambda _event: True
    if len(pattern) > _MOST_CHARACTERS:
        message = f"A filter pattern has at most {_MOST_CHARACTERS} characters, not {len(pattern)}."
        raise FilterPatternError(message)
    return _Reader(pattern).read()


class _Reader:
    """Reads a pattern from left to right: ``||`` binds weaker than ``&&``, parentheses bind strongest."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._wildcard_selectors = 0
        self._regular_expressions = 0

    def read(self) -> Condition:
        self._expect("{")
        condition = self._either()
        self._expect("}")
        if self._rest():
            raise self._error("nothing can follow the closing brace")
        return condition

    def _either(self) -> Condition:
        conditions = [self._both()]
        while self._take(re.compile(r"\|\|")):
            conditions.append(self._both())
        return lambda event: any(condition(event) for condition in conditions)

    def _both(self) -> Condition:
        conditions = [self._one()]
        while self._take(re.compile("&&")):
            conditions.append(self._one())
        return lambda event: all(condition(event) for condition in conditions)

    def _one(self) -> Condition:
        if self._take(re.compile(r"\(")):
            condition = self._either()
            self._expect(")")
            return condition
        steps = self._selector()
        if self._take(_NOT_EXISTS):
            return lambda event: next(_selected(event, steps), _ABSENT) is _ABSENT
        constant = self._take(_IS)
        if constant:
            wanted = _CONSTANTS[constant[1]]
            return lambda event: any(value is wanted for value in _selected(event, steps))
        compare = self._comparison()
        return lambda event: any(compare(value) for value in _selected(event, steps))

    def _selector(self) -> tuple[Step, ...]:
        found = self._take(_SELECTOR)
        if not found:
            raise self._error("a property selector like $.eventName is wanted")
        steps = _steps(found[0])
        wildcards = steps.count(_EVERY)
        self._wildcard_selectors += wildcards
        if wildcards > 1 or self._wildcard_selectors > _MOST_WILDCARD_SELECTORS:
            raise self._error("a selector has one wildcard at most, a pattern three")
        return steps

    def _comparison(self) -> Condition:
        operator = self._take(_OPERATOR)
        if not operator:
            raise self._error("=, !=, <, >, <=, >=, IS NULL, IS TRUE, IS FALSE or NOT EXISTS is wanted")
        bare = self._take(_BARE)
        if bare and _NUMBER.fullmatch(bare[0]):
            number, order = float(bare[0]), _ORDER[operator[0]]
            return lambda value: _is_number(value) and order(value, number)
        if operator[0] not in ("=", "!="):
            raise self._error(f"{operator[0]} compares with a number")
        find = _wildcards(bare[0]) if bare else self._string()
        wanted = operator[0] == "="
        return lambda value: _is_text(value) and bool(find(_text(value))) is wanted

    def _string(self) -> Callable[[str], object]:
        quoted = self._take(_QUOTED)
        if quoted:
            return _wildcards(quoted[1])
        regex = self._take(_REGEX)
        if regex:
            return self._regular_expression(regex[1])
        raise self._error('a number, a word, "a string" or %a regular expression% is wanted')

    def _regular_expression(self, expression: str) -> Callable[[str], object]:
        self._regular_expressions += 1
        if self._regular_expressions > _MOST_REGULAR_EXPRESSIONS:
            raise self._error("a pattern has two regular expressions at most")
        if not _REGEX_CHARACTERS.fullmatch(expression):
            raise self._error(f"%{expression}% has a character that is not supported")
        try:
            return re.compile(expression).search
        except re.error as error:
            raise self._error(f"%{expression}% is no regular expression: {error}") from error

    def _take(self, wanted: re.Pattern[str]) -> re.Match[str] | None:
        blank = re.compile(r"\s*").match(self._pattern, self._at)
        found = wanted.match(self._pattern, blank.end() if blank else self._at)
        if found:
            self._at = found.end()
        return found

    def _expect(self, character: str) -> None:
        if not self._take(re.compile(re.escape(character))):
            raise self._error(f"{character} is wanted")

    def _rest(self) -> str:
        return self._pattern[self._at :].strip()

    def _error(self, message: str) -> FilterPatternError:
        rest = self._rest()
        return FilterPatternError(f"{message}, before {rest!r}." if rest else f"{message}, at the end.")


_ABSENT = object()


def _steps(selector: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for name, quoted, index in _STEP.findall(selector):
        steps.append(int(index) if index.isdecimal() else name or quoted or index)
    return tuple(steps)


def _selected(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:  # noqa: ANN401
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        below = value if step == _EVERY else value[step : step + 1] if isinstance(step, int) else []
    elif isinstance(value, dict):
        below = list(value.values()) if step == _EVERY else [value[step]] if step in value else []
    else:
        below = []
    for each in below:
        yield from _selected(each, rest)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or _is_number(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _wildcards(text: str) -> Callable[[str], object]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL).fullmatch
