"""The standard streams where one of them was closed before `sealed` began (`<&-`, `>&-`, `2>&-`).

Python has None in place of such a stream, and the system gives its number to the next file that is opened.
"""

import os
import sys
from pathlib import Path
from typing import TextIO

from client.problems import UsageError


def prepare_outputs() -> None:
    """Drop messages that nobody can read, and refuse to do work whose result cannot be printed.

    Raises
    ------
    UsageError
        Standard output is closed.
    """
    if sys.stderr is None:
        # Otherwise Python would print messages on standard output, among the content.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        raise UsageError("standard output is closed: send it to a file, or to /dev/null")


def standard_input() -> TextIO:
    """Return standard input; raises UsageError where it is closed."""
    if sys.stdin is None:
        raise UsageError("standard input is closed: name a file, or send something in")
    return sys.stdin
