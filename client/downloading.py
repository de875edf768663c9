"""Fetches an object: parts at once into a file, or one after the other into a stream.

What must stay true: nothing is written before its frame was verified, and the file bears its name only when
all frames are there, the last among them. An interrupted download is gone on with only if object, header and
length are what they were.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from client.awsfailures import code_of, told
from client.boundedwork import done_at_once
from client.bytedisplay import ByteDisplay, byte_display
from client.objectplaces import CONTENT_TYPE_KEY, LENGTH_KEY, ObjectPlace, pointer
from client.objectsource import SequentialReader, StoredObject
from client.objectstore import ObjectStore
from client.output import say
from client.outputfiles import OutputFile, check_absent
from client.problems import IntegrityFailureError, NotFoundError, UnavailableError
from client.transferlog import TransferLog, is_proof, proof_of, proof_of_digest
from envelope import KeyServiceError, MessageReader
from envelope.byte_streams import ByteSink, read_up_to, write_all
from envelope.message_header import StoredHeader, read_header
from envelope.message_layout import MessageLayout
from envelope.message_opening import OpenMessage, open_message
from envelope.message_ranges import decrypt_frame, range_contents

# The first answer brings the header, whose length nobody knows beforehand.
HEAD = 4096
_FIRST = 64 * 1024
_PART = 5 * 1024 * 1024
_IN_MEMORY = 16 * 1024 * 1024
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
        # Of an object that is absent S3 says so only to whoever may list the whole bucket.
        if code_of(error) in {"403", "AccessDenied"} and version is None and not store.has(place.key):
            raise NotFoundError(f"{place.key}: there is no such object") from None
        raise


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
        with byte_display(name=place.id, total=size) as display:
            return decrypt_stream(
                SequentialReader(stored.fetch(0, size), on_read=display.advance),
                sink,
                store=store,
                place=place,
                expected=expected,
                version=stored.version,
            )


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
    length = 0
    for content in reader.frames():
        write_all(sink, content)
        length += len(content)
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
    """Write a range of an object's plaintext.

    Without a length it goes up to the end; a negative start counts from there.
    """
    with told(place.key):
        stored, size = opened(store, place, version=version, head=HEAD)
        header = _header(stored)
        check_pointer(header, place=place, expected=expected)
        layout = _layout(header, size=size)
        _check_length(header, length=layout.plaintext_length, expected=expected)
        if start < 0:
            start, length = max(0, layout.plaintext_length + start), None
        if length is None:
            length = layout.plaintext_length - start
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
        message = open_message(header, keyring=store.keyring, encryption_context=place.context)
        if header.fields.suite.signed or not header.fields.framed:
            return _fetch_whole(store, place, stored, path, size=size, overwrite=overwrite, expected=expected)
        layout = _layout(header, size=size)
        _check_length(header, length=layout.plaintext_length, expected=expected)
        download = _Download(stored, message, layout, path, overwrite=overwrite)
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
    path: Path,
    *,
    size: int,
    overwrite: bool,
    expected: Pointer | None,
) -> Fetched:
    """Fetch a message that proves itself as a whole only, as other writers may make them."""
    output = OutputFile(path, overwrite=overwrite)
    try:
        with byte_display(name=place.id, total=size) as display:
            fetched = decrypt_stream(
                SequentialReader(stored.fetch(0, size), on_read=display.advance),
                output,
                store=store,
                place=place,
                expected=expected,
                version=stored.version,
            )
        output.finish()
    except BaseException:
        output.discard()
        raise
    return fetched


class _Download:
    """A download into a file, in parts of whole frames."""

    def __init__(
        self,
        stored: StoredObject,
        message: OpenMessage,
        layout: MessageLayout,
        path: Path,
        *,
        overwrite: bool,
    ) -> None:
        self._stored = stored
        self._message = message
        self._layout = layout
        self._path = path
        self._overwrite = overwrite
        self._key = message.frames.local_key()
        # Parts have about as many bytes whoever wrote the message: frames may be as short as one byte.
        self._frames = max(1, _PART // layout.frame_length)
        self._plaintext = self._frames * layout.frame_length
        self._parts = layout.regular_frames // self._frames + 1

    def run(self, *, name: str, concurrency: int, resume: bool) -> None:
        """Fetch the parts that are missing, and give the file its name."""
        log = TransferLog(self._path.with_name(f".{self._path.name}.download"), identity=self._identity())
        try:
            going_on = resume and log.state is not None
            output = OutputFile(self._path, overwrite=self._overwrite, keep=going_on)
        except BaseException:
            log.close() if log.state is not None else log.remove()
            raise
        try:
            if not going_on:
                log.begin({})
            with output.failures():
                output.stream.truncate(self._layout.plaintext_length)
            with byte_display(name=name, total=self._layout.plaintext_length) as display:
                done = self._proven(output, log, display=display)
                self._fetch(output, log, done=done, concurrency=concurrency, display=display)
            output.sync()
            # Before the file gets its name: a log beside a complete file would be nobody's to remove.
            log.remove()
            output.finish()
        except (KeyboardInterrupt, Exception) as error:
            self._given_up(output, log, error=error)
            raise

    def _identity(self) -> dict[str, Any]:
        header = self._message.header.serialized
        return {
            "etag": self._stored.etag,
            "version": self._stored.version,
            "header_sha256": hashlib.sha256(header).hexdigest(),
            "length": self._layout.plaintext_length,
            "frames": self._frames,
        }

    def _proven(self, output: OutputFile, log: TransferLog, *, display: ByteDisplay) -> set[int]:
        """Return the parts that an interrupted download wrote and that are still what was verified.

        The log is not believed that a part is there: its content is read again, and must have the code that
        only a holder of the message's data key can have made.
        """
        done: set[int] = set()
        for entry in log.entries:
            part = entry.get("part")
            if not isinstance(part, int) or not 0 <= part < self._parts:
                continue
            content = output.read_at(part * self._plaintext, self._length_of(part))
            if is_proof(entry.get("proof"), proof_of(content, number=part, key=self._key)):
                done.add(part)
                display.advance(len(content))
        if done:
            say(f"going on with an interrupted download: {len(done)} parts are here")
        return done

    def _fetch(
        self, output: OutputFile, log: TransferLog, *, done: set[int], concurrency: int, display: ByteDisplay
    ) -> None:
        """Fetch what is missing; log a part when it is on the disk."""
        missing = (partial(self._fetch_part, output, part) for part in range(self._parts) if part not in done)
        # Each of them holds a frame or two, which others may have made as long as 16 MiB.
        at_once = min(concurrency, max(1, _IN_MEMORY // self._layout.frame_length))
        for part, proof in done_at_once(missing, limit=at_once):
            output.sync()
            log.append({"part": part, "proof": proof})
            display.advance(self._length_of(part))

    def _fetch_part(self, output: OutputFile, part: int) -> tuple[int, str]:
        """Fetch, verify and write the frames of a part, one after the other; return its number and code."""
        layout = self._layout
        first, last = self._frames_of(part)
        begin = layout.offset(first)
        source = SequentialReader(self._stored.fetch(begin, layout.end(last) - begin))
        digest = hashlib.sha256()
        for index in range(first, last + 1):
            frame = read_up_to(source, layout.end(index) - layout.offset(index))
            content = decrypt_frame(frame, index, layout=layout, cipher=self._message.frames)
            output.write_at(index * layout.frame_length, content)
            digest.update(content)
        return part, proof_of_digest(digest.digest(), number=part, key=self._key)

    def _frames_of(self, part: int) -> tuple[int, int]:
        first = part * self._frames
        return first, min(first + self._frames - 1, self._layout.regular_frames)

    def _length_of(self, part: int) -> int:
        first, last = self._frames_of(part)
        end = min((last + 1) * self._layout.frame_length, self._layout.plaintext_length)
        return end - first * self._layout.frame_length

    def _given_up(self, output: OutputFile, log: TransferLog, *, error: BaseException) -> None:
        """Leave what can be gone on with; take away what cannot, or must not."""
        if isinstance(
            error, KeyboardInterrupt | UnavailableError | BotoCoreError | ClientError | KeyServiceError
        ):
            say(f"to go on with the download: run the same command again (so far: {output.part_path})")
            output.leave()
            log.close()
            return
        output.discard()
        log.remove()


def _header(stored: StoredObject) -> StoredHeader:
    """Read the header; most are in the first bytes, which are here already."""
    stored.seek(0)
    return read_header(SequentialReader(iter(partial(stored.read, HEAD), b"")))


def _layout(header: StoredHeader, *, size: int) -> MessageLayout:
    return MessageLayout.of_message(
        size, header_length=len(header.serialized), frame_length=header.fields.frame_length
    )


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
