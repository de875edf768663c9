"""What a container makes once, when it starts: settings, clients, keyring, encryptor.

Nothing random is drawn here: a container may be started from a snapshot of another's memory.
"""

import logging
import os
from dataclasses import dataclass

from envelope import KmsKeyring
from service.aws_clients import dynamodb_client, kms_client
from service.configuration import Configuration, read_configuration
from service.store import Store, record_encryptor
from service.telemetry import Telemetry
from service.time_limit import TimeLimit


@dataclass(frozen=True, slots=True)
class Container:
    """All that a function's routes work with."""

    configuration: Configuration
    store: Store
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
    keyring = KmsKeyring(
        kms_client(time_limit),
        configuration.envelope_key_arn,
        decrypt_key_arns=configuration.decrypt_key_arns,
    )
    encryptor = record_encryptor(
        logical_table=configuration.logical_table,
        plaintext_attributes=configuration.plaintext_attributes,
        keyring=keyring,
    )
    store = Store(client=dynamodb_client(time_limit), table=configuration.records_table, encryptor=encryptor)
    return Container(
        configuration=configuration, store=store, telemetry=Telemetry(time_limit), time_limit=time_limit
    )
