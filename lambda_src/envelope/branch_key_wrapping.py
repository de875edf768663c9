"""What KMS does for the key store: it makes, opens and re-wraps branch keys.

What must stay true: only configured key ARNs are used, and KMS's answer is held to the one that was asked
for. Making and re-wrapping never shows a key to this process; only `open` does.
Source: ESDK specification, framework/branch-key-store.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from .branch_key_item import BranchKeyItem
from .errors import BranchKeyItemError, KeyServiceError
from .keyring import KEY_LENGTH
from .kms_key_arn import configured_arn, strict_arns
from .service_failures import NOT_AUTHENTIC, error_code, is_service_failure


class BranchKeyKms(Protocol):
    """The three calls of boto3's KMS client that are used."""

    @property
    def decrypt(self) -> Callable[..., Mapping[str, Any]]:
        """Call Decrypt."""

    @property
    def generate_data_key_without_plaintext(self) -> Callable[..., Mapping[str, Any]]:
        """Call GenerateDataKeyWithoutPlaintext."""

    @property
    def re_encrypt(self) -> Callable[..., Mapping[str, Any]]:
        """Call ReEncrypt."""


class BranchKeyWrapping:
    """The KMS keys that branch keys are wrapped under.

    Parameters
    ----------
    kms
        A boto3 KMS client of the keys' Region.
    logical_name
        The logical name of the key store, bound into every wrapped key.
    key_arn
        Wraps what is new.
    further_key_arns
        What stored items may be wrapped under beside it.
    """

    def __init__(
        self, kms: BranchKeyKms, *, logical_name: str, key_arn: str, further_key_arns: Iterable[str]
    ) -> None:
        self._kms = kms
        self._logical_name = logical_name
        self.key_arn = key_arn
        self._key_arns = strict_arns((key_arn, *further_key_arns))

    def open(self, item: BranchKeyItem) -> bytes:
        """Return the key in clear, 32 bytes. One call: Decrypt."""
        key_arn = self._configured(item)
        answer = self._call(
            self._kms.decrypt,
            item,
            KeyId=key_arn,
            CiphertextBlob=item.wrapped,
            EncryptionContext=self._context(item),
        )
        plaintext: bytes = answer.get("Plaintext", b"")
        if answer.get("KeyId") != key_arn or len(plaintext) != KEY_LENGTH:
            raise BranchKeyItemError(f"{_named(item)} was opened with another key or to another length")
        return plaintext

    def generate(self, item: BranchKeyItem) -> BranchKeyItem:
        """Return the item with a new key, wrapped under `key_arn`. GenerateDataKeyWithoutPlaintext."""
        item = replace(item, kms_arn=self.key_arn)
        answer = self._call(
            self._kms.generate_data_key_without_plaintext,
            item,
            KeyId=self.key_arn,
            NumberOfBytes=KEY_LENGTH,
            EncryptionContext=self._context(item),
        )
        return item.with_wrapped(self._wrapped(answer))

    def wrap_as(self, item: BranchKeyItem, *, target: BranchKeyItem) -> BranchKeyItem:
        """Return `target` with the key of `item`, wrapped under `key_arn`. One call: ReEncrypt."""
        target = replace(target, kms_arn=self.key_arn)
        return target.with_wrapped(self._re_encrypt(item, target=target, key_arn=self.key_arn))

    def authenticate(self, item: BranchKeyItem) -> None:
        """Let KMS open the item and wrap it again as it is. One call: ReEncrypt.

        Raises
        ------
        BranchKeyItemError
            The item is not as it was written.
        """
        self._re_encrypt(item, target=item, key_arn=self._configured(item))

    def _re_encrypt(self, item: BranchKeyItem, *, target: BranchKeyItem, key_arn: str) -> bytes:
        source_arn = self._configured(item)
        answer = self._call(
            self._kms.re_encrypt,
            item,
            CiphertextBlob=item.wrapped,
            SourceKeyId=source_arn,
            SourceEncryptionContext=self._context(item),
            DestinationKeyId=key_arn,
            DestinationEncryptionContext=self._context(target),
        )
        if answer.get("SourceKeyId") != source_arn:
            raise BranchKeyItemError(f"{_named(item)} was opened with another key than the one asked for")
        return self._wrapped(answer, key_arn=key_arn)

    def _wrapped(self, answer: Mapping[str, Any], *, key_arn: str | None = None) -> bytes:
        wrapped: bytes = answer.get("CiphertextBlob", b"")
        if answer.get("KeyId") != (key_arn or self.key_arn) or not wrapped:
            raise KeyServiceError("KMS answered with another key than the one asked for")
        return wrapped

    def _configured(self, item: BranchKeyItem) -> str:
        key_arn = configured_arn(item.kms_arn, configured=self._key_arns)
        if key_arn is None:
            raise BranchKeyItemError(
                f"{_named(item)} is wrapped under {item.kms_arn}, which is not a configured KMS key: "
                "configure it, or restore the item from a backup"
            )
        return key_arn

    def _context(self, item: BranchKeyItem) -> dict[str, str]:
        return item.encryption_context(self._logical_name)

    def _call(
        self, call: Callable[..., Mapping[str, Any]], item: BranchKeyItem, **arguments: object
    ) -> Mapping[str, Any]:
        try:
            return call(**arguments)
        except Exception as error:
            if not is_service_failure(error):
                raise
            if error_code(error) in NOT_AUTHENTIC:
                message = f"{_named(item)} does not authenticate: it was edited, or is of another key store"
                raise BranchKeyItemError(message, causes=[error]) from error
            raise KeyServiceError(f"KMS could not be used for {_named(item)}", causes=[error]) from error


def _named(item: BranchKeyItem) -> str:
    return f"the key store's item {item.type!r} of {item.id!r}"
