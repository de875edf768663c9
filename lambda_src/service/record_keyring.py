"""A keyring for records and nothing else.

What must stay true: a stored header never decides which form of encryption context KMS is asked with.
"""

from collections.abc import Mapping, Sequence

from envelope import DataKeyError, EncryptedDataKey, Keyring
from service.names import RECORD_ATTRIBUTE, TENANT_ATTRIBUTE

#: All that the context of a record holds; the key policy allows these keys and no other (stacks/keys.py).
CONTEXT_KEYS = frozenset(
    {
        "aws-crypto-table-name",
        "aws-crypto-partition-name",
        "aws-crypto-sort-name",
        "aws-crypto-legend",
        f"aws-crypto-attr.{TENANT_ATTRIBUTE}",
        f"aws-crypto-attr.{RECORD_ATTRIBUTE}",
    }
)


class RecordKeyring:
    """Passes on what is a record's, and refuses every other encryption context.

    A reader rebuilds the context by what the stored header says: its version, flavor and legend. Where
    somebody changed these, the key policy would refuse the context, and the refusal would look like an outage
    of the key. So it is found here, as what it is: stored bytes that do not verify.

    Parameters
    ----------
    keyring
        Wraps and unwraps the data keys of records.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new key and its wrapped form."""
        return self._keyring.generate(encryption_context)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry that can be unwrapped.

        Raises
        ------
        DataKeyError
            The encryption context is not one of a record, or no entry can be unwrapped.
        KeyServiceError
            KMS failed.
        """
        if encryption_context.keys() != CONTEXT_KEYS:
            raise DataKeyError("the stored header calls for an encryption context that no record has")
        return self._keyring.unwrap(encrypted_data_keys, encryption_context)
