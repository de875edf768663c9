"""How every command of `sealed` looks in its help: one form for all of them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from client import manual

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def whole_number(text: str, *, most: int) -> int:
    """Read a number from 1 to `most`; raises ArgumentTypeError for anything else."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {most}")
    return int(text)


def add_command(
    commands: "Commands",
    name: str,
    *,
    help_text: str,
    epilog: str,
    parents: Sequence[argparse.ArgumentParser] = (),
) -> argparse.ArgumentParser:
    """Add a command; its help ends with the epilog and the exit codes."""
    return commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=f"{epilog}\n\n{manual.exit_codes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=list(parents),
        allow_abbrev=False,
    )


def add_group(
    commands: "Commands", name: str, *, help_text: str, description: str, epilog: str, metavar: str
) -> "Commands":
    """Add a command that has commands of its own; return where to add these."""
    group = commands.add_parser(
        name,
        help=help_text,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return group.add_subparsers(dest=f"{name}_command", required=True, metavar=metavar)
