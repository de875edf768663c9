"""Keyrings of this library and of another one over the same keys."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from envelope import BranchKeyring, BranchKeyStore, CachingBranchKeySource, Keyring, KmsKeyring
from tests.interop.key_services import KeyServices
from tests.interop.official_command import OfficialCommand, to_dynamodb_json
from tests.unit.envelope_keys import raw_aes_keyring

KEYRINGS = ["raw AES", "KMS", "hierarchical"]
_RAW_KEY = bytes(range(32))


@dataclass(frozen=True)
class KeyringPair:
    """One keyring in our implementation, and as the command around the other library is told of it."""

    name: str
    ours: Keyring
    theirs: dict[str, Any]


def raw_aes_pair(*, key: bytes = _RAW_KEY) -> KeyringPair:
    """Return the keyrings over a key that both sides have."""
    told = {"kind": "raw-aes", "namespace": "tests", "name": "key-1", "key": to_dynamodb_json(key)}
    told["utf8Sorting"] = True
    return KeyringPair("raw AES", raw_aes_keyring(key=key), told)


def kms_pair(key_services: KeyServices) -> KeyringPair:
    """Return the keyrings over a new KMS key."""
    arn = key_services.key()
    return KeyringPair("KMS", KmsKeyring(key_services.kms, arn), {"kind": "kms", "keyArn": arn})


@dataclass(frozen=True)
class SharedBranchKey:
    """One branch key in one key store, in our client of it and in another library's.

    Parameters
    ----------
    key_arn
        The KMS key that both are configured with.
    """

    key_services: KeyServices
    command: OfficialCommand
    name: str
    key_arn: str

    @property
    def ours(self) -> BranchKeyStore:
        """Our client of the key store."""
        return self.key_services.key_store(self.name, self.key_arn)

    @property
    def keyrings(self) -> KeyringPair:
        """The keyrings over this branch key."""
        source = CachingBranchKeySource(self.ours)
        told = {"kind": "hierarchical", "utf8Sorting": True, **self._told}
        return KeyringPair("hierarchical", BranchKeyring(self.name, source), told)

    def create_table_officially(self) -> None:
        """Let the other library make the key store."""
        self.command.ask("createKeyStore", **self._told)

    def create_officially(self) -> None:
        """Let the other library make it."""
        self.command.ask("createBranchKey", encryptionContext={"tenant": self.name}, **self._told)

    def version_officially(self) -> None:
        """Let the other library make a new version of it."""
        self.command.ask("versionBranchKey", **self._told)

    def read_officially(self, **version: str) -> dict[str, Any]:
        """What the other library reads: the version that is named, or the active one."""
        found: dict[str, Any] = self.command.ask("readBranchKey", **version, **self._told)
        return found

    @property
    def _told(self) -> dict[str, Any]:
        store = {"table": self.name, "logicalName": self.name, "keyArn": self.key_arn}
        return {"keyStore": store, "branchKeyId": self.name}


def shared_branch_key(key_services: KeyServices, command: OfficialCommand) -> SharedBranchKey:
    """Make a key store; its branch key has still to be created."""
    name = f"branch-key-{uuid4()}"
    key_services.create_key_store_table(name)
    return SharedBranchKey(key_services, command, name, key_services.key())


def keyring_pair(kind: str, key_services: KeyServices, command: OfficialCommand) -> KeyringPair:
    """Return keyrings of one of the `KEYRINGS`; over KMS and in a key store, the key is a new one."""
    if kind == "raw AES":
        return raw_aes_pair()
    if kind == "KMS":
        return kms_pair(key_services)
    branch_key = shared_branch_key(key_services, command)
    branch_key.ours.create(branch_key.name)
    return branch_key.keyrings
