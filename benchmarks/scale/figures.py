"""Numbers as people read them, and tables in Markdown."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

_TIMES = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"))
_MOST_SECONDS = 100
_SIZES = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def duration(seconds: float) -> str:
    """Two digits that count, in a unit that suits."""
    for unit, name in _TIMES:
        if seconds >= 2 * unit:
            return f"{_two_digits(seconds / unit)} {name}"
    return f"{_two_digits(seconds)} s"


def size(count: int) -> str:
    """Bytes."""
    for unit, name in _SIZES:
        if count >= unit:
            return f"{_two_digits(count / unit)} {name}"
    return f"{count} B"


def money(amount: Decimal) -> str:
    """Dollars; whole ones where there are many."""
    return f"{amount:,.0f}" if amount >= _MOST_SECONDS else f"{amount:,.2f}"


def power(records: int) -> str:
    """Powers of ten as such."""
    text = str(records)
    return f"10^{len(text) - 1}" if text.strip("0") == "1" else f"{records:,}"


def percent(share: float) -> str:
    """Of a whole."""
    return f"{_two_digits(share * 100)} %"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a terminal."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )


def _two_digits(number: float) -> str:
    if number >= _MOST_SECONDS:
        return f"{number:,.0f}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"
