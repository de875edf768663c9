"""The encryption context: what a data key is bound to, and how it is written as bytes.

It is not secret. It stands in CloudTrail in clear, so no personal data belongs in it.
"""

from collections.abc import ItemsView, Iterator, KeysView, Mapping
from typing import Any

from .errors import ConfigurationError

MAX_FIELD_LENGTH = 0xFFFF
#: Keys that begin so are the formats' own.
RESERVED_PREFIX = "aws-crypto-"
# A message stores the context behind a 16-bit length that counts the two bytes of the pair count as well.
MAX_SERIALIZED_LENGTH = 0xFFFF - 2


def serialize_pairs(encryption_context: Mapping[str, str]) -> bytes:
    """Return count and pairs, sorted by the UTF-8 bytes of the keys; two zero bytes for an empty context.

    This is the form inside an item's header and footer (DB-ESDK header.md, "Encryption Context").
    """
    # By the method of str itself, and not by one of the object's own: equal texts have equal bytes.
    pairs = sorted([(str.encode(key), str.encode(value)) for key, value in encryption_context.items()])
    parts = [len(pairs).to_bytes(2, "big")]
    for key, value in pairs:
        if len(key) > MAX_FIELD_LENGTH or len(value) > MAX_FIELD_LENGTH:
            raise ConfigurationError("a key or value of the encryption context exceeds 65,535 bytes")
        parts += (len(key).to_bytes(2, "big"), key, len(value).to_bytes(2, "big"), value)
    serialized = b"".join(parts)
    if len(serialized) > MAX_SERIALIZED_LENGTH:
        raise ConfigurationError(
            f"the encryption context takes {len(serialized)} bytes; {MAX_SERIALIZED_LENGTH} are allowed"
        )
    return serialized


def serialize(encryption_context: Mapping[str, str]) -> bytes:
    """Return the context as additional authenticated data of a wrapped key: nothing at all when it is empty.

    ESDK specification, framework/structures.md, "Serialization" of the encryption context.
    """
    if type(encryption_context) is SerializedContext:
        return encryption_context.serialized
    return serialize_pairs(encryption_context) if encryption_context else b""


class SerializedContext(Mapping[str, str]):
    """A context with its bytes, which every key and tag of an item or message is bound to: made once for all.

    Neither can change afterwards, so the bytes are those of the pairs: the pairs are a copy, and there is no
    way to set one. Whoever is given it may take it for any other mapping.

    Parameters
    ----------
    encryption_context
        The pairs.

    Raises
    ------
    ConfigurationError
        They do not fit into a context.
    """

    __slots__ = ("_by_key", "_pairs", "_serialized")

    def __init__(self, encryption_context: Mapping[str, str]) -> None:
        self._by_key = dict(encryption_context)
        self._pairs = serialize_pairs(self._by_key)
        self._serialized = self._pairs if self._by_key else b""

    @property
    def pairs(self) -> bytes:
        """What `serialize_pairs` returns of it."""
        return self._pairs

    @property
    def serialized(self) -> bytes:
        """What `serialize` returns of it."""
        return self._serialized

    def __getitem__(self, key: str) -> str:
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def __repr__(self) -> str:
        """Show what a dict of the pairs shows: a keyring may tell contexts apart by it."""
        return repr(self._by_key)

    def keys(self) -> KeysView[str]:
        """Return the keys."""
        return self._by_key.keys()

    def items(self) -> ItemsView[str, str]:
        """Return keys and values."""
        return self._by_key.items()


def callers_context(encryption_context: Mapping[Any, Any]) -> SerializedContext:
    """Return a copy of a context that a caller gave.

    Raises
    ------
    ConfigurationError
        A key is reserved, a key or value is not text that can be encoded, or all of it is too long.
    """
    pairs = dict(encryption_context)
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ConfigurationError("keys and values of an encryption context are text")
        if key.startswith(RESERVED_PREFIX):
            raise ConfigurationError(
                f"the key {key!r} of the encryption context is reserved: choose one that does not begin with "
                f"{RESERVED_PREFIX!r}"
            )
    try:
        return SerializedContext(pairs)
    except UnicodeEncodeError:
        pass
    # Raised out here: the encoder's exception would carry the text.
    raise ConfigurationError("the encryption context holds half of a character (an unpaired surrogate)")
