"""The keyring of records: one of KMS or one of a branch key, for records and nothing else.

What must stay true: a stored header never decides which form of encryption context KMS is asked with, nor
whose branch key is used. The tenant is that of the rebuilt context, which comes from the request.
"""

from collections.abc import Mapping, Sequence

from envelope import (
    BranchKeyring,
    BranchKeySource,
    DataKeyError,
    EncryptedDataKey,
    Keyring,
    KeyServiceError,
)
from envelope.branch_keyring import PROVIDER_ID as BRANCH_KEYS
from envelope.keyring import no_key
from envelope.kms_keyring import PROVIDER_ID as KMS
from service.configuration import KeyStrategy
from service.names import RECORD_ATTRIBUTE, TENANT_ATTRIBUTE

_TENANT = f"aws-crypto-attr.{TENANT_ATTRIBUTE}"

#: All that the context of a record holds; the key policy allows these keys and no other (stacks/keys.py).
CONTEXT_KEYS = frozenset(
    {
        "aws-crypto-table-name",
        "aws-crypto-partition-name",
        "aws-crypto-sort-name",
        "aws-crypto-legend",
        _TENANT,
        f"aws-crypto-attr.{RECORD_ATTRIBUTE}",
    }
)


class RecordKeyring:
    """Makes keys by one strategy, unwraps those of both, and refuses every context that is not a record's.

    A reader rebuilds the context by what the stored header says: its version, flavor and legend. Where
    somebody changed these, the key policy would refuse the context, and the refusal would look like an outage
    of the key. So it is found here, as what it is: stored bytes that do not verify.

    Parameters
    ----------
    kms
        Wraps each record's key with KMS.
    branch_keys
        Gives the branch key of a tenant. Shared by all threads.
    strategy
        What new keys are wrapped under.
    """

    def __init__(self, *, kms: Keyring, branch_keys: BranchKeySource, strategy: KeyStrategy) -> None:
        self._kms = kms
        self._branch_keys = branch_keys
        self._strategy = strategy

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return a new key and its wrapped form.

        Raises
        ------
        BranchKeyNotFoundError, BranchKeyShreddedError
            Strategy `tenant`: the tenant has no branch key, or no more.
        BranchKeyItemError
            Strategy `tenant`: the branch key is not as it was stored.
        KeyServiceError
            KMS or the key store failed.
        """
        if self._strategy is KeyStrategy.TENANT:
            return self._of_tenant(encryption_context).generate(encryption_context)
        return self._kms.generate(encryption_context)

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key behind the first entry that can be unwrapped.

        Raises
        ------
        DataKeyError
            The encryption context is not one of a record, or no entry can be unwrapped; its subclasses say
            what is wrong with the branch key.
        KeyServiceError
            KMS or the key store failed.
        """
        if encryption_context.keys() != CONTEXT_KEYS:
            raise DataKeyError("the stored header calls for an encryption context that no record has")
        failures: list[DataKeyError | KeyServiceError] = []
        for entry in encrypted_data_keys:
            try:
                return self._keyring_of(entry, encryption_context).unwrap([entry], encryption_context)
            except (DataKeyError, KeyServiceError) as failure:
                failures.append(failure)
        raise no_key(failures)

    def _keyring_of(self, entry: EncryptedDataKey, encryption_context: Mapping[str, str]) -> Keyring:
        if entry.provider_id == KMS:
            return self._kms
        if entry.provider_id == BRANCH_KEYS:
            return self._of_tenant(encryption_context)
        raise DataKeyError("an entry is wrapped by a provider that no record has")

    def _of_tenant(self, encryption_context: Mapping[str, str]) -> BranchKeyring:
        return BranchKeyring(encryption_context[_TENANT], self._branch_keys)
