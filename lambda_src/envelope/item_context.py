"""The encryption context of an item: what ties its data key to its place and to its keys.

What must stay true: a reader rebuilds all of it from the item in hand and its own configuration, never from
the header; so a valid item in another place, under another name or with other keys does not open.
Source: DB-ESDK encrypt-item.md, "DynamoDB Item Base Context", and encrypt-path-structure.md, "Create New
Encryption Context and CMM".
"""

import base64
from collections.abc import Iterable, Mapping

from .attribute_values import TYPE_IDS
from .crypto_action import CryptoAction
from .encryption_context import SerializedContext
from .errors import ConfigurationError, InvalidItemError
from .item_fields import SignedField
from .item_schema import ItemSchema

_ATTRIBUTE_PREFIX = "aws-crypto-attr."
_INCLUDE = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
_READABLE = {TYPE_IDS["S"]: "S", TYPE_IDS["N"]: "N"}
_LITERALS = {
    (TYPE_IDS["NULL"], b""): "null",
    (TYPE_IDS["BOOL"], b"\x00"): "false",
    (TYPE_IDS["BOOL"], b"\x01"): "true",
}


def item_context(
    schema: ItemSchema, *, version: int, fields: Iterable[SignedField], stored: Mapping[str, str]
) -> SerializedContext:
    """Return the whole context: what is rebuilt, and `stored`, what the header holds of it.

    Version 1 holds the keys; version 2 holds every attribute that is to be included, keys among them, and a
    legend of their types. The size is checked with all of it together.
    """
    context = dict(schema.place)
    if version == 1:
        keys = (field for field in fields if field.name in schema.key_names)
        context.update((_ATTRIBUTE_PREFIX + field.name, _encoded(field)) for field in keys)
    else:
        context.update(_included(fields))
    context.update(stored)
    return _serialized(context)


def _included(fields: Iterable[SignedField]) -> Mapping[str, str]:
    included = [field for field in fields if field.action is _INCLUDE]
    included.sort(key=lambda field: field.name.encode())
    context: dict[str, str] = {}
    legend = ""
    for field in included:
        letter, context[_ATTRIBUTE_PREFIX + field.name] = _readable(field)
        legend += letter
    context["aws-crypto-legend"] = legend
    return context


def _readable(field: SignedField) -> tuple[str, str]:
    """Return a field's letter in the legend and its value in version 2."""
    letter = _READABLE.get(field.type_id)
    if letter is not None:
        return letter, field.data.decode()
    literal = _LITERALS.get((field.type_id, field.data))
    return ("B", _encoded(field)) if literal is None else ("L", literal)


def _encoded(field: SignedField) -> str:
    return base64.b64encode(field.type_id + field.data).decode("ascii")


def _serialized(context: Mapping[str, str]) -> SerializedContext:
    try:
        return SerializedContext(context)
    except ConfigurationError as error:
        message = f"its keys and included attributes do not fit into the encryption context: {error}"
        raise InvalidItemError(message) from error
