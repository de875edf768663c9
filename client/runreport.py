"""How a run's summary, and the list of runs, are printed: a table for people, JSON for programs.

What must stay true: ids of records come from the table and may be anything. JSON is printed in ASCII, and a
table takes no character that steers a terminal.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from client.output import emit
from client.problems import printable
from client.runresults import COUNTS, Document
from client.tables import print_table, show

_LABELS = {
    "seen": "looked at",
    "rewritten": "rewritten",
    "right": "already right",
    "filtered": "not meant",
    "refused": "refused, left as they were",
    "conflicts": "left to others who wrote them",
}


def print_json(document: Mapping[str, Any]) -> None:
    """Print a JSON object, in ASCII."""
    emit(json.dumps(document, separators=(",", ":")))


def print_summary(summary: Document) -> None:
    """Print a summary as tables."""
    counts = _mapping(summary.get("counts"))
    rows = [("run", summary.get("run")), ("state", _state(summary))]
    rows += [("began", summary.get("began")), ("ended", summary.get("ended"))]
    rows.append(("segments", f"{summary.get('segments_done')} of {summary.get('segments')}"))
    for name in COUNTS:
        label = "to rewrite" if name == "rewritten" and summary.get("dry_run") else _LABELS[name]
        rows.append((label, counts.get(name)))
    units, sizes = _mapping(summary.get("units")), _mapping(summary.get("bytes"))
    rows.append(
        (
            "bytes",
            f"{sizes.get('seen')} read, {sizes.get('rewritten')} of records to rewrite"
            if summary.get("dry_run")
            else f"{sizes.get('seen')} read, {sizes.get('rewritten')} written",
        )
    )
    rows.append(("units of the table", f"{units.get('read')} read, {units.get('write')} written"))
    rows.append(("calls of KMS", summary.get("kms_calls")))
    print_pairs(rows)
    refused = [entry for entry in summary.get("refused") or () if isinstance(entry, dict)]
    if refused:
        print_cells(
            ("tenant", "record", "refused because"),
            ([entry.get("tenant"), entry.get("record"), entry.get("reason")] for entry in refused),
        )
    total = summary.get("refused_total")
    if isinstance(total, int) and total > len(refused):
        print_pairs(
            [("more are refused", f"{total - len(refused)}: the run's results in the bucket have all")]
        )


def print_runs(runs: Iterable[Document]) -> None:
    """Print runs as a table."""
    print_cells(
        ("run", "state", "began", "ended", "looked at", "rewritten", "refused"),
        (
            [run.get("run"), _state(run), run.get("began"), run.get("ended")]
            + [_mapping(run.get("counts")).get(name) for name in ("seen", "rewritten", "refused")]
            for run in runs
        ),
    )


def print_pairs(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, _cell(value))
    show(table)


def print_cells(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table of whatever lies in the bucket."""
    print_table(columns, ([_cell(value) for value in row] for row in rows))


def _state(summary: Document) -> str:
    return f"{summary.get('state')}{' (dry run)' if summary.get('dry_run') else ''}"


def _cell(value: object) -> str:
    return "" if value is None else printable(str(value))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
