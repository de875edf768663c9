"""What wraps and unwraps keys: the protocol that all keyrings follow, and a keyring made of several.

What must stay true: a keyring returns a key only if it authenticated together with the encryption context.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from .errors import DataKeyError, KeyServiceError

KEY_LENGTH = 32


class EncryptedDataKey(NamedTuple):
    """A wrapped key as it is stored: who wrapped it, under which key, and the wrapped bytes."""

    provider_id: str
    provider_info: bytes
    ciphertext: bytes


class Keyring(Protocol):
    """Makes a fresh 32-byte key together with its wrapped form, and unwraps stored ones.

    For an item the key is the intermediate key, which wraps the item's data key locally.
    """

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new key and its wrapped form, bound to the encryption context."""

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry that can be unwrapped.

        Raises
        ------
        DataKeyError
            None of the entries is meant for this keyring, or none authenticates.
        KeyServiceError
            The key service failed, so nothing can be said about the entries.
        """


class MultiKeyring:
    """Generates with its first keyring and unwraps with whichever can.

    Parameters
    ----------
    generator
        Wraps new keys; tried first on unwrapping.
    *others
        Tried in their order after it, on unwrapping only.
    """

    def __init__(self, generator: Keyring, *others: Keyring) -> None:
        self._keyrings = (generator, *others)

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new key and its wrapped form, from the first keyring."""
        return self._keyrings[0].generate(encryption_context)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key from the first keyring that can unwrap any of the entries."""
        failures: list[DataKeyError | KeyServiceError] = []
        for keyring in self._keyrings:
            try:
                return keyring.unwrap(encrypted_data_keys, encryption_context)
            except (DataKeyError, KeyServiceError) as failure:
                failures.append(failure)
        raise no_key(failures)


def no_key(failures: Sequence[DataKeyError | KeyServiceError]) -> DataKeyError | KeyServiceError:
    """Return the one error to raise after every attempt failed.

    One failure of the key service is enough to make it a KeyServiceError: the key that could not be asked may
    have been the right one, so the stored bytes must not be reported as broken.
    """
    if len(failures) == 1:
        return failures[0]
    causes = [cause for failure in failures for cause in (failure.causes or (failure,))]
    if any(isinstance(failure, KeyServiceError) for failure in failures):
        return KeyServiceError("the key service failed before a key could be unwrapped", causes=causes)
    return DataKeyError("no encrypted data key could be unwrapped", causes=causes)
