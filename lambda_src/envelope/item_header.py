"""The item's header, attribute aws_dbe_head: which keys, which actions, and the commitment to both.

What must stay true: limits are checked before anything is parsed further, and the commitment is compared in
constant time before any field of the header is relied on beyond finding the key.
Source: DB-ESDK structured-encryption/header.md.
"""

import hmac
from collections.abc import Mapping
from typing import NamedTuple

from .byte_reader import ByteReader
from .encrypted_data_keys import read_entries, serialize_entry, with_length
from .encryption_context import serialize_pairs
from .errors import CommitmentError, LimitExceededError, MalformedItemError
from .keyring import EncryptedDataKey

MAX_HEADER_LENGTH = 64 * 1024
MESSAGE_ID_LENGTH = 32
COMMITMENT_LENGTH = 32
VERSIONS = (1, 2)
FLAVOR_UNSIGNED, FLAVOR_ECDSA = 0, 1
FLAVORS = (FLAVOR_UNSIGNED, FLAVOR_ECDSA)
_LEGEND_LETTERS = frozenset("esc")


class ItemHeader(NamedTuple):
    """The fields of a header before its commitment.

    Parameters
    ----------
    version
        1, or 2 as soon as one attribute is in the encryption context.
    flavor
        Second byte of the algorithm suite: 0 is suite 6700, 1 is suite 6701, which adds an ECDSA signature.
    message_id
        32 random bytes.
    legend
        One letter per signed attribute, in the order of their canonical paths.
    encryption_context
        The stored part; what the reader rebuilds by itself is not stored.
    encrypted_data_keys
        1 to 5 entries.
    """

    version: int
    flavor: int
    message_id: bytes
    legend: str
    encryption_context: Mapping[str, str]
    encrypted_data_keys: tuple[EncryptedDataKey, ...]


def serialize_header(header: ItemHeader) -> bytes:
    """Return the partial header: everything but the commitment."""
    parts = [
        bytes([header.version, header.flavor]),
        header.message_id,
        with_length(header.legend.encode("ascii")),
        serialize_pairs(header.encryption_context),
        bytes([len(header.encrypted_data_keys)]),
    ]
    parts += map(serialize_entry, header.encrypted_data_keys)
    return b"".join(parts)


def parse_header(stored: bytes) -> ItemHeader:
    """Return the fields of a stored header. Nothing is verified but form and limits.

    Raises
    ------
    LimitExceededError
        Longer than 64 KiB, or more than 5 encrypted data keys.
    MalformedItemError
        Not in the format.
    """
    if len(stored) > MAX_HEADER_LENGTH:
        raise LimitExceededError(f"the header has {len(stored)} bytes; {MAX_HEADER_LENGTH} are accepted")
    reader = ByteReader(stored)
    version, flavor = reader.take(2)
    if version not in VERSIONS:
        raise MalformedItemError(f"unknown header version {version}; 1 and 2 are known")
    if flavor not in FLAVORS:
        raise MalformedItemError(f"unknown header flavor {flavor}; 0 and 1 are known")
    message_id = reader.take(MESSAGE_ID_LENGTH)
    legend = reader.text(reader.unsigned(2))
    if not _LEGEND_LETTERS.issuperset(legend):
        raise MalformedItemError("the header's legend has an unknown letter")
    encryption_context = _read_encryption_context(reader)
    encrypted_data_keys = read_entries(reader, count_width=1, malformed=MalformedItemError)
    if reader.remaining != COMMITMENT_LENGTH:
        raise MalformedItemError("the header is longer or shorter than its fields")
    return ItemHeader(version, flavor, message_id, legend, encryption_context, encrypted_data_keys)


def commitment(partial_header: bytes, *, commit_key: bytes) -> bytes:
    """Return the 32 bytes that bind the data key to the whole partial header.

    The specification says HMAC-SHA384; every implementation uses HMAC-SHA512, and so do the official vectors.
    """
    return hmac.digest(commit_key, partial_header, "sha512")[:COMMITMENT_LENGTH]


def verify_commitment(stored: bytes, *, commit_key: bytes) -> None:
    """Raise CommitmentError unless the stored header commits to this key's data key and to its own fields."""
    partial_header, stored_commitment = stored[:-COMMITMENT_LENGTH], stored[-COMMITMENT_LENGTH:]
    expected = commitment(partial_header, commit_key=commit_key)
    if not hmac.compare_digest(stored_commitment, expected):
        raise CommitmentError("the header does not commit to the data key that was unwrapped")


def _read_encryption_context(reader: ByteReader) -> dict[str, str]:
    pairs: dict[str, str] = {}
    previous: bytes | None = None
    for _ in range(reader.unsigned(2)):
        encoded_key = reader.take(reader.unsigned(2))
        if previous is not None and encoded_key <= previous:
            raise MalformedItemError("the keys of the stored encryption context are not in order")
        previous = encoded_key
        pairs[ByteReader(encoded_key).text(len(encoded_key))] = reader.text(reader.unsigned(2))
    return pairs
