"""Wraps keys with a branch key: one key per tenant, kept in a key store, used locally.

What must stay true: the branch key's id comes from the caller (from the request), never from the stored
entry, and the entry must then match it. A fresh salt and nonce for every wrapping.
Source: ESDK specification, framework/aws-kms/aws-kms-hierarchical-keyring.md.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .derivation import branch_wrapping_key
from .encryption_context import serialize
from .errors import ConfigurationError, DataKeyError, KeyServiceError
from .keyring import KEY_LENGTH, EncryptedDataKey, no_key

PROVIDER_ID = "aws-kms-hierarchy"
_SALT_LENGTH = 16
_IV_LENGTH = 12
_VERSION_LENGTH = 16
_TAG_LENGTH = 16
_VERSION_START = _SALT_LENGTH + _IV_LENGTH
_WRAPPED_START = _VERSION_START + _VERSION_LENGTH
_CIPHERTEXT_LENGTH = _WRAPPED_START + KEY_LENGTH + _TAG_LENGTH


@dataclass(frozen=True, slots=True)
class BranchKey:
    """One version of a branch key.

    Parameters
    ----------
    id
        The branch key's id, one per tenant.
    version
        The version as a UUID in its usual text form.
    secret
        32 bytes. Never shown by repr.
    """

    id: str
    version: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not self.id:
            raise ConfigurationError("a branch key needs an id")
        if not _is_canonical_uuid(self.version):
            raise ConfigurationError(f"{self.version!r} is not a branch key version: a UUID in lower case is")
        if len(self.secret) != KEY_LENGTH:
            raise ConfigurationError(f"a branch key has {KEY_LENGTH} bytes, not {len(self.secret)}")


class BranchKeySource(Protocol):
    """Where branch keys come from.

    Both calls raise KeyServiceError when the store fails; DataKeyError when there is no such key or version.
    """

    def active(self, branch_key_id: str) -> BranchKey:
        """Return the version that new keys are wrapped under."""

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        """Return one version, active or not."""


class BranchKeyring:
    """A keyring over the versions of one branch key.

    Parameters
    ----------
    branch_key_id
        The id that the request determines; entries of another branch key are refused.
    source
        Gives the branch key's versions.
    """

    def __init__(self, branch_key_id: str, source: BranchKeySource) -> None:
        if not branch_key_id:
            raise ConfigurationError("a branch keyring needs a branch key id")
        self._branch_key_id = branch_key_id
        self._source = source

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new random key, wrapped under the active version."""
        branch_key = self._source.active(self._branch_key_id)
        if branch_key.id != self._branch_key_id:
            raise KeyServiceError("the branch key source answered with another branch key")
        # One draw for all three: what the call costs it costs once.
        random = os.urandom(KEY_LENGTH + _SALT_LENGTH + _IV_LENGTH)
        key, salt, iv = random[:KEY_LENGTH], random[KEY_LENGTH:-_IV_LENGTH], random[-_IV_LENGTH:]
        version = bytes.fromhex(branch_key.version.replace("-", ""))
        wrapping_key = branch_wrapping_key(branch_key.secret, salt)
        wrapped = AESGCM(wrapping_key).encrypt(iv, key, self._aad(version, encryption_context))
        return key, EncryptedDataKey(PROVIDER_ID, self._branch_key_id.encode(), salt + iv + version + wrapped)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry of this branch key that authenticates."""
        failures: list[DataKeyError | KeyServiceError] = []
        for encrypted in encrypted_data_keys:
            try:
                return self._unwrap_one(encrypted, encryption_context)
            except (DataKeyError, KeyServiceError) as failure:
                failures.append(failure)
        raise no_key(failures)

    def _unwrap_one(self, encrypted: EncryptedDataKey, encryption_context: Mapping[str, str]) -> bytes:
        if (encrypted.provider_id, encrypted.provider_info) != (PROVIDER_ID, self._branch_key_id.encode()):
            raise DataKeyError("an entry is not wrapped under this branch key")
        asked_for, stored = version_of(encrypted), encrypted.ciphertext
        salt, iv = stored[:_SALT_LENGTH], stored[_SALT_LENGTH:_VERSION_START]
        version = stored[_VERSION_START:_WRAPPED_START]
        branch_key = self._source.version(self._branch_key_id, asked_for)
        if (branch_key.id, branch_key.version) != (self._branch_key_id, asked_for):
            raise KeyServiceError("the branch key source answered with another branch key or version")
        wrapping_key = branch_wrapping_key(branch_key.secret, salt)
        aad = self._aad(version, encryption_context)
        try:
            return AESGCM(wrapping_key).decrypt(iv, stored[_WRAPPED_START:], aad)
        except InvalidTag as error:
            message = "an entry does not authenticate under this branch key and context"
            raise DataKeyError(message) from error

    def _aad(self, version: bytes, encryption_context: Mapping[str, str]) -> bytes:
        return PROVIDER_ID.encode() + self._branch_key_id.encode() + version + serialize(encryption_context)


def version_of(entry: EncryptedDataKey) -> str:
    """Return the version of the branch key that an entry says it is wrapped under, as a UUID in text.

    Raises
    ------
    DataKeyError
        The entry is not as long as one of a branch key.
    """
    stored = entry.ciphertext
    if len(stored) != _CIPHERTEXT_LENGTH:
        raise DataKeyError(f"an entry of a branch key has {_CIPHERTEXT_LENGTH} bytes, not {len(stored)}")
    digits = stored[_VERSION_START:_WRAPPED_START].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_canonical_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
