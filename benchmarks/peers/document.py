"""docs/benchmarks: prose that people write, tables between markers and plots that a run writes.

`python -m benchmarks.peers.document` writes tables and plots anew from the figures
that are there.
"""

import sys
from pathlib import Path

from benchmarks.marked_tables import filled
from benchmarks.peers.plots import plot
from benchmarks.peers.results import Run, from_json, to_json
from benchmarks.peers.tables import TABLES

FOLDER = Path(__file__).parents[2] / "docs" / "benchmarks"


def page(folder: Path) -> Path:
    """Return where the prose is."""
    return folder / "README.md"


def stored(folder: Path) -> Run:
    """Return the run whose figures are there."""
    return from_json((folder / "results.json").read_text())


def written(text: str, run: Run) -> str:
    """Return the page with the tables of a run; DocumentError if its markers are not theirs."""
    return filled(text, TABLES, run, name="README.md")


def plots(run: Run) -> dict[str, str]:
    """Return the plots by their files' names."""
    return {f"{case.id}.svg": plot(case) for case in run.cases}


def write(folder: Path, run: Run) -> None:
    """Write figures, tables and plots; plots of cases that are no more are removed."""
    text = to_json(run)
    # Tables are of the figures as they are kept, so that they can be made again from them.
    kept = from_json(text)
    new_page, new_plots = written(page(folder).read_text(), kept), plots(kept)
    (folder / "results.json").write_text(text)
    page(folder).write_text(new_page)
    for old in folder.glob("*.svg"):
        if old.name not in new_plots:
            old.unlink()
    for name, drawn in new_plots.items():
        (folder / name).write_text(drawn)


def main() -> int:
    """Write tables and plots from the stored figures."""
    write(FOLDER, stored(FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main())
