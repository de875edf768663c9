"""How a wrapped key stands in a header, of items and of messages alike: three fields, each behind its length.

Source: ESDK specification, data-format/message-header.md, "Encrypted Data Key Entries".
"""

from .byte_reader import FieldReader
from .errors import ConfigurationError
from .keyring import EncryptedDataKey

_LENGTH_WIDTH = 2
_MAX_FIELD_LENGTH = 0xFFFF


def serialize_entry(entry: EncryptedDataKey) -> bytes:
    """Return provider id, provider info and ciphertext, each behind its length as u16."""
    return (
        with_length(entry.provider_id.encode())
        + with_length(entry.provider_info)
        + with_length(entry.ciphertext)
    )


def read_entry(reader: FieldReader) -> EncryptedDataKey:
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
