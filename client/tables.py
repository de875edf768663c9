"""Tables for people, on standard output: JSON is for programs, and for whoever asks for it."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

# Where there is no terminal whose width could be asked for.
_WIDTH = 200


def wants_json(output: str | None) -> bool:
    """Tell whether JSON is asked for, or nobody reads a table."""
    return (output or ("table" if sys.stdout.isatty() else "json")) == "json"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; the cells are fit for a terminal already."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    show(table)


def show(table: Table, *, width: int = _WIDTH) -> None:
    """Print a table that was made elsewhere, and take nothing in it for markup.

    Parameters
    ----------
    table
        Its cells are fit for a terminal.
    width
        In characters, where there is no terminal.
    """
    chosen = None if sys.stdout.isatty() else width
    _Output(file=sys.stdout, width=chosen, markup=False, highlight=False).print(table)


class _Output(Console):
    """Standard output, whose reader may go away."""

    def on_broken_pipe(self) -> None:
        """Let the command end as after any other output: rich would end it with an exit code of its own."""
        raise BrokenPipeError
