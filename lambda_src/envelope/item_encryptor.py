"""Encrypts and decrypts the items of one logical table, in the AWS Database Encryption SDK's item format.

What must stay true, on decryption and in this order: limits, then the key, then the commitment, then the
footer, and only then is a field decrypted. Nothing is returned unless all of it verified.
Source: DB-ESDK encrypt-item.md, decrypt-item.md and the pages under structured-encryption/.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .attribute_parsing import parse_value
from .attribute_values import Item
from .crypto_action import CryptoAction
from .derivation import derive_from_data_key
from .encryption_context import SerializedContext
from .errors import ConfigurationError, InvalidItemError, ItemNotEncryptedError, MalformedItemError
from .intermediate_key import generate_item_keys, keyrings_entry, unwrap_item_keys
from .item_context import item_context
from .item_fields import ENCRYPT_AND_SIGN, SignedField, decrypt_fields, encrypt_fields
from .item_footer import canonical_hash, check_footer_length, serialize_footer, verify_footer
from .item_header import (
    FLAVOR_ECDSA,
    FLAVOR_UNSIGNED,
    FLAVORS,
    MAX_HEADER_LENGTH,
    MESSAGE_ID_LENGTH,
    ItemHeader,
    commitment,
    parse_header,
    serialize_header,
    verify_commitment,
)
from .item_schema import FOOTER_NAME, HEADER_NAME, ItemSchema, is_beacon
from .keyring import EncryptedDataKey, Keyring
from .signed_attributes import actions_of, fields_to_decrypt, fields_to_encrypt
from .signing import PUBLIC_KEY_CONTEXT_KEY, PUBLIC_KEY_TEXT_LENGTH, SigningKey


@dataclass(frozen=True, slots=True)
class StoredForm:
    """How an item was encrypted, by its header.

    Parameters
    ----------
    entries
        What the keyring made: the wrapped intermediate keys.
    as_written_today
        Whether version, flavor and the action of each attribute are those that an encryptor of this
        configuration writes.
    """

    entries: tuple[EncryptedDataKey, ...]
    as_written_today: bool


class ItemEncryptor:
    """Turns items into encrypted items and back.

    Items are in the form of boto3's low-level client: `{"name": {"S": "..."}}`, with bytes under "B". Keeps
    no state between calls and may be shared by threads if its keyring may.

    Parameters
    ----------
    table
        Logical table name. Bound into every item; need not be the physical name, and must never change.
    partition_key, sort_key
        Names of the table's keys. Their attributes are signed, never encrypted.
    actions
        Action by attribute name. The keys may be left out. As soon as one action is
        SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, the keys' must be too; otherwise it must be SIGN_ONLY.
    default_action
        Action of every attribute that `actions` does not name; anything but DO_NOTHING.
    unsigned
        Names of the attributes with DO_NOTHING. Reading depends on them: never put a signed attribute here.
    keyring
        Wraps and unwraps the keys.
    flavor
        0, or 1 to add an ECDSA signature to new items. Both are read.

    Raises
    ------
    ConfigurationError
        The parameters contradict one another.
    """

    def __init__(
        self,
        *,
        table: str,
        partition_key: str,
        sort_key: str | None = None,
        actions: Mapping[str, CryptoAction],
        default_action: CryptoAction = CryptoAction.ENCRYPT_AND_SIGN,
        unsigned: Iterable[str] = (),
        keyring: Keyring,
        flavor: int = FLAVOR_UNSIGNED,
    ) -> None:
        if flavor not in FLAVORS:
            raise ConfigurationError(f"unknown flavor {flavor!r}; 0 and 1 are known")
        self._schema = ItemSchema(
            table=table,
            partition_key=partition_key,
            sort_key=sort_key,
            actions=actions,
            default_action=default_action,
            unsigned=unsigned,
        )
        self._keyring = keyring
        self._flavor = flavor

    def encrypt(self, item: Item) -> dict[str, Any]:
        """Return the item as it is to be stored, with header and footer. One call of the keyring.

        Attributes that are not encrypted are passed through as they are.

        Raises
        ------
        InvalidItemError
            The item cannot be encrypted: a key is missing, a name is reserved, a value is none of DynamoDB's.
        KeyServiceError
            The keyring could not make a key.
        """
        fields = fields_to_encrypt(item, schema=self._schema)
        if len(fields) > MAX_HEADER_LENGTH:
            raise InvalidItemError(f"too many attributes: the header would exceed {MAX_HEADER_LENGTH} bytes")
        version = self._schema.version
        stored_context: dict[str, str] = {}
        signing_key = SigningKey() if self._flavor == FLAVOR_ECDSA else None
        if signing_key is not None:
            stored_context[PUBLIC_KEY_CONTEXT_KEY] = signing_key.public_key_text()
        context = item_context(self._schema, version=version, fields=fields, stored=stored_context)
        keys, entry = generate_item_keys(self._keyring, encryption_context=context)
        message_id = os.urandom(MESSAGE_ID_LENGTH)
        legend = "".join([field.action.letter for field in fields])
        header = ItemHeader(version, self._flavor, message_id, legend, stored_context, (entry,))
        partial = serialize_header(header)
        derived = derive_from_data_key(keys.data_key, message_id=message_id)
        stored_header = partial + commitment(partial, commit_key=derived.commit_key)
        if len(stored_header) > MAX_HEADER_LENGTH:
            raise InvalidItemError(f"too many attributes: the header would exceed {MAX_HEADER_LENGTH} bytes")
        stored_fields = encrypt_fields(fields, root_key=derived.field_root_key)
        record_hash = canonical_hash(stored_header, encryption_context=context, stored=stored_fields)
        footer = serialize_footer(record_hash, keys=keys, signing_key=signing_key)
        encrypted = {
            field.name: {"B": field.type_id + data}
            for field, data in stored_fields
            if field.action is ENCRYPT_AND_SIGN
        }
        return {**item, **encrypted, HEADER_NAME: {"B": stored_header}, FOOTER_NAME: {"B": footer}}

    def decrypt(self, item: Item) -> dict[str, Any]:
        """Return the item that was encrypted, without header, footer and beacons.

        The keyring is called once per encrypted data key that is tried: once for what this library writes.

        The caller compares the keys of the item with what it asked for, or takes them from its own request:
        they are verified as part of the item, but an item tells nothing about why it was returned.

        Raises
        ------
        IntegrityError
            The item does not verify; its subclasses say at which step.
        KeyServiceError
            The keyring could not be used, so the item could not be judged.
        """
        stored_header, stored_footer = _stored_bytes(item, HEADER_NAME), _stored_bytes(item, FOOTER_NAME)
        header = parse_header(stored_header)
        _check_stored_context(header)
        check_footer_length(stored_footer, header=header)
        fields = fields_to_decrypt(item, schema=self._schema, header=header)
        context = _rebuilt_context(self._schema, header=header, fields=fields)
        keys = unwrap_item_keys(self._keyring, entries=header.encrypted_data_keys, encryption_context=context)
        derived = derive_from_data_key(keys.data_key, message_id=header.message_id)
        verify_commitment(stored_header, commit_key=derived.commit_key)
        stored_fields = [(field, field.data) for field in fields]
        record_hash = canonical_hash(stored_header, encryption_context=context, stored=stored_fields)
        verify_footer(stored_footer, header=header, record_hash=record_hash, keys=keys)
        decrypted = {
            field.name: parse_value(field.type_id, plaintext)
            for field, plaintext in decrypt_fields(fields, root_key=derived.field_root_key)
        }
        plain = {**item, **decrypted}
        del plain[HEADER_NAME], plain[FOOTER_NAME]
        if len(plain) > len(fields):  # what else there is was not signed: beacons go, the rest stays
            for name in filter(is_beacon, item):
                del plain[name]
        return plain

    def reencrypt(self, item: Item) -> dict[str, Any]:
        """Return an encrypted item encrypted anew: new data key, new message id, the configuration of today.

        What the item does not sign, beacons among it, stays as it is.

        Raises
        ------
        IntegrityError, KeyServiceError
            As `decrypt`.
        InvalidItemError
            As `encrypt`: what was stored under another configuration need not be possible under this one.
        """
        return {**item, **self.encrypt(self.decrypt(item))}

    def stored_form(self, item: Item) -> StoredForm:
        """Return what the header says of an encrypted item. Nothing of it is verified: only `decrypt` does.

        Raises
        ------
        IntegrityError
            The item is not encrypted, or its header is not one.
        """
        header = parse_header(_stored_bytes(item, HEADER_NAME))
        actions = actions_of(item, schema=self._schema)
        return StoredForm(
            entries=tuple(map(keyrings_entry, header.encrypted_data_keys)),
            as_written_today=(header.version, header.flavor, header.legend)
            == (self._schema.version, self._flavor, "".join(action.letter for action in actions)),
        )


def _stored_bytes(item: Item, name: str) -> bytes:
    if name not in item:
        raise ItemNotEncryptedError(
            f"the item has no attribute {name!r}; it is not encrypted, or was stripped"
        )
    stored = item[name].get("B")
    if not isinstance(stored, bytes):
        raise MalformedItemError(f"attribute {name!r} is not stored as bytes")
    return stored


def _check_stored_context(header: ItemHeader) -> None:
    """Refuse anything in the stored context but the public key of flavor 01: all else is rebuilt."""
    expected = {PUBLIC_KEY_CONTEXT_KEY} if header.flavor == FLAVOR_ECDSA else set()
    if header.encryption_context.keys() != expected:
        raise MalformedItemError("the stored encryption context does not fit the header's flavor")
    # Its length is fixed, and checked before it enters a context: a longer one could not be serialized.
    if expected and len(header.encryption_context[PUBLIC_KEY_CONTEXT_KEY]) != PUBLIC_KEY_TEXT_LENGTH:
        raise MalformedItemError("the stored public key is not a point of P-384 in base64")


def _rebuilt_context(
    schema: ItemSchema, *, header: ItemHeader, fields: list[SignedField]
) -> SerializedContext:
    try:
        return item_context(schema, version=header.version, fields=fields, stored=header.encryption_context)
    except InvalidItemError as error:
        raise MalformedItemError(str(error)) from error
