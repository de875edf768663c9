"""What a request is served with: clients, keyring, encryptor and key store, of the function or of one tenant.

What must stay true: all of it works with the same credentials; nothing of one compartment, an opened branch
key least of all, is reached from another.
"""

from dataclasses import dataclass

from envelope import BranchKeyStore, CachingBranchKeySource, ItemEncryptor, KmsKeyring
from service.aws_clients import Credentials, dynamodb_client, kms_client
from service.branch_keys import branch_key_store
from service.configuration import Configuration, KeyStrategy
from service.record_keyring import RecordKeyring
from service.store import Store, record_encryptor
from service.time_limit import TimeLimit

#: An active branch key and its version are two entries.
_FEWEST_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Compartment:
    """All that works with one set of credentials.

    `branch_keys` is the key store itself; readers and writers reach it through their keyring and its cache
    only. `by_kms` encrypts records with a data key from KMS each, whatever the strategy is.
    """

    store: Store
    by_kms: ItemEncryptor
    branch_keys: BranchKeyStore
    cache: CachingBranchKeySource


def make_compartment(
    configuration: Configuration, time_limit: TimeLimit, credentials: Credentials = None
) -> Compartment:
    """Make what works with the credentials of a session, or with the function's own.

    Not to be called by two threads at once: they would share what makes clients.
    """
    kms, dynamodb = kms_client(time_limit, credentials), dynamodb_client(time_limit, credentials)
    branch_keys = branch_key_store(configuration.branch_keys, dynamodb=dynamodb, kms=kms)
    cache = CachingBranchKeySource(
        branch_keys,
        max_entries=_cache_entries(configuration, of_one_tenant=credentials is not None),
        ttl_seconds=configuration.branch_keys.cache_seconds,
    )
    kms_keyring = KmsKeyring(
        kms, configuration.envelope_key_arn, decrypt_key_arns=configuration.decrypt_key_arns
    )

    def encryptor(strategy: KeyStrategy) -> ItemEncryptor:
        return record_encryptor(
            logical_table=configuration.logical_table,
            plaintext_attributes=configuration.plaintext_attributes,
            keyring=RecordKeyring(kms=kms_keyring, branch_keys=cache, strategy=strategy),
        )

    store = Store(
        client=dynamodb,
        table=configuration.records_table,
        encryptor=encryptor(configuration.key_strategy),
    )
    return Compartment(
        store=store, by_kms=encryptor(KeyStrategy.RECORD), branch_keys=branch_keys, cache=cache
    )


def _cache_entries(configuration: Configuration, *, of_one_tenant: bool) -> int:
    """Share the entries among the tenants, so that all sessions together keep to the bound."""
    entries = configuration.branch_keys.cache_entries
    if not of_one_tenant or configuration.sessions is None:
        return entries
    return max(_FEWEST_ENTRIES, entries // configuration.sessions.entries)
