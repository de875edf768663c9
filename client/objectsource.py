"""An object in S3 as a binary file that can be read anywhere: each read is a GET of exactly these bytes.

What must stay true: all reads of one file are of one version of the object, and take no more than was asked
for. A connection that is cut is gone on with from the byte where it broke, a bounded number of times.
"""

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import (
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from client.problems import ConflictError, UnavailableError
from client.retries import RetryPolicy

_CONTENT_RANGE = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]{1,18})")
_CHUNK = 256 * 1024
# How a body ends that was cut; requests that get no answer are repeated by botocore.
_CUT = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, OSError)


class StoredObject(io.RawIOBase):
    """One version of an object.

    Parameters
    ----------
    s3
        A client of S3.
    at, key
        Where the object is: the bucket with its owner, and the object's key.
    version
        A version's id; the newest without one. The version of the first answer is kept.
    retries
        How often, and when, a GET that was cut is gone on with.
    """

    def __init__(
        self,
        s3: Any,  # noqa: ANN401 - botocore's client
        *,
        at: Mapping[str, str],
        key: str,
        version: str | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        super().__init__()
        self._s3 = s3
        self._place = {**at, "Key": key}
        self._retries = retries or RetryPolicy()
        self._position = 0
        self._head: bytes | None = None
        self._size: int | None = None
        #: The version that is read, where the bucket keeps versions.
        self.version: str | None = version
        #: What S3 calls this content.
        self.etag: str | None = None

    def open(self, head: int) -> int:
        """Fetch the first bytes, and with them size and version; return the size in bytes."""
        self._head = b"".join(self.fetch(0, head))
        if self._size is None:
            raise UnavailableError("S3 did not say how large the object is")
        return self._size

    def readable(self) -> bool:
        """Return True: this is a file to read from."""
        return True

    def seekable(self) -> bool:
        """Return True: every read is a request of its own."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, as files do."""
        if self._size is None:
            raise io.UnsupportedOperation("the object was not opened")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return `size` bytes, or fewer only at the object's end."""
        if self._size is None or self._head is None:
            raise io.UnsupportedOperation("the object was not opened")
        left = max(0, self._size - self._position)
        length = left if size < 0 else min(size, left)
        begin, self._position = self._position, self._position + length
        known = self._head[begin : begin + length]
        if len(known) == length:
            return known
        return known + b"".join(self.fetch(begin + len(known), length - len(known)))

    def fetch(self, start: int, length: int) -> Iterator[bytes]:
        """Yield the bytes from `start` on, `length` of them or up to the object's end.

        Safe to call from several threads once the object is open.
        """
        got, attempt = 0, 1
        while True:
            before = got
            try:
                for chunk in self._body(start + got, length - got):
                    got += len(chunk)
                    if got > length:
                        raise UnavailableError("S3 answered with more bytes than were asked for")
                    yield chunk
            except _CUT as error:
                attempt = 1 if got - before >= _CHUNK else attempt
                wait = self._retries.wait_after(attempt)
                if wait is None:
                    raise UnavailableError(
                        f"S3: the connection was cut {attempt} times at byte {start + got}: "
                        f"{type(error).__name__}"
                    ) from error
                attempt += 1
                time.sleep(wait)
            else:
                if got < length and self._size is not None and start + got < self._size:
                    raise UnavailableError("S3 answered with fewer bytes than it announced")
                return

    def _body(self, start: int, length: int) -> Iterator[bytes]:
        condition = {} if self.etag is None else {"IfMatch": self.etag}
        version = {} if self.version is None else {"VersionId": self.version}
        try:
            answer = self._s3.get_object(
                **self._place, **condition, **version, Range=f"bytes={start}-{start + length - 1}"
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "InvalidRange" and start == 0:
                self._size = 0
                return
            if condition and code in {"412", "PreconditionFailed"}:
                raise ConflictError(
                    "the object was replaced while it was read: run the command again"
                ) from None
            raise
        self._note(answer)
        body = answer["Body"]
        try:
            while chunk := body.read(_CHUNK):
                yield chunk
        finally:
            body.close()

    def _note(self, answer: Any) -> None:  # noqa: ANN401 - botocore's answer
        if self.etag is not None:
            return
        found = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
        size = found[1] if found else answer.get("ContentLength")
        if size is None or not answer.get("ETag"):
            raise UnavailableError("S3 did not say how large the object is, and which content it has")
        self._size = int(size)
        self.version = answer.get("VersionId", self.version)
        self.etag = answer["ETag"]


class SequentialReader:
    """Bytes that arrive in pieces, as a source to read from.

    Parameters
    ----------
    chunks
        The pieces.
    on_read
        Is told how many bytes have arrived.
    """

    def __init__(self, chunks: Iterator[bytes], *, on_read: Callable[[int], None] | None = None) -> None:
        self._chunks = chunks
        self._pending = memoryview(b"")
        self._on_read = on_read

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if not self._pending:
            self._pending = memoryview(next(self._chunks, b""))
            if self._on_read is not None:
                self._on_read(len(self._pending))
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken.tobytes()
