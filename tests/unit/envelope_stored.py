"""One small item as it is stored, and what the tests do to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from envelope import CryptoAction, EncryptedDataKey, Keyring
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import raw_aes_keyring

SIGN_ONLY = CryptoAction.SIGN_ONLY
ITEM: dict[str, Any] = {
    "tenant": {"S": "a"},
    "record": {"S": "1"},
    "revision": {"S": "r1"},
    "note": {"S": "n1"},
    "name": {"S": "Ada"},
    "city": {"S": "London"},
}
ACTIONS = {"revision": SIGN_ONLY, "note": SIGN_ONLY}
FORMATS = [(1, 0), (1, 1), (2, 0), (2, 1)]
HEAD, FOOT = "aws_dbe_head", "aws_dbe_foot"
EDK_COUNT_AT = 2 + 32 + 2 + 6 + 2  # in a header of flavor 00 with six signed attributes

Stored = dict[str, Any]


class CountingKeyring:
    """A raw AES keyring that counts how often it was asked to unwrap."""

    def __init__(self) -> None:
        self._keyring = raw_aes_keyring()
        self.unwraps = 0

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        return self._keyring.generate(encryption_context)

    def unwrap(self, entries: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]) -> bytes:
        self.unwraps += 1
        return self._keyring.unwrap(entries, encryption_context)


def stored_item(keyring: Keyring | None = None, *, change: Stored | None = None, **settings: Any) -> Stored:
    writer = encryptor(keyring or raw_aes_keyring(), actions=ACTIONS, **settings)
    return writer.encrypt({**ITEM, **(change or {})})


def read(stored: Stored, keyring: Keyring | None = None, **settings: Any) -> Stored:
    return encryptor(keyring or raw_aes_keyring(), actions=ACTIONS, **settings).decrypt(stored)


def with_header(stored: Stored, change: Callable[[bytes], bytes]) -> Stored:
    return {**stored, HEAD: {"B": change(stored[HEAD]["B"])}}
