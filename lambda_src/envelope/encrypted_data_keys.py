"""How a wrapped key stands in a header, of items and of messages alike: three fields, each behind its length.

Source: ESDK specification, data-format/message-header.md, "Encrypted Data Key Entries".
"""

from .byte_reader import FieldReader
from .errors import ConfigurationError, IntegrityError, LimitExceededError
from .keyring import EncryptedDataKey

_LENGTH_WIDTH = 2
_MAX_FIELD_LENGTH = 0xFFFF
MAX_ENCRYPTED_DATA_KEYS = 5


def serialize_entry(entry: EncryptedDataKey) -> bytes:
    """Return provider id, provider info and ciphertext, each behind its length as u16."""
    return (
        with_length(entry.provider_id.encode())
        + with_length(entry.provider_info)
        + with_length(entry.ciphertext)
    )


def read_entries(
    reader: FieldReader, *, count_width: int, malformed: type[IntegrityError]
) -> tuple[EncryptedDataKey, ...]:
    """Read the number of entries, and the entries.

    Parameters
    ----------
    reader
        At the number.
    count_width
        Bytes of the number: 1 in an item's header, 2 in a message's.
    malformed
        What is raised where there is no entry.

    Raises
    ------
    LimitExceededError
        More than 5 are announced.
    """
    count = reader.unsigned(count_width)
    if count == 0:
        raise malformed("the header has no encrypted data key")
    if count > MAX_ENCRYPTED_DATA_KEYS:
        raise LimitExceededError(
            f"the header has {count} encrypted data keys; {MAX_ENCRYPTED_DATA_KEYS} are accepted"
        )
    return tuple([_read_entry(reader) for _ in range(count)])


def _read_entry(reader: FieldReader) -> EncryptedDataKey:
    """Read what `serialize_entry` wrote; the reader raises where it ends too early."""
    provider_id = reader.text(reader.unsigned(_LENGTH_WIDTH))
    provider_info = reader.take(reader.unsigned(_LENGTH_WIDTH))
    return EncryptedDataKey(provider_id, provider_info, reader.take(reader.unsigned(_LENGTH_WIDTH)))


def with_length(field: bytes) -> bytes:
    """Return a field behind its length as u16."""
    if len(field) > _MAX_FIELD_LENGTH:
        raise ConfigurationError(
            "the keyring's entry does not fit into a header: a field exceeds 65,535 bytes"
        )
    return len(field).to_bytes(_LENGTH_WIDTH, "big") + field
