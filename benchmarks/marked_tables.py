"""Documents of prose that people write, and of tables between markers that a command writes."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

_MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Figures = TypeVar("Figures")


class DocumentError(Exception):
    """The document's markers are not those of the tables."""


def filled(text: str, tables: Mapping[str, Callable[[Figures], str]], figures: Figures, *, name: str) -> str:
    """Return a document with all its tables written anew from these figures.

    Raises
    ------
    DocumentError
        A table has no place in it, or a marker no table.
    """
    marked = [match[2] for match in _MARKED.finditer(text)]
    if sorted(marked) != sorted(tables):
        wrong = sorted(set(marked) ^ set(tables)) or sorted(marked)
        raise DocumentError(f"{name}: markers and tables differ: {', '.join(wrong)}")
    return _MARKED.sub(lambda match: f"{match[1]}\n{tables[match[2]](figures)}\n{match[3]}", text)
