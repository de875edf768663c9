"""The commands of `sealed object`: in which session they work, and what they print."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from client import filecommands
from client.awsfailures import told
from client.connecting import records_api
from client.contenttypes import content_type_of
from client.downloading import Fetched, Pointer, fetch_range, fetch_to_file, fetch_to_stream
from client.inputs import STANDARD, open_input
from client.objectplaces import POINTER, ObjectPlace, prefix_of
from client.objectstore import ObjectStore, open_store, settings_from
from client.output import emit
from client.outputfiles import is_stream, open_output
from client.problems import Exit, NotFoundError, UsageError
from client.uploading import store_object


def run(arguments: argparse.Namespace) -> Exit:
    """Run one of the commands that work in a session of the role object-client."""
    store = open_store(
        settings_from(os.environ),
        tenant=arguments.tenant,
        region=arguments.region,
        profile=arguments.profile,
        timeout=arguments.timeout,
        connections=getattr(arguments, "concurrency", 1),
    )
    if arguments.command == "encrypt":
        return filecommands.encrypt(arguments, store=store)
    if arguments.command == "decrypt":
        return filecommands.decrypt(arguments, store=store)
    commands = {"put": _put, "get": _get, "cat": _cat, "list": _list, "delete": _delete}
    return commands[arguments.object_command](arguments, store=store)


def _put(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    place = ObjectPlace(arguments.tenant, arguments.object)
    with open_input(arguments.file) as source:
        stored = store_object(
            store,
            place,
            source,
            content_type=content_type_of(arguments.content_type, source),
            replace=arguments.replace,
            concurrency=arguments.concurrency,
            resume=arguments.resume,
        )
    _print(stored.summary(place))
    return Exit.OK


def _get(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    place = ObjectPlace(arguments.tenant, arguments.object)
    expected = _expected(arguments, place)
    output = arguments.output or place.id
    if arguments.output is not None and is_stream(output):
        _refuse_terminal(output)
        with open_output(output, overwrite=False) as sink:
            fetched = fetch_to_stream(store, place, sink, version=arguments.version, expected=expected)
        if output != STANDARD:
            _print(_summary(place, fetched, output=output))
        return Exit.OK
    path = Path(output)
    fetched = fetch_to_file(
        store,
        place,
        path,
        overwrite=arguments.overwrite,
        version=arguments.version,
        expected=expected,
        concurrency=arguments.concurrency,
        resume=arguments.resume,
    )
    _print(_summary(place, fetched, output=str(path)))
    return Exit.OK


def _cat(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    place = ObjectPlace(arguments.tenant, arguments.object)
    expected, sink = _expected(arguments, place), sys.stdout.buffer
    if arguments.range is None:
        fetch_to_stream(store, place, sink, version=arguments.version, expected=expected)
    else:
        start, length = arguments.range
        fetch_range(
            store,
            place,
            sink,
            start=start,
            length=length,
            verify_end=arguments.verify_end,
            version=arguments.version,
            expected=expected,
        )
    sink.flush()
    return Exit.OK


def _list(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    prefix = prefix_of(arguments.tenant)
    with told(f"objects of {arguments.tenant}"):
        pages = store.s3.get_paginator("list_objects_v2").paginate(
            **store.at, Prefix=prefix + (arguments.prefix or "")
        )
        for page in pages:
            for found in page.get("Contents", ()):
                _print(
                    {
                        "object": found["Key"].removeprefix(prefix),
                        "stored_bytes": found["Size"],
                        "modified": found["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    }
                )
    return Exit.OK


def _delete(arguments: argparse.Namespace, *, store: ObjectStore) -> Exit:
    place = ObjectPlace(arguments.tenant, arguments.object)
    with told(place.key):
        if not store.has(place.key):
            raise NotFoundError(f"{place.key}: there is no such object")
        answer = store.s3.delete_object(**store.at, Key=place.key)
    _print(
        {
            "tenant": place.tenant,
            "object": place.id,
            "deleted": True,
            "delete_marker": answer.get("VersionId"),
        }
    )
    return Exit.OK


def _expected(arguments: argparse.Namespace, place: ObjectPlace) -> Pointer | None:
    """Return what a record says of the object, where the command names a record."""
    if arguments.record is None:
        return None
    api, _ = records_api(arguments)
    try:
        record = json.loads(api.get(place.tenant, arguments.record).text())
    finally:
        api.close()
    found = _pointer_to(place.key, within=record)
    if found is None:
        raise NotFoundError(f"the record {arguments.record} does not point at {place.key}")
    return found


def _pointer_to(key: str, *, within: Any) -> Pointer | None:  # noqa: ANN401 - parsed JSON
    """Return the pointer to this key in a record, however deep it stands."""
    if isinstance(within, dict):
        pointer = within.get(POINTER)
        if isinstance(pointer, dict) and pointer.get("key") == key:
            return pointer
        within = list(within.values())
    if isinstance(within, list):
        return next(filter(None, (_pointer_to(key, within=entry) for entry in within)), None)
    return None


def _refuse_terminal(output: str) -> None:
    if output == STANDARD and sys.stdout.isatty():
        raise UsageError("plaintext of any kind would go to the terminal: name a file, or use `object cat`")


def _summary(place: ObjectPlace, fetched: Fetched, *, output: str) -> dict[str, Any]:
    return {
        "tenant": place.tenant,
        "object": place.id,
        "length": fetched.length,
        "content_type": fetched.content_type,
        "version": fetched.version,
        "output": output,
    }


def _print(document: dict[str, Any]) -> None:
    # In ASCII: what others stored could hold what steers a terminal.
    emit(json.dumps(document, separators=(",", ":")))
