"""Derives every key from the ones that were wrapped: HKDF, the field keys, and the branch key's wrapping key.

What must stay true: each use has its own label, so no derived key serves two purposes.
"""

import hmac
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_KEY_LENGTH = 32
_NO_SALT = bytes(64)  # what RFC 5869 takes where there is no salt: as many zeros as the hash has bytes
# A field's AES key, its nonce, and what is left of the three AES blocks that they take.
_FIELD_KEY = struct.Struct("32s12s4x")
_FIRST_COUNTER_BLOCK = b"AwsDbeField" + bytes([_KEY_LENGTH + 12]) + bytes(4)
_WRAPPING_LABEL = (1).to_bytes(4, "big") + b"aws-kms-hierarchy" + b"\0"
_WRAPPING_BITS = (_KEY_LENGTH * 8).to_bytes(4, "big")


# Like all that holds keys or plaintext and is made for each item or message: no tuple, which serializers
# write out whatever its repr hides, and not frozen, which would set each field by a call.
@dataclass(slots=True)
class DerivedKeys:
    """What is derived from an item's data key. Never shown by repr.

    Parameters
    ----------
    commit_key
        Makes the header's commitment.
    field_root_key
        What the fields' keys are derived from.
    """

    commit_key: bytes = field(repr=False)
    field_root_key: bytes = field(repr=False)


def hkdf_extract(key: bytes, *, salt: bytes = _NO_SALT, hash_name: str = "sha512") -> bytes:
    """Return what all keys derived from `key` are expanded from: HKDF-Extract, RFC 5869, 2.2."""
    return hmac.digest(salt, key, hash_name)


def hkdf_expand(extracted: bytes, info: bytes, *, hash_name: str = "sha512") -> bytes:
    """Return 32 bytes for the purpose `info`: HKDF-Expand, RFC 5869, 2.3.

    They are no more than one block of the hash has, so the first block, T(1), is all there is to compute.
    """
    return hmac.digest(extracted, info + b"\x01", hash_name)[:_KEY_LENGTH]


def derive_from_data_key(data_key: bytes, *, message_id: bytes) -> DerivedKeys:
    """Return the two keys of an item's data key. They share the extraction, and differ by their labels."""
    extracted = hkdf_extract(data_key)
    return DerivedKeys(
        commit_key=hkdf_expand(extracted, b"AWS_DBE_COMMIT_KEY" + message_id),
        field_root_key=hkdf_expand(extracted, b"AWS_DBE_DERIVE_KEY" + message_id),
    )


def field_keys(field_root_key: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Return AES key (32 bytes) and nonce (12 bytes) of each of `count` encrypted fields.

    DB-ESDK encrypt-path-structure.md, "Calculate Cipherkey and Nonce": field n starts at counter block 3n and
    takes 44 bytes of the keystream. So the fields' blocks follow one another without a gap, and one pass over
    the keystream from counter 0 yields all of them; the last 4 of each 48 bytes are not used.
    """
    encryptor = Cipher(algorithms.AES256(field_root_key), modes.CTR(_FIRST_COUNTER_BLOCK)).encryptor()
    return list(_FIELD_KEY.iter_unpack(encryptor.update(bytes(_FIELD_KEY.size * count))))


def branch_wrapping_key(branch_key: bytes, salt: bytes) -> bytes:
    """Return the 32-byte key that wraps one data key under a branch key.

    NIST SP 800-108 in counter mode with HMAC-SHA256. A 32-byte result is one block, and so one call:
    counter u32 = 1, label, a zero byte, context (the salt), length of the result in bits as u32. The
    hierarchical keyring's specification names the label for encryption only; decryption needs it as well.
    """
    return hmac.digest(branch_key, _WRAPPING_LABEL + salt + _WRAPPING_BITS, "sha256")
