"""What a container makes once, when it starts: settings, clients, key store, keyring, encryptor.

Nothing random is drawn here, and no key is fetched: a container may be started from a snapshot of another's
memory. Branch keys that were opened before a snapshot are forgotten when it is restored.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from envelope import BranchKeyStore, CachingBranchKeySource, KmsKeyring
from service.aws_clients import dynamodb_client, kms_client
from service.branch_keys import branch_key_store
from service.configuration import Configuration, read_configuration
from service.record_keyring import RecordKeyring
from service.store import Store, record_encryptor
from service.telemetry import Telemetry
from service.time_limit import TimeLimit


@dataclass(frozen=True, slots=True)
class Container:
    """All that a function's routes work with.

    `branch_keys` is the key store itself; readers and writers reach it through their keyring and its cache
    only.
    """

    configuration: Configuration
    store: Store
    branch_keys: BranchKeyStore
    telemetry: Telemetry
    time_limit: TimeLimit


def start() -> Container:
    """Make it all from the function's environment.

    Raises
    ------
    ConfigurationError
        When a setting is absent or has the wrong form.
    """
    # When a log line cannot be written, Python would print the exception in progress instead, with its text.
    logging.raiseExceptions = False
    configuration = read_configuration(os.environ)
    time_limit = TimeLimit()
    kms, dynamodb = kms_client(time_limit), dynamodb_client(time_limit)
    branch_keys = branch_key_store(configuration.branch_keys, dynamodb=dynamodb, kms=kms)
    cache = CachingBranchKeySource(
        branch_keys,
        max_entries=configuration.branch_keys.cache_entries,
        ttl_seconds=configuration.branch_keys.cache_seconds,
    )
    _after_restore(cache.clear)
    keyring = RecordKeyring(
        kms=KmsKeyring(kms, configuration.envelope_key_arn, decrypt_key_arns=configuration.decrypt_key_arns),
        branch_keys=cache,
        strategy=configuration.key_strategy,
    )
    encryptor = record_encryptor(
        logical_table=configuration.logical_table,
        plaintext_attributes=configuration.plaintext_attributes,
        keyring=keyring,
    )
    return Container(
        configuration=configuration,
        store=Store(client=dynamodb, table=configuration.records_table, encryptor=encryptor),
        branch_keys=branch_keys,
        telemetry=Telemetry(time_limit),
        time_limit=time_limit,
    )


def _after_restore(action: Callable[[], None]) -> None:
    """Let Lambda's runtime call `action` in each container that begins with a snapshot."""
    try:
        # Lambda's runtime brings it along.
        from snapshot_restore_py import (  # type: ignore[import-untyped] # noqa: PLC0415
            register_after_restore,
        )
    except ImportError:
        return
    register_after_restore(action)
