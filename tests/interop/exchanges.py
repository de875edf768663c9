"""What one run exchanged with official libraries, counted where it happens."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Group(NamedTuple):
    """Exchanges that make one row of the table.

    Parameters
    ----------
    library
        The official library, as `official_versions` names it.
    what
        Items, messages or branch keys.
    keyring
        What wrapped the data keys.
    form
        The format's variant: header version and flavor, or the algorithm suite.
    written_by_us
        Whether the official library read, or wrote.
    """

    library: str
    what: str
    keyring: str
    form: str
    written_by_us: bool


@dataclass
class Exchanges:
    """How many were read as they were written, and how many forged ones the reader refused."""

    read: Counter[Group] = field(default_factory=Counter)
    refused: Counter[Group] = field(default_factory=Counter)
