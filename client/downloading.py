"""Fetches an object: parts at once into a file, or one after the other into a stream.

What must stay true: nothing is written before its frame was verified; the message is bound to the object's
place, is as long as it says, and is the one that a record means where a record was named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from client.awsfailures import code_of, told
from client.bytedisplay import byte_display
from client.objectplaces import CONTENT_TYPE_KEY, LENGTH_KEY, ObjectPlace, pointer
from client.objectsource import SequentialReader, StoredObject
from client.objectstore import ObjectStore
from client.outputfiles import check_absent, open_output
from client.partdownload import PartDownload
from client.problems import IntegrityFailureError, NotFoundError
from envelope import MessageRangeError, MessageReader
from envelope.byte_streams import ByteSink, write_all
from envelope.message_header import StoredHeader, read_header
from envelope.message_layout import MessageLayout
from envelope.message_opening import open_message
from envelope.message_ranges import range_contents

# The first answer brings the header, whose length nobody knows beforehand.
HEAD = 4096
_FIRST = 64 * 1024
Pointer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched."""

    length: int
    content_type: str | None
    version: str | None
    header: bytes


def opened(
    store: ObjectStore, place: ObjectPlace, *, version: str | None, head: int = _FIRST
) -> tuple[StoredObject, int]:
    """Ask for an object's first bytes; return it with its size."""
    stored = StoredObject(store.s3, at=store.at, key=place.key, version=version)
    try:
        return stored, stored.open(head)
    except ClientError as error:
        if code_of(error) not in {"403", "AccessDenied"}:
            raise
        # Of an object that is absent S3 says so only to whoever may list the whole bucket.
        if version is not None or not store.has(place.key):
            which = "object" if version is None else "version, or it may not be read"
            raise NotFoundError(f"{place.key}: there is no such {which}") from None
    # Listed, it came between the two, or may not be read: the second answer tells.
    return stored, stored.open(head)


def fetch_to_stream(
    store: ObjectStore,
    place: ObjectPlace,
    sink: ByteSink,
    *,
    version: str | None,
    expected: Pointer | None,
) -> Fetched:
    """Write an object's plaintext into a stream, each frame once it is verified."""
    with told(place.key):
        stored, size = opened(store, place, version=version)
        return _fetch_whole(store, place, stored, sink, size=size, expected=expected)


def decrypt_stream(
    source: Any,  # noqa: ANN401 - anything with `read`
    sink: ByteSink,
    *,
    store: ObjectStore,
    place: ObjectPlace,
    expected: Pointer | None = None,
    version: str | None = None,
) -> Fetched:
    """Write the plaintext of a message that is read off a stream into another."""
    reader = MessageReader(source, keyring=store.keyring, encryption_context=place.context)
    check_pointer(reader.header, place=place, expected=expected)
    length = reader.copy_to(sink)
    _check_length(reader.header, length=length, expected=expected)
    return _fetched(reader.header, length=length, version=version)


def fetch_range(
    store: ObjectStore,
    place: ObjectPlace,
    sink: ByteSink,
    *,
    start: int,
    length: int | None,
    verify_end: bool,
    version: str | None,
    expected: Pointer | None,
) -> None:
    """Write a range of an object's plaintext, all of which must be there.

    Without a length it goes up to the end; a negative start counts from there.
    """
    with told(place.key):
        stored, size = opened(store, place, version=version, head=HEAD)
        header = _header(stored)
        check_pointer(header, place=place, expected=expected)
        layout = _layout(header, size=size)
        _check_length(header, length=layout.plaintext_length, expected=expected)
        start, length = _whole_range(start, length, total=layout.plaintext_length)
        for content in range_contents(
            stored,
            start,
            length,
            keyring=store.keyring,
            encryption_context=place.context,
            verify_end=verify_end,
        ):
            write_all(sink, content)


def fetch_to_file(
    store: ObjectStore,
    place: ObjectPlace,
    path: Path,
    *,
    overwrite: bool,
    version: str | None,
    expected: Pointer | None,
    concurrency: int,
    resume: bool,
) -> Fetched:
    """Write an object's plaintext into a file."""
    check_absent(path, overwrite=overwrite)
    with told(place.key):
        stored, size = opened(store, place, version=version)
        header = _header(stored)
        check_pointer(header, place=place, expected=expected)
        if header.fields.suite.signed or not header.fields.framed:
            # It proves itself as a whole only. Other writers make such messages.
            with open_output(str(path), overwrite=overwrite, stream_allowed=False) as output:
                return _fetch_whole(store, place, stored, output, size=size, expected=expected)
        message = open_message(header, keyring=store.keyring, encryption_context=place.context)
        layout = _layout(header, size=size)
        _check_length(header, length=layout.plaintext_length, expected=expected)
        download = PartDownload(stored, message, layout, path, overwrite=overwrite)
        download.run(name=place.id, concurrency=concurrency, resume=resume)
        return _fetched(header, length=layout.plaintext_length, version=stored.version)


def check_pointer(header: StoredHeader, *, place: ObjectPlace, expected: Pointer | None) -> None:
    """Raise IntegrityFailureError where a record points at another message than this one."""
    if expected is None:
        return
    found = pointer(place, length=0, header=header.serialized)["$object"]
    if not isinstance(found, dict) or any(
        found[name] != expected.get(name) for name in ("key", "header_sha256")
    ):
        raise IntegrityFailureError(
            f"{place.key} is not the object that the record points at: it was replaced by another, or an "
            "older, version (--version fetches a given one)"
        )


def _fetch_whole(
    store: ObjectStore,
    place: ObjectPlace,
    stored: StoredObject,
    sink: ByteSink,
    *,
    size: int,
    expected: Pointer | None,
) -> Fetched:
    """Fetch a message from its first byte to its last."""
    with byte_display(name=place.id, total=size) as display:
        return decrypt_stream(
            SequentialReader(stored.fetch(0, size), on_read=display.advance),
            sink,
            store=store,
            place=place,
            expected=expected,
            version=stored.version,
        )


def _header(stored: StoredObject) -> StoredHeader:
    """Read the header; most are in the first bytes, which are here already."""
    stored.seek(0)
    return read_header(SequentialReader(iter(partial(stored.read, HEAD), b"")))


def _layout(header: StoredHeader, *, size: int) -> MessageLayout:
    return MessageLayout.of_message(
        size, header_length=len(header.serialized), frame_length=header.fields.frame_length
    )


def _whole_range(start: int, length: int | None, *, total: int) -> tuple[int, int]:
    """Return where a range begins and how long it is, counted from the object's first byte."""
    if start < 0:
        start, length = total + start, -start
    elif length is None:
        length = total - start
    if start < 0 or length < 1:
        raise MessageRangeError(f"the range is not all there: the object has {total} bytes")
    return start, length


def _check_length(header: StoredHeader, *, length: int, expected: Pointer | None) -> None:
    """Raise IntegrityFailureError where the message is not as long as its context, or a record, says."""
    bound = header.fields.encryption_context.get(LENGTH_KEY)
    if bound is not None and bound != str(length):
        raise IntegrityFailureError(
            f"the message holds {length} bytes, and is bound to {bound}: it was truncated or extended"
        )
    if expected is not None and expected.get("length") != length:
        raise IntegrityFailureError("the object has another length than the record says")


def _fetched(header: StoredHeader, *, length: int, version: str | None) -> Fetched:
    content_type = header.fields.encryption_context.get(CONTENT_TYPE_KEY)
    return Fetched(length, content_type, version, header.serialized)
