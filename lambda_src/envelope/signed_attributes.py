"""Which attributes of an item are signed, and how: from the caller's item, or from a stored item's legend.

What must stay true: on reading, the configuration alone says what is signed (all but `unsigned`), and the
legend says what was done to it; so an attribute that was added, dropped or renamed makes the item unreadable.
Source: DB-ESDK encrypt-item.md, decrypt-item.md ("Signature Scope") and resolve-auth-actions.md.
"""

from .attribute_values import TYPE_IDS, Item, serialize_value
from .crypto_action import CryptoAction
from .errors import InvalidItemError, MalformedItemError
from .item_fields import ENCRYPT_AND_SIGN, SignedField
from .item_header import ItemHeader
from .item_schema import RESERVED_PREFIX, ItemSchema, SignedName

_KEY_TYPE_IDS = frozenset({TYPE_IDS["S"], TYPE_IDS["N"], TYPE_IDS["B"]})
_TYPE_ID_LENGTH = 2
_MAX_SIGNED_ATTRIBUTES = 0xFFFF  # the legend's length is a 16-bit number
_BY_LETTER = {action.letter: action for action in CryptoAction}
_SIGN_ONLY = CryptoAction.SIGN_ONLY
_INCLUDE = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT


def fields_to_encrypt(item: Item, *, schema: ItemSchema) -> list[SignedField]:
    """Return the signed attributes of the caller's item, serialized, in path order.

    Raises
    ------
    InvalidItemError
        A key or an included attribute is missing, a name is reserved, a value cannot be stored.
    """
    for name in item:
        if name.startswith(RESERVED_PREFIX):
            raise InvalidItemError(f"names that begin with {RESERVED_PREFIX!r} are reserved", attribute=name)
    _require_keys(item, schema)
    for name in schema.includes:
        if name not in item:
            raise InvalidItemError("missing, but part of the encryption context", attribute=name)
    fields: list[SignedField] = []
    for name, path, action in schema.signed_names(item):
        type_id, data = serialize_value(item[name], attribute=name)
        fields.append(SignedField(name, path, action, type_id, data))
    _check_key_types(_keys_among(fields, schema))
    if len(fields) > _MAX_SIGNED_ATTRIBUTES:
        raise InvalidItemError(f"{len(fields)} signed attributes; {_MAX_SIGNED_ATTRIBUTES} are allowed")
    return fields


def fields_to_decrypt(item: Item, *, schema: ItemSchema, header: ItemHeader) -> list[SignedField]:
    """Return the signed attributes of a stored item in path order, with the actions that the legend names.

    Raises
    ------
    MalformedItemError
        The attributes and the legend do not fit each other, or a value is not in the format.
    """
    try:
        _require_keys(item, schema)
        signed = schema.signed_names(item)
        if len(signed) != len(header.legend):
            raise MalformedItemError(
                f"the item has {len(signed)} attributes to verify; {len(header.legend)} were signed"
            )
        fields = _stored_fields(item, signed=signed, legend=header.legend)
        keys = _keys_among(fields, schema)
        _check_key_types(keys)
    except InvalidItemError as error:
        reason = str(error)
    else:
        _check_actions(fields, keys=keys, schema=schema, version=header.version)
        return fields
    raise MalformedItemError(reason)


def actions_of(item: Item, *, schema: ItemSchema) -> list[CryptoAction]:
    """Return what the configuration does to the signed attributes of a stored item, in path order."""
    return [signed.action for signed in schema.signed_names(item)]


def _stored_fields(item: Item, *, signed: list[SignedName], legend: str) -> list[SignedField]:
    fields: list[SignedField] = []
    for (name, path, _), letter in zip(signed, legend, strict=True):
        action, value = _BY_LETTER[letter], item[name]
        if action is ENCRYPT_AND_SIGN:
            stored = value.get("B") if len(value) == 1 else None
            if not isinstance(stored, bytes) or len(stored) < _TYPE_ID_LENGTH:
                raise MalformedItemError(f"attribute {name!r} was encrypted, but is not stored as bytes")
            type_id, data = stored[:_TYPE_ID_LENGTH], stored[_TYPE_ID_LENGTH:]
        else:
            type_id, data = serialize_value(value, attribute=name)
        fields.append(SignedField(name, path, action, type_id, data))
    return fields


def _require_keys(item: Item, schema: ItemSchema) -> None:
    for name in schema.key_names:
        if name not in item:
            raise InvalidItemError("missing, but a key of the table", attribute=name)


def _keys_among(fields: list[SignedField], schema: ItemSchema) -> list[SignedField]:
    return [field for field in fields if field.name in schema.key_names]


def _check_key_types(keys: list[SignedField]) -> None:
    for key in keys:
        if key.type_id not in _KEY_TYPE_IDS:
            raise InvalidItemError("a key must be a string, a number or binary", attribute=key.name)


def _check_actions(
    fields: list[SignedField], *, keys: list[SignedField], schema: ItemSchema, version: int
) -> None:
    """Refuse a legend that no writer produces: it would let the header choose what the key is bound to."""
    expected = _SIGN_ONLY if version == 1 else _INCLUDE
    # In version 2 an attribute that is no key may have any action.
    for field in fields if version == 1 else keys:
        if version == 1 and field.action is _INCLUDE:
            raise MalformedItemError("the legend includes attributes in the context of header version 1")
        if field.name in schema.key_names and field.action is not expected:
            raise MalformedItemError(
                f"the legend's action for key {field.name!r} does not fit the header version"
            )
