"""The example records: read from their files, imported with the `sealed` command."""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from local.sealed import sealed

TENANT = "acme"
FILES = sorted((ROOT / "examples" / "data").glob("*.jsonl"))
# Texts of the examples that are long enough not to occur by chance, and how many of them are looked for.
_MARKER_LENGTH, _MARKERS = 12, 400

Records = dict[str, Any]


def read(files: Iterable[Path] = FILES) -> Records:
    """Return the records of these files by their ids; numbers keep their exact value."""
    records: Records = {}
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            records[entry["record"]] = entry["data"]
    return records


def import_file(aws: EmbeddedAws, path: Path) -> dict[str, int]:
    """Import a file with the client's own command, and return its summary."""
    with tempfile.TemporaryDirectory() as folder:
        progress = ("--progress-file", str(Path(folder) / "progress"))
        said = sealed(aws, "import", str(path), "--tenant", TENANT, *progress, caller=TENANT)
    if said.code != 0:
        print(said.errors, file=sys.stderr)
    summary: dict[str, int] = json.loads(said.output.strip().splitlines()[-1]) if said.output.strip() else {}
    return summary


def markers(records: Records) -> list[str]:
    """Return texts of the records that would be found where they lay in clear."""
    texts = sorted({text for data in records.values() for text in _texts(data)}, key=len)
    return texts[:: max(1, len(texts) // _MARKERS)]


def _texts(value: object) -> Iterator[str]:
    """Yield every long text in a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and len(value) >= _MARKER_LENGTH:
        yield value
