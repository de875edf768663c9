"""A message's header: who can open it, what it is bound to, how its body is cut, and its own tag.

What must stay true: limits hold while the header is read, before anything it announces is allocated; nothing
of it is relied on, beyond finding the key, before commitment and tag were checked (message_opening.py).
Source: ESDK specification, data-format/message-header.md.
"""

import io
from collections.abc import Mapping
from typing import NamedTuple

from .byte_reader import FieldReader, decode_text
from .byte_streams import ByteSource, read_up_to
from .encrypted_data_keys import read_entries, serialize_entry
from .encryption_context import SerializedContext, serialize
from .errors import ConfigurationError, LimitExceededError, MalformedMessageError, TruncatedMessageError
from .keyring import EncryptedDataKey
from .message_suites import Suite, suite_of

MAX_HEADER_LENGTH = 64 * 1024
MAX_FRAME_LENGTH = 16 * 1024 * 1024
IV_LENGTH = 12
#: Of the header's tag in version 2, where none is stored.
ZERO_IV = bytes(IV_LENGTH)
TAG_LENGTH = 16
_COMMITMENT_LENGTH = 32
_SINGLE_BLOCK, _FRAMED = 1, 2
_TYPE = 0x80  # "customer authenticated encrypted data", the only type of version 1
# How base64 of a message begins: version, (type,) suite.
_IN_BASE64 = (b"AgR4", b"AgV4", b"AYAA", b"AYAB", b"AYAD")


class MessageHeader(NamedTuple):
    """The fields of a header.

    Parameters
    ----------
    suite
        The algorithm suite.
    message_id
        Random; 32 bytes, 16 in version 1.
    encryption_context
        The stored part: pairs that were required of the reader are left out.
    encrypted_data_keys
        1 to 5 entries.
    frame_length
        Bytes of plaintext in every frame but the last; 0 where the body is a single block.
    commitment
        32 bytes; none in version 1.
    """

    suite: Suite
    message_id: bytes
    encryption_context: Mapping[str, str]
    encrypted_data_keys: tuple[EncryptedDataKey, ...]
    frame_length: int
    commitment: bytes

    @property
    def framed(self) -> bool:
        """Whether the body is cut into frames."""
        return self.frame_length > 0


class StoredHeader(NamedTuple):
    """A header as it was read or written.

    Parameters
    ----------
    fields
        What it says.
    body
        The serialized fields, which the tag authenticates.
    iv
        12 bytes; stored in version 1, zero in version 2.
    tag
        16 bytes.
    """

    fields: MessageHeader
    body: bytes
    iv: bytes
    tag: bytes

    @property
    def serialized(self) -> bytes:
        """The whole header, with which the message begins."""
        return self.body + (b"" if self.fields.suite.commits else self.iv) + self.tag


def check_frame_length(frame_length: int) -> None:
    """Raise ConfigurationError unless frames of this length are written."""
    if not 0 < frame_length <= MAX_FRAME_LENGTH:
        raise ConfigurationError(f"frame_length is {frame_length}; from 1 to {MAX_FRAME_LENGTH} is possible")


def serialize_fields(fields: MessageHeader) -> bytes:
    """Return the header body of a framed message of version 2, the only one that is written."""
    context = serialize(fields.encryption_context)
    body = b"".join(
        [
            bytes([fields.suite.version]),
            fields.suite.id_bytes,
            fields.message_id,
            len(context).to_bytes(2, "big"),
            context,
            len(fields.encrypted_data_keys).to_bytes(2, "big"),
            *map(serialize_entry, fields.encrypted_data_keys),
            bytes([_FRAMED]),
            fields.frame_length.to_bytes(4, "big"),
            fields.commitment,
        ]
    )
    if len(body) + TAG_LENGTH > MAX_HEADER_LENGTH:
        raise ConfigurationError(
            f"the header would have {len(body) + TAG_LENGTH} bytes, of which readers accept "
            f"{MAX_HEADER_LENGTH}: give a smaller encryption context"
        )
    return body


def read_header(source: ByteSource, *, asked_for: SerializedContext | None = None) -> StoredHeader:
    """Read a header off the beginning of a message. Nothing is verified but form and limits.

    Parameters
    ----------
    source
        At the first byte of the message.
    asked_for
        The context that the caller will ask for. Where its very bytes are stored they are not parsed: it is
        the header's context itself.

    Raises
    ------
    LimitExceededError
        Longer than 64 KiB, more than 5 encrypted data keys, or frames of more than 16 MiB.
    MalformedMessageError
        Not a message, or not of a kind that is read.
    TruncatedMessageError
        The bytes end within the header.
    """
    if type(source) is not io.BytesIO:
        return _read(_StreamedHeaderReader(source), asked_for)
    # All of the header is at hand: it is read at once, and what was too much is given back.
    begin = source.tell()
    reader = _HeaderReader(source.read(MAX_HEADER_LENGTH))
    try:
        return _read(reader, asked_for)
    finally:
        source.seek(begin + reader.position)


def _read(reader: "_HeaderReader", asked_for: SerializedContext | None) -> StoredHeader:
    version = reader.version()
    if version == 1:
        return _read_version_1(reader, asked_for)
    suite = suite_of(version, reader.unsigned(2))
    message_id = reader.take(suite.message_id_length)
    context = _read_context(reader, asked_for)
    entries = read_entries(reader, count_width=2, malformed=MalformedMessageError)
    framed = _read_content_type(reader)
    frame_length = _read_frame_length(reader, framed=framed)
    commitment = reader.take(_COMMITMENT_LENGTH)
    fields = MessageHeader(suite, message_id, context, entries, frame_length, commitment)
    return StoredHeader(fields, reader.taken(), iv=ZERO_IV, tag=reader.take(TAG_LENGTH))


def _read_version_1(reader: "_HeaderReader", asked_for: SerializedContext | None) -> StoredHeader:
    if reader.unsigned(1) != _TYPE:
        raise MalformedMessageError("the message's type is unknown; 80 is the only one of version 1")
    suite = suite_of(1, reader.unsigned(2))
    message_id = reader.take(suite.message_id_length)
    context = _read_context(reader, asked_for)
    entries = read_entries(reader, count_width=2, malformed=MalformedMessageError)
    framed = _read_content_type(reader)
    if reader.unsigned(4) != 0 or reader.unsigned(1) != IV_LENGTH:
        raise MalformedMessageError("the header's reserved field or its IV length is not the suite's")
    frame_length = _read_frame_length(reader, framed=framed)
    fields = MessageHeader(suite, message_id, context, entries, frame_length, commitment=b"")
    return StoredHeader(fields, reader.taken(), iv=reader.take(IV_LENGTH), tag=reader.take(TAG_LENGTH))


class _HeaderReader:
    """Reads the fields of a header off bytes that are at hand; takes no more than a header may have."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        #: Bytes of the message that were taken.
        self.position = 0

    def version(self) -> int:
        """Take the first byte, after a look at the first four for the mistakes that are most often made."""
        ahead = self.ahead(len(_IN_BASE64[0]))
        if not ahead:
            raise TruncatedMessageError("there are no bytes: an empty file is not a message")
        if ahead in _IN_BASE64:
            raise MalformedMessageError("this is a message in base64: decode it into bytes first")
        version = ahead[0]
        if version not in (1, 2):
            raise MalformedMessageError(
                "this is not a message of the AWS Encryption SDK: it begins with neither 01 nor 02"
            )
        self.position += 1
        return version

    def taken(self) -> bytes:
        """Return all that was taken."""
        return bytes(self._data[: self.position])

    def ahead(self, length: int) -> bytes:
        """Return what there is of the next `length` bytes, without taking it."""
        return bytes(self._data[self.position : self.position + length])

    def take(self, length: int) -> bytes:
        begin, end = self.position, self.position + length
        if end > len(self._data):
            self._get(end)
        self.position = end
        return bytes(self._data[begin:end])

    def unsigned(self, width: int) -> int:
        begin, end = self.position, self.position + width
        if end > len(self._data):
            self._get(end)
        self.position = end
        return int.from_bytes(self._data[begin:end], "big")

    def text(self, length: int) -> str:
        return decode_text(self.take(length), error=MalformedMessageError)

    def _get(self, end: int) -> None:
        """Have the bytes up to `end`, or raise. What is at hand is no more than a header may have."""
        if end > MAX_HEADER_LENGTH:
            raise LimitExceededError(f"the header has more than the {MAX_HEADER_LENGTH} bytes it may have")
        raise TruncatedMessageError("the message ends within its header")


class _StreamedHeaderReader(_HeaderReader):
    """Reads them off a stream, of which it takes no more than it is asked for, and keeps what it read."""

    def __init__(self, source: ByteSource) -> None:
        self._read = bytearray()
        super().__init__(self._read)
        self._source = source

    def ahead(self, length: int) -> bytes:
        self._fill(min(self.position + length, MAX_HEADER_LENGTH))
        return super().ahead(length)

    def _get(self, end: int) -> None:
        if end <= MAX_HEADER_LENGTH:
            self._fill(end)
        if end > len(self._read):
            super()._get(end)

    def _fill(self, end: int) -> None:
        if end > len(self._read):
            self._read += read_up_to(self._source, end - len(self._read))


def _read_context(reader: _HeaderReader, asked_for: SerializedContext | None) -> Mapping[str, str]:
    """Read the context. Its order is left to the writer: the tag covers the bytes as they are."""
    length = reader.unsigned(2)
    if length == 0:
        return {}
    if asked_for is not None:
        expected = asked_for.serialized
        if length == len(expected) and reader.ahead(length) == expected:
            # No other pairs have these bytes.
            reader.take(length)
            return asked_for
    count, used = reader.unsigned(2), 2
    if count == 0:
        raise MalformedMessageError("the stored encryption context is announced, and has no pairs")
    pairs: dict[str, str] = {}
    for _ in range(count):
        key_length = reader.unsigned(2)
        key = reader.text(key_length)
        value_length = reader.unsigned(2)
        if key in pairs:
            raise MalformedMessageError("a key occurs twice in the stored encryption context")
        pairs[key] = reader.text(value_length)
        used += 4 + key_length + value_length
        if used > length:
            break
    if used != length:
        raise MalformedMessageError("the stored encryption context is longer or shorter than announced")
    return pairs


def _read_content_type(reader: FieldReader) -> bool:
    """Return whether the body is framed."""
    content_type = reader.unsigned(1)
    if content_type not in (_SINGLE_BLOCK, _FRAMED):
        raise MalformedMessageError(f"the content type {content_type} is unknown; 1 and 2 are known")
    return content_type == _FRAMED


def _read_frame_length(reader: FieldReader, *, framed: bool) -> int:
    frame_length = reader.unsigned(4)
    if framed != (frame_length > 0):
        raise MalformedMessageError("the frame length does not fit the content type")
    if frame_length > MAX_FRAME_LENGTH:
        raise LimitExceededError(
            f"the frames have {frame_length} bytes; up to {MAX_FRAME_LENGTH} are accepted"
        )
    return frame_length
