"""Between the keyring's key and the item's data key: intermediate key wrapping.

The keyring makes (or unwraps) an intermediate key. The data key is local randomness, wrapped under a key
derived from it; the wrapped data key (48 bytes) stands before the keyring's own ciphertext in the entry, so a
key service receives only what follows. A second derived key makes the recipient's tag in the footer.
Source: ESDK specification, framework/algorithm-suites.md, "Intermediate Key Wrapping".
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .derivation import hkdf_expand, hkdf_extract
from .encryption_context import serialize
from .errors import DataKeyError, KeyServiceError
from .keyring import KEY_LENGTH, EncryptedDataKey, Keyring, no_key

_ENCRYPT_INFO = b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"
_MAC_INFO = b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"
_WRAPPED_LENGTH = KEY_LENGTH + 16
# Each wrapping key is derived from a fresh intermediate key and encrypts once, so the nonce may be fixed.
_IV = bytes(12)


@dataclass(slots=True)
class ItemKeys:
    """The keys of one item. Never shown by repr."""

    data_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)


def generate_item_keys(
    keyring: Keyring, *, encryption_context: Mapping[str, str]
) -> tuple[ItemKeys, EncryptedDataKey]:
    """Return fresh keys for one item, and the entry for its header."""
    intermediate_key, wrapped_intermediate = keyring.generate(encryption_context)
    data_key = os.urandom(KEY_LENGTH)
    extracted = hkdf_extract(intermediate_key)
    wrapping_key = hkdf_expand(extracted, _ENCRYPT_INFO)
    wrapped_data_key = AESGCM(wrapping_key).encrypt(_IV, data_key, serialize(encryption_context))
    entry = EncryptedDataKey(
        wrapped_intermediate.provider_id,
        wrapped_intermediate.provider_info,
        wrapped_data_key + wrapped_intermediate.ciphertext,
    )
    return ItemKeys(data_key, hkdf_expand(extracted, _MAC_INFO)), entry


def keyrings_entry(entry: EncryptedDataKey) -> EncryptedDataKey:
    """Return the part of an item's entry that a keyring made: the wrapped intermediate key."""
    return EncryptedDataKey(entry.provider_id, entry.provider_info, entry.ciphertext[_WRAPPED_LENGTH:])


def unwrap_item_keys(
    keyring: Keyring, *, entries: tuple[EncryptedDataKey, ...], encryption_context: Mapping[str, str]
) -> ItemKeys:
    """Return the item's keys from the first entry that the keyring can unwrap.

    The entries are offered one at a time, because each has a data key wrapped under its own intermediate key.
    """
    aad = serialize(encryption_context)
    failures: list[DataKeyError | KeyServiceError] = []
    for entry in entries:
        wrapped_data_key = entry.ciphertext[:_WRAPPED_LENGTH]
        try:
            extracted = hkdf_extract(keyring.unwrap([keyrings_entry(entry)], encryption_context))
            data_key = AESGCM(hkdf_expand(extracted, _ENCRYPT_INFO)).decrypt(_IV, wrapped_data_key, aad)
        except InvalidTag:
            failures.append(DataKeyError("a wrapped data key does not belong to its intermediate key"))
        except (DataKeyError, KeyServiceError) as failure:
            failures.append(failure)
        else:
            return ItemKeys(data_key, hkdf_expand(extracted, _MAC_INFO))
    raise no_key(failures)
