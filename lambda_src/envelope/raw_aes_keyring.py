"""Wraps keys with an AES key held in memory: the ESDK's raw AES keyring. For tests and offline use.

What must stay true: a fresh random nonce for every wrapping; the encryption context is authenticated.
Source: ESDK specification, framework/raw-aes-keyring.md.
"""

import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .encryption_context import serialize
from .errors import ConfigurationError, DataKeyError
from .keyring import KEY_LENGTH, EncryptedDataKey

_IV_LENGTH = 12
_TAG_LENGTH = 16


class RawAesKeyring:
    """A keyring over one AES key of 128, 192 or 256 bits.

    Parameters
    ----------
    namespace
        Stored in clear as the provider id. Must not be an AWS KMS provider id.
    name
        Stored in clear; tells keys of one namespace apart.
    key
        16, 24 or 32 bytes.
    """

    def __init__(self, namespace: str, name: str, key: bytes) -> None:
        if not namespace or not name:
            raise ConfigurationError("a raw AES keyring needs a namespace and a name")
        if namespace.startswith("aws-kms"):
            raise ConfigurationError("the namespace of a raw AES keyring must not begin with 'aws-kms'")
        if len(key) not in (16, 24, 32):
            raise ConfigurationError(f"a raw AES key has 16, 24 or 32 bytes, not {len(key)}")
        self._namespace = namespace
        # Provider info: key name, tag length in bits and IV length in bytes as u32, then the IV itself.
        self._info_prefix = (
            name.encode() + (_TAG_LENGTH * 8).to_bytes(4, "big") + _IV_LENGTH.to_bytes(4, "big")
        )
        self._aead = AESGCM(key)

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new random key and its wrapped form."""
        key = os.urandom(KEY_LENGTH)
        iv = os.urandom(_IV_LENGTH)
        wrapped = self._aead.encrypt(iv, key, serialize(encryption_context))
        return key, EncryptedDataKey(self._namespace, self._info_prefix + iv, wrapped)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry of this namespace and name that authenticates."""
        aad = serialize(encryption_context)
        causes: list[DataKeyError] = []
        for encrypted in encrypted_data_keys:
            if not self._wrapped_here(encrypted):
                causes.append(DataKeyError("an entry was wrapped under another namespace or name"))
                continue
            try:
                return self._aead.decrypt(encrypted.provider_info[-_IV_LENGTH:], encrypted.ciphertext, aad)
            except InvalidTag:
                causes.append(DataKeyError("an entry does not authenticate under this key and context"))
        raise DataKeyError("the raw AES keyring cannot unwrap any encrypted data key", causes=causes)

    def _wrapped_here(self, encrypted: EncryptedDataKey) -> bool:
        return (
            encrypted.provider_id == self._namespace
            and encrypted.provider_info[:-_IV_LENGTH] == self._info_prefix
            and len(encrypted.ciphertext) == KEY_LENGTH + _TAG_LENGTH
        )
