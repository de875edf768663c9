"""JSON as text: slices, checks and indents without ever turning a number into a float.

Amounts must reach the API with the digits that the file has, and reach the terminal with the digits that the
API sent. So values are never re-serialized here: they are cut out of the text and passed on as they stand.
Messages give a position and never a name or a value.
"""

import json
import re
from typing import NoReturn

_WHITESPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_OPENING = ("{", "[")
_CLOSING = ("}", "]")
_INDENT = "  "


class JsonTextError(ValueError):
    """The text is not JSON that can be stored; the message gives the place."""


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise JsonTextError("an object has the same name twice")


def _refuse_constant(_: str) -> NoReturn:
    raise JsonTextError("NaN and Infinity are not JSON")


# Numbers stay text: Python would round floats, and refuses integers of more than some thousand digits.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_float=str, parse_int=str, parse_constant=_refuse_constant
)


def _skip(text: str, position: int) -> int:
    match = _WHITESPACE.match(text, position)
    return match.end() if match else position


def _value(text: str, position: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        # Only the part before a colon: what follows may quote the text.
        reason = error.msg.split(":")[0].removesuffix(" at")
        raise JsonTextError(
            f"not valid JSON at line {error.lineno} column {error.colno} ({reason})"
        ) from None
    except RecursionError:
        raise JsonTextError("nested too deeply") from None


def _fail(text: str, position: int, expected: str) -> NoReturn:
    error = json.JSONDecodeError("", text, position)
    raise JsonTextError(f"not valid JSON at line {error.lineno} column {error.colno} ({expected} expected)")


def _member_name(text: str, position: int) -> tuple[str, int]:
    """Read `"name":` and return the name and where its value begins."""
    if not text.startswith('"', position):
        _fail(text, position, "a name in double quotes")
    name, end = _value(text, position)
    end = _skip(text, end)
    if not text.startswith(":", end):
        _fail(text, end, "a colon")
    return str(name), _skip(text, end + 1)


def _parts(text: str, *, opening: str, closing: str) -> list[tuple[str, str]]:
    """Return name and exact text of each value of the object or list in `text`; a list has empty names."""
    position = _skip(text, 0)
    if not text.startswith(opening, position):
        raise JsonTextError(f"must be a JSON {'object' if opening == '{' else 'array'}")
    position = _skip(text, position + 1)
    found: list[tuple[str, str]] = []
    more = not text.startswith(closing, position)
    while more:
        name = ""
        if opening == "{":
            name, position = _member_name(text, position)
        _, end = _value(text, position)
        found.append((name, text[position:end]))
        position = _skip(text, end)
        more = text.startswith(",", position)
        if more:
            position = _skip(text, position + 1)
        elif not text.startswith(closing, position):
            _fail(text, position, "a comma or the end")
    position = _skip(text, position + 1)
    if position != len(text):
        _fail(text, position, "nothing more")
    return found


def members(text: str) -> dict[str, str]:
    """Return the members of a JSON object, each value as its exact text.

    Raises
    ------
    JsonTextError
        Where the text is not one well-formed JSON object with distinct names throughout.
    """
    found = _parts(text, opening="{", closing="}")
    by_name = dict(found)
    if len(by_name) != len(found):
        raise JsonTextError("an object has the same name twice")
    return by_name


def elements(text: str) -> list[str]:
    """Return the elements of a JSON array, each as its exact text."""
    return [value for _, value in _parts(text, opening="[", closing="]")]


def compact(text: str) -> str:
    """Return valid JSON without white space between its tokens, so that it fits one line."""
    return "".join(_TOKEN.findall(text))


def pretty(text: str) -> str:
    """Return valid JSON indented, every string and number as it was written."""
    out: list[str] = []
    depth = 0
    tokens = _TOKEN.findall(text)
    for index, part in enumerate(tokens):
        previous = tokens[index - 1] if index else ""
        if part in _CLOSING:
            depth -= 1
            if previous not in _OPENING:
                out.append("\n" + _INDENT * depth)
        elif previous in _OPENING or previous == ",":
            out.append("\n" + _INDENT * depth)
        out.append(": " if part == ":" else part)
        if part in _OPENING:
            depth += 1
    return "".join(out)
