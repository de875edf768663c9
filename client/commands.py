"""The four commands on single records and lists: each makes its calls and prints what came back."""

import argparse
import json
from pathlib import Path

from client.api import RecordsApi
from client.importlines import LARGEST_BODY, without_byte_order_mark
from client.jsontext import JsonTextError, compact, elements, members, pretty
from client.output import emit, say
from client.problems import (
    Exit,
    IntegrityFailureError,
    RefusedInputError,
    UnexpectedAnswerError,
    UsageError,
    parsed_or_none,
    printable,
    problem_from,
)
from client.standardstreams import standard_input

_LARGEST_PAGE = 100


def put(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    """Store a record from a file or standard input."""
    body = _content(arguments.file)
    answer = api.put(
        arguments.tenant,
        arguments.record,
        body=body,
        if_match=arguments.if_match,
        if_none_match=arguments.if_none_match,
    )
    emit(answer.text().strip())
    return Exit.OK


def get(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    """Print a record."""
    answer = api.get(arguments.tenant, arguments.record)
    text = answer.text().strip()
    if arguments.include:
        names = {"tenant": arguments.tenant, "record": arguments.record, "revision": answer.revision()}
        text = json.dumps(names, separators=(",", ":"))[:-1] + f',"data":{text}}}'
    emit(pretty(text) if arguments.pretty else text)
    return Exit.OK


def delete(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    """Delete a record."""
    api.delete(arguments.tenant, arguments.record, if_match=arguments.if_match)
    names = {"tenant": arguments.tenant, "record": arguments.record, "deleted": True}
    emit(json.dumps(names, separators=(",", ":")))
    return Exit.OK


def list_records(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    """Print a page of records, or all pages, one record a line."""
    limit: int | None = arguments.limit
    if arguments.all and limit is None:
        limit = _LARGEST_PAGE
    cursor: str | None = arguments.cursor
    unreadable = 0
    while True:
        answer = api.page(arguments.tenant, prefix=arguments.prefix, limit=limit, cursor=cursor)
        records, failed, following = _page(answer.text())
        for record in records:
            emit(compact(record))
        for entry in failed:
            say(_unreadable(entry))
        unreadable += len(failed)
        if following is None or not arguments.all:
            break
        if following == cursor:
            raise UnexpectedAnswerError("the API gave the same cursor twice")
        cursor = following
    if following is not None:
        say(f"more records follow: --all prints them, or go on with --cursor {following}")
    if unreadable:
        raise IntegrityFailureError(f"{unreadable} of the listed records could not be read")
    return Exit.OK


def _content(name: str) -> bytes:
    """Read a record's JSON from a file or, for `-`, standard input, and check it before it is sent."""
    try:
        if name == "-":
            given = standard_input()
            if given.isatty():
                say("reading the record's JSON from the terminal; end it with Ctrl-D")
            raw = given.buffer.read(LARGEST_BODY + 1)
        else:
            with Path(name).open("rb") as stream:
                raw = stream.read(LARGEST_BODY + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_BODY:
        raise RefusedInputError(
            f"the record is larger than {LARGEST_BODY // 2**20} MB; the API takes no such record"
        )
    body = without_byte_order_mark(raw).strip()
    if not body:
        raise RefusedInputError("the record is empty: give a JSON object")
    try:
        members(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RefusedInputError(f"the record is not UTF-8 (byte {error.start + 1})") from None
    except JsonTextError as error:
        raise RefusedInputError(f"the record cannot be stored: {error}") from None
    return body


def _page(text: str) -> tuple[list[str], list[str], str | None]:
    """Return the exact texts of a page's records and failed entries, and the cursor of the next page."""
    try:
        parts = members(text)
        cursor = json.loads(parts.get("cursor", "null"))
        if cursor is not None and not isinstance(cursor, str):
            raise UnexpectedAnswerError(
                "the answer's cursor is not a text: is --endpoint the address of this API?"
            )
        return elements(parts["records"]), elements(parts.get("failed", "[]")), cursor
    except (JsonTextError, KeyError):
        raise UnexpectedAnswerError(
            "the answer is not a page of records: is --endpoint the address of this API?"
        ) from None


def _unreadable(entry: str) -> str:
    """Describe an entry of a page's `failed`."""
    document = parsed_or_none(entry.encode("utf-8"))
    if not isinstance(document, dict):
        return "a record could not be read"
    error = problem_from(document.get("problem")).error()
    return f"record {printable(str(document.get('record')))}: {error.line()}"
