"""Derives every key from the ones that were wrapped: HKDF, the field keys, and the branch key's wrapping key.

What must stay true: each use has its own label, so no derived key serves two purposes.
"""

import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_LENGTH = 32
_NONCE_LENGTH = 12
_FIELD_KEY_LENGTH = _KEY_LENGTH + _NONCE_LENGTH
_AES_BLOCK_LENGTH = 16
_BLOCKS_PER_FIELD = 3  # the fewest AES blocks that hold a field key of 44 bytes


def hkdf_sha512(key: bytes, info: bytes) -> bytes:
    """Return 32 bytes derived from `key` for the purpose `info`, without a salt (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA512(), length=_KEY_LENGTH, salt=None, info=info).derive(key)


def field_keys(field_root_key: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Return AES key (32 bytes) and nonce (12 bytes) of each of `count` encrypted fields.

    DB-ESDK encrypt-path-structure.md, "Calculate Cipherkey and Nonce": field n starts at counter block 3n and
    takes 44 bytes of the keystream. So the fields' blocks follow one another without a gap, and one pass over
    the keystream from counter 0 yields all of them; the last 4 of each 48 bytes are not used.
    """
    first_block = b"AwsDbeField" + bytes([_FIELD_KEY_LENGTH]) + bytes(4)
    stride = _BLOCKS_PER_FIELD * _AES_BLOCK_LENGTH
    encryptor = Cipher(algorithms.AES256(field_root_key), modes.CTR(first_block)).encryptor()
    stream = encryptor.update(bytes(stride * count))
    return [
        (stream[start : start + _KEY_LENGTH], stream[start + _KEY_LENGTH : start + _FIELD_KEY_LENGTH])
        for start in range(0, stride * count, stride)
    ]


def branch_wrapping_key(branch_key: bytes, salt: bytes) -> bytes:
    """Return the 32-byte key that wraps one data key under a branch key.

    NIST SP 800-108 in counter mode with HMAC-SHA256. A 32-byte result is one block, and so one call:
    counter u32 = 1, label, a zero byte, context (the salt), length of the result in bits as u32. The
    hierarchical keyring's specification names the label for encryption only; decryption needs it as well.
    """
    counter = (1).to_bytes(4, "big")
    bits = (_KEY_LENGTH * 8).to_bytes(4, "big")
    return hmac.digest(branch_key, counter + b"aws-kms-hierarchy" + b"\0" + salt + bits, "sha256")
