"""S3: a range of an object is read without reading the rest; moto reads all of it, and cuts the range out.

A client that fetches a large object in parts would otherwise wait for the whole object with every part.
"""

import re
from typing import Any

from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")


def install() -> None:
    """Answer requests for a range from a part of what is stored."""
    original = S3Response.get_object

    def get_object(self: S3Response) -> Any:  # noqa: ANN401 - moto's own answer
        if not _is_range(self.headers.get("range", "")):
            return original(self)
        find = self._get_key
        vars(self)["_get_key"] = lambda: _stored(*find())
        try:
            return original(self)
        finally:
            del vars(self)["_get_key"]

    S3Response.get_object = get_object  # type: ignore[method-assign]


def _is_range(asked_for: str) -> bool:
    """Tell whether it is one range from its first byte on: anything else is left to moto, and is rare."""
    found = _RANGE.fullmatch(asked_for)
    return found is not None and (not found[2] or int(found[1]) <= int(found[2]))


def _stored(key: FakeKey, *rest: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return _Unread(key), *rest


class _Unread:
    """A stored object whose content is not read yet."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key
        self.value = _Content(key)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the object has
        return getattr(self._key, name)


class _Content:
    """What moto needs of an object's bytes to cut a range out of them."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key

    def __len__(self) -> int:
        return int(self._key.size)

    def __getitem__(self, wanted: slice) -> bytes:
        start, stop, _ = wanted.indices(len(self))
        with self._key.lock:
            buffer = self._key._value_buffer
            buffer.seek(start)
            found: bytes = buffer.read(max(0, stop - start))
        return found
