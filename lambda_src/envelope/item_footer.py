"""The item's footer, attribute aws_dbe_foot: tags and signature over every signed attribute as it is stored.

What must stay true: it is verified before any field is decrypted, tags are compared in constant time, and it
covers the header, the whole encryption context and every signed field.
Source: DB-ESDK structured-encryption/footer.md. "c" counts as signed, which that page forgets.
"""

import hashlib
import hmac
from collections.abc import Iterable

from .encryption_context import SerializedContext
from .errors import MalformedItemError, SignatureError
from .intermediate_key import ItemKeys
from .item_fields import ENCRYPT_AND_SIGN, SignedField
from .item_header import FLAVOR_ECDSA, ItemHeader
from .signing import PUBLIC_KEY_CONTEXT_KEY, SIGNATURE_LENGTH, SigningKey, verify_signature

_TAG_LENGTH = 48


def canonical_hash(
    stored_header: bytes,
    *,
    encryption_context: SerializedContext,
    stored: Iterable[tuple[SignedField, bytes]],
) -> bytes:
    """Return the SHA-384 of the canonical record; `stored` are the fields in path order, with stored data."""
    context = encryption_context.pairs
    parts = [stored_header, len(context).to_bytes(8, "big"), context]
    for field, data in stored:
        how = b"ENCRYPTED" if field.action is ENCRYPT_AND_SIGN else b"PLAINTEXT"
        parts += (field.path, len(data).to_bytes(8, "big"), how, field.type_id, data)
    return hashlib.sha384(b"".join(parts)).digest()


def serialize_footer(record_hash: bytes, *, keys: ItemKeys, signing_key: SigningKey | None) -> bytes:
    """Return the footer of an item with one encrypted data key."""
    tag = hmac.digest(keys.mac_key, record_hash, "sha384")
    return tag if signing_key is None else tag + signing_key.sign(record_hash)


def check_footer_length(stored: bytes, *, header: ItemHeader) -> None:
    """Raise MalformedItemError unless there is one tag per encrypted data key, and a signature if due."""
    expected = _TAG_LENGTH * len(header.encrypted_data_keys) + _signature_length(header)
    if len(stored) != expected:
        raise MalformedItemError(f"the footer has {len(stored)} bytes; its header calls for {expected}")


def verify_footer(stored: bytes, *, header: ItemHeader, record_hash: bytes, keys: ItemKeys) -> None:
    """Raise SignatureError unless a recipient tag matches and, in flavor 01, the signature verifies."""
    expected = hmac.digest(keys.mac_key, record_hash, "sha384")
    tags_end = len(stored) - _signature_length(header)
    matches = [
        hmac.compare_digest(stored[start : start + _TAG_LENGTH], expected)
        for start in range(0, tags_end, _TAG_LENGTH)
    ]
    if not any(matches):
        raise SignatureError("the item's signed content is not what was written")
    if header.flavor == FLAVOR_ECDSA:
        public_key_text = header.encryption_context[PUBLIC_KEY_CONTEXT_KEY]
        verify_signature(stored[tags_end:], message=record_hash, public_key_text=public_key_text)


def _signature_length(header: ItemHeader) -> int:
    return SIGNATURE_LENGTH if header.flavor == FLAVOR_ECDSA else 0
