"""docs/formats.md: its worked examples are what the library writes, and what its own tables say.

A reader that was written from the document alone opens them (formats_reader.py), and so does the library.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from client.objectplaces import ObjectPlace
from envelope import IntegrityError, RawAesKeyring, decrypt
from service.store import record_encryptor
from tests.unit.formats_reader import Opened, read_message, read_record

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
BEGIN, END = "<!-- Written by `make formats`", "<!-- End of what `make formats` writes. -->"
TYPES = {"0001": "S", "0002": "N"}

Row = tuple[str, ...]


class Example:
    """The tables of one example, by their first heads."""

    def __init__(self, title: str) -> None:
        self.text = DOCUMENT.partition(f"### {title}\n")[2].partition("\n### ")[0].partition(END)[0]
        lines = self.text.splitlines()
        self.tables: list[list[Row]] = [[]]
        for line in lines:
            if line.startswith("| "):
                self.tables[-1].append(tuple(cell.strip() for cell in line.strip("|").split("|")))
            elif self.tables[-1]:
                self.tables.append([])

    def named(self, head: str) -> dict[str, str]:
        """The last cells of a table by the first, as they stand."""
        return {row[0]: row[-1] for table in self.of(head) for row in table}

    def of(self, head: str) -> list[list[Row]]:
        return [table[2:] for table in self.tables if table and table[0][0] == head]

    def dump(self, number: int) -> bytes:
        """The bytes of a table of fields, which leaves none out."""
        data = b""
        for offset, width, digits, *_ in self.of("offset")[number]:
            assert int(offset) == len(data)
            data += in_bytes(digits)
            assert int(offset) + int(width) == len(data)
        return data

    def keys(self) -> Iterator[tuple[str, bytes]]:
        """Each key, or hash, that the example shows."""
        for head in ("given", "derived", "computed"):
            for name, value in self.named(head).items():
                if re.fullmatch(r"`[0-9a-f ]{24,}`", value):
                    yield name, in_bytes(value)


def in_bytes(digits: str) -> bytes:
    assert re.fullmatch(r"`[0-9a-f ]*`", digits), digits
    return bytes.fromhex(digits.strip("`"))


@pytest.fixture(scope="module")
def message() -> Example:
    return Example("A message")


@pytest.fixture(scope="module")
def record() -> Example:
    return Example("A record")


def keyring(example: Example) -> RawAesKeyring:
    return RawAesKeyring("example", "key-1", in_bytes(example.named("given")["wrapping key"]))


def stored_attributes(example: Example) -> dict[str, tuple[bool, bytes]]:
    """Whether encrypted, and type id with data, by name."""
    stored: dict[str, tuple[bool, bytes]] = {}
    for name, value in example.named("attribute").items():
        kind, _, content = value.partition(" ")
        encrypted = kind == "B"
        data = in_bytes(content) if encrypted else b"\x00\x01" + content.strip("`").encode()
        stored[name.strip("`")] = encrypted, data
    return stored


def opened_message(example: Example) -> Opened:
    return read_message(example.dump(0), in_bytes(example.named("given")["wrapping key"]))


def opened_record(example: Example) -> Opened:
    footer = in_bytes(example.named("computed")["`aws_dbe_foot`"])
    wrapping_key = in_bytes(example.named("given")["wrapping key"])
    return read_record(example.dump(0), footer, stored_attributes(example), wrapping_key)


def stored_item(example: Example) -> dict[str, Any]:
    item: dict[str, Any] = {
        name: {"B": data} if encrypted else {"S": data[2:].decode()}
        for name, (encrypted, data) in stored_attributes(example).items()
    }
    footer = in_bytes(example.named("computed")["`aws_dbe_foot`"])
    return {**item, "aws_dbe_head": {"B": example.dump(0)}, "aws_dbe_foot": {"B": footer}}


def test_the_examples_are_what_the_script_writes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "worked_example.py")],
        env={"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "lambda_src", ROOT))), "LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
    )
    written = DOCUMENT.partition(BEGIN)[2].partition("-->")[2].partition(END)[0]
    assert written.strip() == done.stdout.decode().strip(), "run `make formats`"


def test_a_reader_written_from_the_document_opens_the_message(message: Example) -> None:
    opened = opened_message(message)
    assert opened.plaintext[""].decode() == message.named("given")["plaintext"].strip("`")
    context = re.findall(r"`([^`]*)` = `([^`]*)`", message.named("given")["encryption context"])
    assert opened.context == dict(context)


def test_a_reader_written_from_the_document_opens_the_record(record: Example) -> None:
    opened = opened_record(record)
    told = {key.strip("`"): value.strip("`") for key, value in record.named("key").items()}
    assert opened.context == told
    assert opened.plaintext == {"weight": b"\x00\x0272.5", "diagnosis": b"\x00\x01J45.0"}


def test_every_key_that_the_message_shows_is_the_one_that_opens_it(message: Example) -> None:
    shown = dict(message.keys())
    opened = opened_message(message)
    assert shown.keys() - opened.keys.keys() == {"wrapping key", "wrapping IV", "message id"}
    assert {name: shown[name] for name in opened.keys} == opened.keys


def test_every_key_that_the_record_shows_is_the_one_that_opens_it(record: Example) -> None:
    shown = dict(record.keys())
    opened = opened_record(record)
    assert shown.keys() - opened.keys.keys() == {
        *("wrapping key", "wrapping IV", "message id"),
        "`aws_dbe_foot`",
    }
    assert {name: shown[name] for name in opened.keys} == opened.keys


def test_the_canonical_record_is_as_the_document_shows_it(record: Example) -> None:
    digest = hashlib.sha384(record.dump(0) + record.dump(1)).digest()
    assert digest == in_bytes(record.named("computed")["digest"])


def test_the_library_opens_the_message_for_its_place_and_no_other(message: Example) -> None:
    data, own = message.dump(0), keyring(message)
    context = ObjectPlace(tenant="acme", id="scan-17").context
    plaintext = decrypt(data, keyring=own, encryption_context=context)
    assert plaintext.decode() == message.named("given")["plaintext"].strip("`")
    with pytest.raises(IntegrityError):
        decrypt(data, keyring=own, encryption_context={**context, "object-tenant": "globex"})


def test_the_library_opens_the_record(record: Example) -> None:
    encryptor = record_encryptor(logical_table="records", plaintext_attributes=(), keyring=keyring(record))
    given = record.named("given")
    expected = {
        name.removeprefix("attribute ").strip("`"): json.loads(value.strip("`"))
        for name, value in given.items()
        if name.startswith("attribute ")
    }
    assert encryptor.decrypt(stored_item(record)) == {**expected, "weight": {"N": "72.5"}}


def test_the_pointer_names_the_messages_header(message: Example) -> None:
    pointer = json.loads(message.text.partition("```json\n")[2].partition("\n```")[0])
    fields = message.of("offset")[0]
    end = next(int(row[0]) + int(row[1]) for row in fields if row[3] == "header tag")
    assert pointer == {
        "$object": {
            "key": ObjectPlace(tenant="acme", id="scan-17").key,
            "length": 40,
            "header_sha256": hashlib.sha256(message.dump(0)[:end]).hexdigest(),
        }
    }


def test_no_byte_of_the_message_can_be_changed(message: Example) -> None:
    data, own = message.dump(0), keyring(message)
    for position in range(len(data)):
        changed = bytes([*data[:position], data[position] ^ 1, *data[position + 1 :]])
        with pytest.raises(IntegrityError):
            decrypt(changed, keyring=own, encryption_context={})
        with pytest.raises((AssertionError, InvalidTag, UnicodeDecodeError)):
            read_message(changed, in_bytes(message.named("given")["wrapping key"]))


def test_the_examples_share_a_wrapping_key_and_no_iv_under_it(message: Example, record: Example) -> None:
    given = [example.named("given") for example in (message, record)]
    assert len({each["wrapping key"] for each in given}) == 1
    assert len({each["wrapping IV"] for each in given}) == 2


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT))))
def test_headings_that_the_document_links_to_are_there(anchor: str) -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("test", sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", DOCUMENT))))
def test_tests_that_the_document_names_are_there(test: str) -> None:
    assert (ROOT / test).is_file()
