"""Keyrings, sources and sinks for the tests of messages."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from envelope import EncryptedDataKey, MessageReader, decrypt
from tests.unit.envelope_keys import raw_aes_keyring
from tests.unit.message_reference import DATA_KEY, ENTRY

CONTEXT = {"tenant": "a", "é": "ü"}
KEYRING = raw_aes_keyring()


@dataclass
class StaticKeyring:
    """Hands out one key whatever it is asked: what it does not verify, the message must."""

    key: bytes = DATA_KEY
    contexts: list[dict[str, str]] = field(default_factory=list)

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        self.contexts.append(dict(encryption_context))
        provider, info, wrapped = ENTRY
        return self.key, EncryptedDataKey(provider.decode(), info, wrapped)

    def unwrap(
        self,
        encrypted_data_keys: Sequence[EncryptedDataKey],  # noqa: ARG002
        encryption_context: Mapping[str, str],
    ) -> bytes:
        self.contexts.append(dict(encryption_context))
        return self.key


class UnusedKeyring(StaticKeyring):
    """Must not be asked: what is refused with it is refused before any key is used."""

    @property
    def key(self) -> bytes:
        raise AssertionError("a key was asked for")

    @key.setter
    def key(self, key: bytes) -> None:
        """Have none."""


class PiecewiseSource:
    """Hands out a few bytes at a time, and counts the calls."""

    def __init__(self, data: bytes, *, at_most: int = 1) -> None:
        self._file = io.BytesIO(data)
        self._at_most = at_most
        self.calls = 0

    def read(self, size: int, /) -> bytes:
        self.calls += 1
        return self._file.read(min(size, self._at_most))


class BrokenSource:
    """Ends in an OSError instead of an end."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise OSError("the network is gone")
        return data


@dataclass
class PiecewiseSink:
    """Takes as many bytes of each write as it likes."""

    takes: Callable[[int], int | None]
    taken: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes | bytearray | memoryview, /) -> int | None:
        taken = self.takes(len(data))
        self.taken += data if taken is None else data[:taken]
        return taken


class FullSink:
    """Takes so many bytes, and then fails as a full disk does."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.taken = bytearray()

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        if len(self.taken) + len(data) > self._room:
            self.taken += data[: self._room - len(self.taken)]
            raise OSError("no space left on device")
        self.taken += data
        return len(data)


def opened(message: bytes, *, key: bytes = DATA_KEY, uncommitted: bool = False) -> bytes:
    """The plaintext of one of the reference's messages without a context."""
    return decrypt(message, keyring=StaticKeyring(key), encryption_context={}, allow_uncommitted=uncommitted)


def reader_of(message: bytes, *, uncommitted: bool = False) -> MessageReader:
    """A reader of one of the reference's messages without a context."""
    return MessageReader(
        io.BytesIO(message), keyring=StaticKeyring(), encryption_context={}, allow_uncommitted=uncommitted
    )
