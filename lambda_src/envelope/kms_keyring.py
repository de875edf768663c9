"""Wraps keys with AWS KMS: one data key from KMS per record, strict key ARNs only.

What must stay true: no alias and no discovery. Only configured key ARNs are used, the ARN goes into every
call, and the ARN that KMS answers with is compared: otherwise whoever can write an entry chooses the key.
Source: ESDK specification, framework/aws-kms/aws-kms-mrk-keyring.md and aws-kms-keyring.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from .errors import DataKeyError, KeyServiceError
from .keyring import KEY_LENGTH, EncryptedDataKey
from .kms_key_arn import configured_arn, strict_arns
from .service_failures import NOT_AUTHENTIC, error_code, is_service_failure

PROVIDER_ID = "aws-kms"
MAX_CIPHERTEXT_LENGTH = 6144  # KMS's own limit for CiphertextBlob


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
        self._decrypt_key_arns = strict_arns((key_arn, *decrypt_key_arns))

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
            if not is_service_failure(error):
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
                if not is_service_failure(error):
                    raise
                service_failed = service_failed or error_code(error) not in NOT_AUTHENTIC
                causes.append(error)
        if service_failed:
            raise KeyServiceError("KMS could not be used to unwrap a data key", causes=causes)
        raise DataKeyError("the KMS keyring cannot unwrap any encrypted data key", causes=causes)

    def _configured_arn(self, encrypted: EncryptedDataKey) -> str | None:
        """Return the configured ARN that an entry may be unwrapped with."""
        if encrypted.provider_id != PROVIDER_ID:
            return None
        stored = encrypted.provider_info.decode("ascii", errors="replace")
        return configured_arn(stored, configured=self._decrypt_key_arns)

    def _decrypt(
        self, encrypted: EncryptedDataKey, *, key_arn: str, encryption_context: Mapping[str, str]
    ) -> bytes:
        if not 0 < len(encrypted.ciphertext) <= MAX_CIPHERTEXT_LENGTH:
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
