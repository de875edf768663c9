"""Which streams are measured, and what they go through. Importing it loads no contender."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from benchmarks.peers import names

if TYPE_CHECKING:
    from benchmarks.peers.stream_ciphers import StreamCipher

MIB = 1024 * 1024
STREAM_MIB = 64
#: The frame length that the targets are of; ours unless another is asked for.
TARGET_FRAME = 64 * 1024
FRAMES = {4 * 1024: "4 KiB", TARGET_FRAME: "64 KiB", MIB: "1 MiB"}

_CLASSES = {
    names.BARE: ("stream_ciphers", "BareStream"),
    names.MESSAGE_RAW: ("stream_ciphers", "OurStream"),
    names.STREAM_ITERATED: ("stream_official", "OfficialStream"),
    names.STREAM_FRAMES: ("stream_official", "OfficialStreamOfFrames"),
}
#: In the order of the tables.
CONTENDERS = tuple(_CLASSES)


def loaded(name: str) -> "Callable[[int], StreamCipher]":
    """Import a contender and all that it needs; return what makes it for a frame length."""
    module, class_name = _CLASSES[name]
    kind = getattr(importlib.import_module(f"benchmarks.peers.{module}"), class_name)
    return cast("Callable[[int], StreamCipher]", kind)
