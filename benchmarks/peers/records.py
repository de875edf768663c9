"""Records as the service stores them: one of 500 bytes, and the example records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.item_size import item_size
from service.json_body import parse_record
from service.names import REVISION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE
from service.store import record_key

#: Of eight characters.
TENANT = "acme-inc"
EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
SMALL_RECORD_BYTES = 500
SMALL_RECORD_NAMES = ("name", "born", "street", "city", "phone", "email", "ward", "note")
# "A write capacity unit: one write per second for an item up to 1 KB"; larger items take one for each KB.
WRITE_UNIT_BYTES = 1024

Item = dict[str, dict[str, Any]]


def write_units(size: int) -> int:
    """Return the write units that a put of an item of so many bytes takes."""
    return -(-size // WRITE_UNIT_BYTES)


def small_record() -> Item:
    """Return an item of 500 bytes in all: keys, revision, time, and eight attributes to encrypt."""
    item = _completed({name: {"S": "x"} for name in SMALL_RECORD_NAMES}, record="azwwfmwerfn5w7r3")
    item["note"] = {"S": "x" * (1 + SMALL_RECORD_BYTES - item_size(item))}
    return item


def example_files() -> list[Path]:
    """Return the files of example records."""
    return sorted(EXAMPLES.glob("*.jsonl"))


def examples(file: Path) -> Iterator[Item]:
    """Yield the items of one file of examples."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            # As the client sends it: the text of `data` as it stands, so that no number is rewritten.
            head, _, data = line.rstrip("\n").partition(',"data":')
            yield _completed(parse_record(data.removesuffix("}")), record=head.split('"')[3])


def _completed(data: Item, *, record: str) -> Item:
    """Return a record's data with all that the service adds to it."""
    return {
        **data,
        **record_key(TENANT, record),
        REVISION_ATTRIBUTE: {"S": "0123456789abcdef" * 2},
        UPDATED_AT_ATTRIBUTE: {"S": "2026-01-31T12:34:56.789012Z"},
    }
