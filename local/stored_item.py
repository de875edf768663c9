"""Read the header of a stored item by hand, and exchange its encrypted data key: what an attacker can do.

Independent of the library that writes items, so that the demonstration shows what really lies in the table.
Source: DB-ESDK structured-encryption/header.md.
"""

from dataclasses import dataclass

HEADER, FOOTER = "aws_dbe_head", "aws_dbe_foot"
_FIXED = 2 + 32


def record_context(*, tenant: str, record: str) -> dict[str, str]:
    """Return a record's encryption context, pair by pair."""
    return {
        "aws-crypto-legend": "SS",
        "aws-crypto-partition-name": "tenant",
        "aws-crypto-sort-name": "record",
        "aws-crypto-table-name": "records",
        "aws-crypto-attr.tenant": tenant,
        "aws-crypto-attr.record": record,
    }


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A header's fields; ``before`` and ``after`` are the bytes around its encrypted data keys."""

    version: int
    flavor: int
    legend: str
    provider: str
    key: str
    wrapped_key: bytes
    before: bytes
    data_keys: bytes
    after: bytes


def read_header(stored: bytes) -> StoredHeader:
    """Take a header apart: version, flavor, message id, legend, context, data keys, commitment."""
    place = _FIXED
    legend, place = _text(stored, place)
    pairs = int.from_bytes(stored[place : place + 2])
    place += 2
    for _ in range(2 * pairs):
        _, place = _text(stored, place)
    begin = place
    place += 1
    provider, place = _text(stored, place)
    key, place = _text(stored, place)
    wrapped_key, place = _field(stored, place)
    for _ in range(3 * (stored[begin] - 1)):
        _, place = _field(stored, place)
    return StoredHeader(
        stored[0],
        stored[1],
        legend,
        provider,
        key,
        wrapped_key,
        stored[:begin],
        stored[begin:place],
        stored[place:],
    )


def with_data_keys_of(stored: bytes, other: bytes) -> bytes:
    """Return a header with the encrypted data keys of another one."""
    header = read_header(stored)
    return header.before + read_header(other).data_keys + header.after


def with_a_flipped_bit(stored: bytes) -> bytes:
    """Return the bytes with one bit in their middle turned over."""
    middle = len(stored) // 2
    return stored[:middle] + bytes([stored[middle] ^ 1]) + stored[middle + 1 :]


def _field(stored: bytes, place: int) -> tuple[bytes, int]:
    end = place + 2 + int.from_bytes(stored[place : place + 2])
    return stored[place + 2 : end], end


def _text(stored: bytes, place: int) -> tuple[str, int]:
    field, end = _field(stored, place)
    return field.decode(), end
