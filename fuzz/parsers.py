"""What is done with one input: every parser of messages and of item headers, held against one another.

What must stay true: nothing but an `EnvelopeError` comes out of a parser, and all ways to read agree. No
fuzzer is needed here: the tests put the kept inputs through this too.
"""

import hmac
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType

from cryptography.exceptions import InvalidTag

from envelope import (
    EncryptedDataKey,
    EnvelopeError,
    MessageReader,
    SignatureError,
    decrypt,
    message_body,
    message_frames,
    message_opening,
    read_range,
)
from envelope.item_header import parse_header, serialize_header
from envelope.message_header import read_header

#: Before the message: what is to be done with it, and two numbers for that.
PREFIX_LENGTH = 3
#: In the first byte.
ITEM_HEADER, UNCHECKED, UNCOMMITTED = 1, 2, 4
DATA_KEY = bytes(range(100, 132))
_TAG_LENGTH = 16


class DisagreementError(Exception):
    """Two ways to read the same bytes gave different answers."""


class FixedKeyring:
    """Returns one key for everything, so that the parsers are reached."""

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        """Return the key."""
        del encryption_context
        return DATA_KEY, EncryptedDataKey("tests", b"static", b"wrapped")

    def unwrap(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Mapping[str, str]
    ) -> bytes:
        """Return the key."""
        del encrypted_data_keys, encryption_context
        return DATA_KEY


class _Unchecked:
    """In place of AES-GCM: no fuzzer finds a tag. It fails where the tag begins with ff."""

    def __init__(self, key: bytes) -> None:
        del key

    def decrypt(self, iv: bytes, data: bytes | memoryview, aad: bytes) -> bytes:
        del iv, aad
        if len(data) < _TAG_LENGTH or data[-_TAG_LENGTH] == 0xFF:
            raise InvalidTag
        return bytes(data[:-_TAG_LENGTH])


def _unchecked_signature(signature: bytes, *, digest: bytes, public_key_text: str) -> None:
    del digest, public_key_text
    if signature[:1] == b"\xff":
        raise SignatureError("the signature in the footer does not verify")


class _AllEqual:
    """In place of the module hmac: every commitment fits."""

    compare_digest = staticmethod(lambda first, second: len(first) == len(second))
    digest = hmac.digest


@contextmanager
def unchecked() -> Iterator[None]:
    """Take cryptography out of the reader's way, and leave the parsers as they are."""
    replaced: list[tuple[ModuleType, str, object]] = [
        (message_opening, "hmac", _AllEqual),
        (message_frames, "AESGCM", _Unchecked),
        (message_body, "verify_signed_digest", _unchecked_signature),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in replaced]
    for module, name, value in replaced:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def parse(data: bytes) -> None:
    """Put one input through the parsers that its first byte names.

    Raises
    ------
    DisagreementError
        Two ways to read gave different answers. Anything else that comes out is a defect as well.
    """
    if len(data) < PREFIX_LENGTH:
        return
    mode, first, second = data[:PREFIX_LENGTH]
    stored = data[PREFIX_LENGTH:]
    if mode & ITEM_HEADER:
        _parse_item_header(stored)
        return
    with unchecked() if mode & UNCHECKED else nullcontext():
        _parse_message(stored, first, second, allow_uncommitted=bool(mode & UNCOMMITTED))


def _parse_item_header(stored: bytes) -> None:
    try:
        header = parse_header(stored)
    except EnvelopeError:
        return
    if serialize_header(header) != stored[:-32]:
        raise DisagreementError("an item header is not what it was parsed from")


def _parse_message(stored: bytes, first: int, second: int, *, allow_uncommitted: bool) -> None:
    header = _outcome(lambda: read_header(io.BytesIO(stored)).serialized)
    if header is not None and not stored.startswith(header):
        raise DisagreementError("a header is not what it was read from")
    whole = _outcome(
        lambda: decrypt(
            stored, keyring=FixedKeyring(), encryption_context={}, allow_uncommitted=allow_uncommitted
        )
    )
    if header is None and whole is not None:
        raise DisagreementError("a message opens whose header cannot be read")
    streamed = _outcome(
        lambda: _streamed(stored, at_most=1 + first % 50, allow_uncommitted=allow_uncommitted)
    )
    if streamed != whole:
        raise DisagreementError("a message is read otherwise as a stream than as a whole")
    part = _range(stored, first, second)
    if part is not None and whole is not None and part != whole[first : first + second]:
        raise DisagreementError("a range is not the slice of the whole")


def _outcome(read: Callable[[], bytes]) -> bytes | None:
    try:
        return read()
    except EnvelopeError:
        return None


class _Pieces(io.BytesIO):
    def __init__(self, data: bytes, *, at_most: int) -> None:
        super().__init__(data)
        self._at_most = at_most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._at_most if size is None or size < 0 else min(size, self._at_most))


def _streamed(stored: bytes, *, at_most: int, allow_uncommitted: bool) -> bytes:
    reader = MessageReader(
        _Pieces(stored, at_most=at_most),
        keyring=FixedKeyring(),
        encryption_context={},
        allow_uncommitted=allow_uncommitted,
    )
    content = b""
    try:
        while part := reader.read(at_most):
            content += part
    except EnvelopeError as failure:
        _raises_again(reader, failure)
        raise
    return content


def _raises_again(reader: MessageReader, failure: EnvelopeError) -> None:
    try:
        reader.read(1)
    except EnvelopeError as again:
        if again is failure:
            return
    raise DisagreementError("a reader went on after an error")


def _range(stored: bytes, start: int, length: int) -> bytes | None:
    def read(*, verify_end: bool) -> bytes | None:
        try:
            return read_range(
                io.BytesIO(stored),
                start,
                length,
                keyring=FixedKeyring(),
                encryption_context={},
                verify_end=verify_end,
            )
        except EnvelopeError:
            return None

    part, checked = read(verify_end=False), read(verify_end=True)
    if checked is not None and (checked != part or len(checked) != length):
        raise DisagreementError("a range differs where its end is verified")
    return part
