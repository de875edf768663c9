"""From the text of a request's body to attribute values: a strict reading of JSON.

What a lenient reader would change or drop in silence is refused: a name that occurs twice, NaN, a number that
would lose digits, half a surrogate pair. The parser's own exceptions keep the whole text, so none of them
leaves this file nor becomes the context of one that does.
"""

import json
from typing import Any

from service import problems
from service.exact_numbers import MAX_DIGITS, NumberOutOfRangeError, canonical_number
from service.names import NameRefusal, name_refusal, utf8
from service.problems import Problem

#: A value as DynamoDB's low-level client takes it, such as {"S": "text"}.
AttributeValue = dict[str, Any]

#: DynamoDB nests values this deep; an attribute's own value is the first level.
MAX_DEPTH = 32


class _Object(list[tuple[str, Any]]):
    """The members of a JSON object in their order, with any duplicates still there."""


class _Number(str):
    """The digits of a number, unread."""

    __slots__ = ()


class _NotFinite:
    """NaN, Infinity or -Infinity, which Python's parser would accept."""


def parse_record(text: str) -> dict[str, AttributeValue]:
    """Parse the body of a PUT.

    Parameters
    ----------
    text
        The body.

    Returns
    -------
    dict
        Attribute values by name.

    Raises
    ------
    Problem
        When the text is not JSON, not an object, or holds what cannot be stored. `field` is a JSON Pointer.
    """
    parsed = _parse(text)
    if isinstance(parsed, _NotFinite):
        raise _not_finite("")
    if not isinstance(parsed, _Object):
        raise Problem(
            problems.NOT_AN_OBJECT, "Send a JSON object: its members become the record's attributes."
        )
    return _members(parsed, pointer="", depth=0)


def member_field(above: str, name: str) -> str:
    """The JSON Pointer (RFC 6901) of an object's member; `above` is that of the object."""
    return f"{above}/{name.replace('~', '~0').replace('/', '~1')}"


def _parse(text: str) -> Any:  # noqa: ANN401 - parsed JSON
    refusal: Problem
    try:
        return json.loads(
            text,
            object_pairs_hook=_Object,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=lambda _: _NotFinite(),
        )
    except json.JSONDecodeError as error:
        refusal = Problem(
            problems.MALFORMED_JSON,
            f"Send well-formed JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
        )
    except RecursionError:
        refusal = _too_deep("")
    raise refusal  # outside the handler, so that the parser's exception is not its context


def _members(members: _Object, *, pointer: str, depth: int) -> dict[str, AttributeValue]:
    values: dict[str, AttributeValue] = {}
    for name, value in members:
        _check_name(name, pointer=pointer, top_level=depth == 0)
        here = member_field(pointer, name)
        if name in values:
            raise Problem(problems.DUPLICATE_NAME, "Give each name once in an object.", field=here)
        values[name] = _attribute(value, pointer=here, depth=depth + 1)
    return values


def _check_name(name: str, *, pointer: str, top_level: bool) -> None:
    refusal = name_refusal(name, top_level=top_level)
    if refusal is None:
        return
    if refusal is NameRefusal.SURROGATE:
        raise Problem(problems.UNPAIRED_SURROGATE, f"Change the name: it {refusal.because}.", field=pointer)
    if refusal is NameRefusal.RESERVED:
        raise Problem(
            problems.RESERVED_NAME,
            f"Choose another name: it {refusal.because}.",
            field=member_field(pointer, name),
        )
    # The name itself may be huge, so the field is the object that holds it.
    raise Problem(
        problems.INVALID_NAME,
        f"Choose names of 1 to 255 bytes: one here {refusal.because}.",
        field=pointer,
        limit=255,
    )


def _attribute(value: Any, *, pointer: str, depth: int) -> AttributeValue:  # noqa: ANN401 - parsed JSON
    if depth > MAX_DEPTH:
        raise _too_deep(pointer)
    match value:
        case _Number():
            return _number(value, pointer=pointer)
        case str():
            if utf8(value) is None:
                raise Problem(
                    problems.UNPAIRED_SURROGATE,
                    "Send whole characters: this text holds half of one.",
                    field=pointer,
                )
            return {"S": value}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case _Object():
            return {"M": _members(value, pointer=pointer, depth=depth)}
        case list():
            return {
                "L": [
                    _attribute(entry, pointer=f"{pointer}/{index}", depth=depth + 1)
                    for index, entry in enumerate(value)
                ]
            }
        case _:
            raise _not_finite(pointer)


def _number(text: str, *, pointer: str) -> AttributeValue:
    try:
        return {"N": canonical_number(text)}
    except NumberOutOfRangeError:
        pass
    raise Problem(
        problems.NUMBER_OUT_OF_RANGE,
        f"Numbers keep up to {MAX_DIGITS} significant digits, between 1E-130 and 9.99E+125 in size. "
        "Send this one as a string.",
        field=pointer,
        limit=MAX_DIGITS,
    )


def _not_finite(pointer: str) -> Problem:
    return Problem(problems.NUMBER_NOT_FINITE, "Send null or a string instead.", field=pointer)


def _too_deep(pointer: str) -> Problem:
    return Problem(problems.TOO_DEEP, f"Nest at most {MAX_DEPTH} levels.", field=pointer, limit=MAX_DEPTH)
