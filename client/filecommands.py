"""The commands `encrypt` and `decrypt`: the messages of `sealed object`, in local files."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from client.awsfailures import told
from client.bytedisplay import byte_display
from client.contenttypes import content_type_of
from client.downloading import decrypt_stream
from client.inputs import STANDARD, Input, open_input
from client.objectplaces import ObjectPlace
from client.objectsource import SequentialReader
from client.objectstore import ObjectStore
from client.output import emit
from client.outputfiles import OutputFile, open_output
from client.problems import Exit, UsageError
from envelope import MessageWriter

SUFFIX = ".sealed"
_CHUNK = 1024 * 1024


def encrypt(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    """Encrypt a file into a message."""
    place = ObjectPlace(arguments.tenant, arguments.object)
    name = arguments.output or _beside(arguments.file, f"{arguments.file}{SUFFIX}")
    with open_input(arguments.file) as source, told(source.name):
        context = place.new_context(
            content_type=content_type_of(arguments.content_type, source), length=source.length
        )
        taken = 0
        with (
            _output(arguments, name) as sink,
            byte_display(name=source.name, total=source.length) as display,
        ):
            writer = MessageWriter(sink, keyring=store.keyring, encryption_context=context)
            with writer:
                while data := source.read(_CHUNK):
                    writer.write(data)
                    taken += len(data)
                    display.advance(len(data))
                source.check_unchanged(taken)
    _report(place, name=name, length=taken)
    return Exit.OK


def decrypt(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    """Decrypt a message into a file."""
    place = ObjectPlace(arguments.tenant, arguments.object)
    name = arguments.output or _beside(arguments.file, _without_suffix(arguments.file))
    with (
        open_input(arguments.file) as source,
        told(source.name),
        _output(arguments, name) as sink,
        byte_display(name=source.name, total=source.length) as display,
    ):
        chunks = SequentialReader(_chunks(source), on_read=display.advance)
        fetched = decrypt_stream(chunks, sink, store=store, place=place)
    _report(place, name=name, length=fetched.length)
    return Exit.OK


def _output(arguments: argparse.Namespace, name: str) -> AbstractContextManager[OutputFile | BinaryIO]:
    if name == STANDARD and sys.stdout.isatty():
        raise UsageError("bytes of any kind would go to the terminal: name a file with --output")
    return open_output(
        name, overwrite=arguments.overwrite, stream_allowed=arguments.output is not None or name == STANDARD
    )


def _beside(file: str, name: str) -> str:
    """Return where output goes that no option names: beside the input, or out where that came in."""
    return STANDARD if file == STANDARD else name


def _without_suffix(file: str) -> str:
    if file != STANDARD and not file.endswith(SUFFIX):
        raise UsageError(f"{file} does not end in {SUFFIX}: say with --output where its plaintext goes")
    return file.removesuffix(SUFFIX)


def _chunks(source: Input) -> Iterator[bytes]:
    while data := source.read(_CHUNK):
        yield data


def _report(place: ObjectPlace, *, name: str, length: int) -> None:
    """Print what was written where; not where that went to standard output itself."""
    if name != STANDARD:
        done = {"tenant": place.tenant, "object": place.id, "length": length, "output": name}
        emit(json.dumps(done))
