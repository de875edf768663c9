"""Messages of 256 bytes to 1 MiB."""

import os
from collections.abc import Mapping
from functools import partial

from benchmarks.peers.cases import Case, Contender
from benchmarks.peers.encryption_sdk import EncryptionSdk
from benchmarks.peers.other_envelopes import OtherEnvelopes
from benchmarks.peers.ours import Ours

_CONTEXT: Mapping[str, str] = {"object-tenant": "acme", "object-id": "benchmark"}
_SIZES = {"256B": 256, "1KiB": 1024, "64KiB": 64 * 1024, "1MiB": 1024 * 1024}


def cases(ours: Ours, official: EncryptionSdk, others: OtherEnvelopes) -> list[Case]:
    """Return a case for each size."""

    def contenders(size: int) -> list[Contender]:
        plaintext = os.urandom(size)
        return [
            *ours.messages(plaintext, _CONTEXT),
            *official.messages(plaintext, _CONTEXT),
            *others.messages(plaintext, _CONTEXT),
        ]

    return [
        Case(
            f"message-{name.lower()}",
            "messages",
            f"message of {size:,} bytes",
            partial(contenders, size),
        )
        for name, size in _SIZES.items()
    ]
