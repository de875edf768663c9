"""The signed attributes of an item, as fields in the order of their canonical paths.

What must stay true: a path names one attribute of one logical table, and the order depends on nothing but the
paths: legend, footer and field keys all rely on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .crypto_action import CryptoAction
from .derivation import field_keys, hkdf_sha512
from .errors import InvalidItemError, SignatureError

MAX_NAME_LENGTH = 0xFFFF  # DynamoDB's limit, in UTF-8 bytes


@dataclass(frozen=True, slots=True)
class SignedField:
    """One signed attribute, either in plaintext or as it is stored.

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

    @property
    def is_encrypted(self) -> bool:
        """Whether the stored form is ciphertext."""
        return self.action is CryptoAction.ENCRYPT_AND_SIGN


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


def encrypt_fields(fields: list[SignedField], *, data_key: bytes, message_id: bytes) -> list[SignedField]:
    """Return the fields in their stored form: ENCRYPT_AND_SIGN encrypted, the others unchanged."""
    keys = _keys_of_encrypted(fields, data_key=data_key, message_id=message_id)
    stored: list[SignedField] = []
    for plain in fields:
        if not plain.is_encrypted:
            stored.append(plain)
            continue
        key, nonce = next(keys)
        ciphertext = AESGCM(key).encrypt(nonce, plain.data, plain.path)
        stored.append(SignedField(plain.name, plain.path, plain.action, plain.type_id, ciphertext))
    return stored


def decrypt_fields(fields: list[SignedField], *, data_key: bytes, message_id: bytes) -> list[SignedField]:
    """Return the encrypted ones among the fields, decrypted. Call it after the footer was verified."""
    keys = _keys_of_encrypted(fields, data_key=data_key, message_id=message_id)
    decrypted: list[SignedField] = []
    for stored in fields:
        if not stored.is_encrypted:
            continue
        key, nonce = next(keys)
        try:
            plaintext = AESGCM(key).decrypt(nonce, stored.data, stored.path)
        except InvalidTag as error:
            raise SignatureError(f"attribute {stored.name!r} does not authenticate") from error
        decrypted.append(SignedField(stored.name, stored.path, stored.action, stored.type_id, plaintext))
    return decrypted


def _keys_of_encrypted(
    fields: list[SignedField], *, data_key: bytes, message_id: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """Return key and nonce of each encrypted field, in path order; their ordinal selects them."""
    root_key = hkdf_sha512(data_key, b"AWS_DBE_DERIVE_KEY" + message_id)
    return iter(field_keys(root_key, sum(field.is_encrypted for field in fields)))


def _encode_name(attribute: str) -> bytes:
    try:
        return attribute.encode("utf-8")
    except UnicodeEncodeError:
        pass
    raise InvalidItemError("an attribute's name is not valid Unicode")
