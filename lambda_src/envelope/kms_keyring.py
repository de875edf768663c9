"""Wraps keys with AWS KMS: one data key from KMS per record, strict key ARNs only.

What must stay true: no alias and no discovery. Only configured key ARNs are used, the ARN goes into every
call, and the ARN that KMS answers with is compared: otherwise whoever can write an entry chooses the key.
Source: ESDK specification, framework/aws-kms/aws-kms-mrk-keyring.md and aws-kms-keyring.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from .errors import ConfigurationError, DataKeyError, KeyServiceError
from .keyring import KEY_LENGTH, EncryptedDataKey

PROVIDER_ID = "aws-kms"
_KEY_ARN = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):key/([A-Za-z0-9-]+)")
_MAX_CIPHERTEXT_LENGTH = 6144  # KMS's own limit for CiphertextBlob
# KMS's way to say that ciphertext, key and encryption context do not belong together.
_NOT_AUTHENTIC = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsClient(Protocol):
    """The two calls of boto3's KMS client that are used; anything with these two will do."""

    @property
    def generate_data_key(self) -> Callable[..., Mapping[str, Any]]:
        """Call GenerateDataKey."""

    @property
    def decrypt(self) -> Callable[..., Mapping[str, Any]]:
        """Call Decrypt."""


class KmsKeyring:
    """A keyring over one KMS key for new data keys and a strict list of keys for stored ones.

    Parameters
    ----------
    client
        A boto3 KMS client of the keys' Region.
    key_arn
        Full ARN of the key that wraps new data keys; it may unwrap as well.
    decrypt_key_arns
        Full ARNs of further keys that stored data keys may be wrapped under.
    """

    def __init__(self, client: KmsClient, key_arn: str, *, decrypt_key_arns: Iterable[str] = ()) -> None:
        self._client = client
        self._key_arn = key_arn
        self._decrypt_key_arns = tuple(dict.fromkeys((key_arn, *decrypt_key_arns)))
        for arn in self._decrypt_key_arns:
            if not _KEY_ARN.fullmatch(arn):
                raise ConfigurationError(
                    f"{arn!r} is not a full KMS key ARN (arn:aws:kms:<region>:<account>:key/<id>); "
                    "aliases and bare ids are not accepted"
                )

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new key from KMS and its wrapped form. One call: GenerateDataKey.

        Raises
        ------
        KeyServiceError
            KMS failed, or answered with another key or another length than asked for.
        """
        try:
            response = self._client.generate_data_key(
                KeyId=self._key_arn, NumberOfBytes=KEY_LENGTH, EncryptionContext=dict(encryption_context)
            )
        except Exception as error:
            if not _is_service_failure(error):
                raise
            raise KeyServiceError("KMS could not generate a data key", causes=[error]) from error
        plaintext, ciphertext = response.get("Plaintext", b""), response.get("CiphertextBlob", b"")
        if response.get("KeyId") != self._key_arn or len(plaintext) != KEY_LENGTH or not ciphertext:
            raise KeyServiceError("KMS answered GenerateDataKey with another key or length than asked for")
        return plaintext, EncryptedDataKey(PROVIDER_ID, self._key_arn.encode(), ciphertext)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry that a configured key unwraps, by one Decrypt per entry."""
        causes: list[BaseException] = []
        service_failed = False
        for encrypted in encrypted_data_keys:
            key_arn = self._configured_arn(encrypted)
            if key_arn is None:
                causes.append(DataKeyError("an entry is not wrapped under a configured KMS key"))
                continue
            try:
                return self._decrypt(encrypted, key_arn=key_arn, encryption_context=encryption_context)
            except DataKeyError as error:
                causes.append(error)
            except Exception as error:
                if not _is_service_failure(error):
                    raise
                service_failed = service_failed or _error_code(error) not in _NOT_AUTHENTIC
                causes.append(error)
        if service_failed:
            raise KeyServiceError("KMS could not be used to unwrap a data key", causes=causes)
        raise DataKeyError("the KMS keyring cannot unwrap any encrypted data key", causes=causes)

    def _configured_arn(self, encrypted: EncryptedDataKey) -> str | None:
        """Return the configured ARN that an entry may be unwrapped with."""
        if encrypted.provider_id != PROVIDER_ID:
            return None
        stored = encrypted.provider_info.decode("ascii", errors="replace")
        return next((arn for arn in self._decrypt_key_arns if _same_key(arn, stored)), None)

    def _decrypt(
        self, encrypted: EncryptedDataKey, *, key_arn: str, encryption_context: Mapping[str, str]
    ) -> bytes:
        if not 0 < len(encrypted.ciphertext) <= _MAX_CIPHERTEXT_LENGTH:
            raise DataKeyError("an entry's ciphertext is empty or longer than KMS allows")
        response = self._client.decrypt(
            KeyId=key_arn, CiphertextBlob=encrypted.ciphertext, EncryptionContext=dict(encryption_context)
        )
        if response.get("KeyId") != key_arn:
            raise DataKeyError("KMS unwrapped an entry with another key than the one asked for")
        plaintext: bytes = response.get("Plaintext", b"")
        if len(plaintext) != KEY_LENGTH:
            raise DataKeyError(f"an entry holds {len(plaintext)} bytes instead of {KEY_LENGTH}")
        return plaintext


def _same_key(configured: str, stored: str) -> bool:
    """Tell whether two ARNs name one key; related multi-Region keys differ in nothing but the Region."""
    if configured == stored:
        return True
    ours, theirs = _KEY_ARN.fullmatch(configured), _KEY_ARN.fullmatch(stored)
    if ours is None or theirs is None:
        return False
    partition, _, account, key_id = ours.groups()
    return key_id.startswith("mrk-") and (partition, account, key_id) == theirs.group(1, 3, 4)


def _error_code(error: Exception) -> str | None:
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, Mapping) else None


def _is_service_failure(error: Exception) -> bool:
    """Tell a failed call from a mistake in a program.

    botocore is not a dependency of this library, so its exceptions are known by shape: an error that the
    service answered carries its code, and every other one (time-outs, no connection, no credentials)
    descends from a class named BotoCoreError.
    """
    if _error_code(error) is not None or isinstance(error, OSError):
        return True
    return any(base.__name__ == "BotoCoreError" for base in type(error).__mro__)
