"""docs/scale.md: prose that people write, and tables between markers that this writes."""

import re
from pathlib import Path

from benchmarks.scale import simulated, tables
from client.costs import load_prices

FILE = Path(__file__).parents[2] / "docs" / "scale.md"
TABLES = {**tables.TABLES, **simulated.TABLES}
_MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class DocumentError(Exception):
    """The document's markers are not those of the tables."""


def written(page: str) -> str:
    """Return the page with all its tables computed anew.

    Raises
    ------
    DocumentError
        A table has no place in it, or a marker no table.
    """
    marked = [match[2] for match in _MARKED.finditer(page)]
    if sorted(marked) != sorted(TABLES):
        wrong = sorted(set(marked) ^ set(TABLES)) or sorted(marked)
        raise DocumentError(f"{FILE.name}: markers and tables differ: {', '.join(wrong)}")
    prices = load_prices()
    return _MARKED.sub(lambda match: f"{match[1]}\n{TABLES[match[2]](prices)}\n{match[3]}", page)
