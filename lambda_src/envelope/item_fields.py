"""The signed attributes of an item, as fields in the order of their canonical paths.

What must stay true: a path names one attribute of one logical table, and the order depends on nothing but the
paths: legend, footer and field keys all rely on it.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .crypto_action import CryptoAction
from .derivation import field_keys
from .errors import InvalidItemError, SignatureError

MAX_NAME_LENGTH = 0xFFFF  # DynamoDB's limit, in UTF-8 bytes

# A member of an Enum is found by a search in its class; this one is compared with for each field.
ENCRYPT_AND_SIGN = CryptoAction.ENCRYPT_AND_SIGN


@dataclass(slots=True)
class SignedField:
    """One signed attribute, either in plaintext or as it is stored. Its data is never shown by repr.

    Parameters
    ----------
    name
        The attribute's name.
    path
        Its canonical path.
    action
        Any but DO_NOTHING.
    type_id
        Two bytes: the type of the plaintext, also where `data` is ciphertext.
    data
        The serialized value; in the stored form of an encrypted field, ciphertext and tag.
    """

    name: str
    path: bytes
    action: CryptoAction
    type_id: bytes
    data: bytes = field(repr=False)


def canonical_path(table: str, attribute: str) -> bytes:
    """Return the path of a top-level attribute (DB-ESDK header.md, "Canonical Path").

    The depth is 1. The length of the name counts UTF-16 code units, as AWS's implementations do; the
    specification leaves the unit open. For names in ASCII it is the number of bytes.
    """
    encoded = _encode_name(attribute)
    if not 0 < len(encoded) <= MAX_NAME_LENGTH:
        raise InvalidItemError(f"an attribute's name must have 1 to {MAX_NAME_LENGTH} bytes of UTF-8")
    units = len(attribute.encode("utf-16-be")) // 2
    return table.encode() + (1).to_bytes(8, "big") + b"$" + units.to_bytes(8, "big") + encoded


def encrypt_fields(fields: list[SignedField], *, root_key: bytes) -> list[tuple[SignedField, bytes]]:
    """Return each field with its data as it is stored: of ENCRYPT_AND_SIGN ciphertext and tag."""
    actions = [field.action for field in fields]
    keys = iter(field_keys(root_key, actions.count(ENCRYPT_AND_SIGN)))
    stored: list[tuple[SignedField, bytes]] = []
    for plain in fields:
        data = plain.data
        if plain.action is ENCRYPT_AND_SIGN:
            key, nonce = next(keys)
            data = AESGCM(key).encrypt(nonce, data, plain.path)
        stored.append((plain, data))
    return stored


def decrypt_fields(fields: list[SignedField], *, root_key: bytes) -> list[tuple[SignedField, bytes]]:
    """Return the encrypted ones among the stored fields, each with its plaintext.

    Call it after the footer was verified.
    """
    encrypted = [field for field in fields if field.action is ENCRYPT_AND_SIGN]
    # Keys are given out in path order, as on encryption.
    decrypted: list[tuple[SignedField, bytes]] = []
    for stored, (key, nonce) in zip(encrypted, field_keys(root_key, len(encrypted)), strict=True):
        try:
            decrypted.append((stored, AESGCM(key).decrypt(nonce, stored.data, stored.path)))
        except InvalidTag as error:
            raise SignatureError(f"attribute {stored.name!r} does not authenticate") from error
    return decrypted


def _encode_name(attribute: str) -> bytes:
    try:
        return attribute.encode("utf-8")
    except UnicodeEncodeError:
        pass
    raise InvalidItemError("an attribute's name is not valid Unicode")
