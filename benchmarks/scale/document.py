"""docs/scale.md: prose that people write, and tables between markers that this writes."""

from pathlib import Path

from benchmarks.marked_tables import filled
from benchmarks.scale import simulated, tables
from client.costs import load_prices

FILE = Path(__file__).parents[2] / "docs" / "scale.md"
TABLES = {**tables.TABLES, **simulated.TABLES}


def written(page: str) -> str:
    """Return the page with all its tables computed anew; DocumentError if its markers are not theirs."""
    return filled(page, TABLES, load_prices(), name=FILE.name)
