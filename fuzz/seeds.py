"""Writes the inputs to begin with: one of each kind of message, and of each kind of item header.

python -m fuzz.seeds FOLDER
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from envelope import CryptoAction, ItemEncryptor, encrypt
from fuzz.parsers import ITEM_HEADER, UNCHECKED, UNCOMMITTED, FixedKeyring
from tests.unit.message_reference import ENTRY, V1_SUITES, Message

_CONTEXTS: tuple[dict[str, str], ...] = ({}, {"tenant": "a"}, {"tenant": "a", "é": "ü", "empty": ""})
_SIZES = (0, 1, 9, 10, 11, 35)


def messages() -> Iterator[bytes]:
    """Return what the library writes, and what it only reads."""
    for context in _CONTEXTS:
        for signed in (False, True):
            for size in _SIZES:
                yield encrypt(
                    bytes(size),
                    keyring=FixedKeyring(),
                    encryption_context=context,
                    frame_length=10,
                    signed=signed,
                )
    for suite in (0x0478, 0x0578, *V1_SUITES):
        for frame_length in (0, 10):
            for entries in (1, 2, 5):
                made = Message(suite=suite, frame_length=frame_length, context=_CONTEXTS[-1])
                yield made.but(entries=[ENTRY] * entries).whole()
    made = Message(frame_length=7)
    yield made.whole(made.frame(1, b"7 bytes", iv=bytes(range(12))), made.final_frame(2, b""))


def item_headers() -> Iterator[bytes]:
    """Return the headers of items in both versions and flavors."""
    sign, include = CryptoAction.SIGN_ONLY, CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    for action in (sign, include):
        for flavor in (0, 1):
            encryptor = ItemEncryptor(
                table="records",
                partition_key="tenant",
                sort_key="record",
                actions={"tenant": action, "record": action, "clear": sign},
                keyring=FixedKeyring(),
                flavor=flavor,
            )
            item = {"tenant": {"S": "a"}, "record": {"S": "r"}, "clear": {"N": "1"}, "name": {"S": "n"}}
            yield encryptor.encrypt(item)["aws_dbe_head"]["B"]


def main() -> None:
    """Write a file for each input, named by its SHA-1 as the fuzzer names its own."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    inputs = [
        bytes([mode, 3, 8]) + stored
        for stored in messages()
        for mode in (UNCOMMITTED, UNCOMMITTED | UNCHECKED)
    ]
    inputs += [bytes([ITEM_HEADER, 0, 0]) + stored for stored in item_headers()]
    for data in inputs:
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
