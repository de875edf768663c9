"""The arguments of `sealed maintenance`, and its help."""

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from client import maintenancemanual as manual
from client.auditarguments import moment
from client.reencryptionruns import RUN_ID
from client.subcommands import add_command, add_group, whole_number
from client.tenantarguments import key_arn

if TYPE_CHECKING:
    from client.subcommands import Commands

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_SEGMENTS = 100_000
_MOST_AT_ONCE = 1000
_AT_ONCE = 10
_MOST_UNITS = 100_000_000
_MOST_RUNS = 1000
_PERCENT = 100
_TOLERATED = 5


def _run(text: str) -> str:
    if not RUN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the name of a run, such as 20260501T080000Z-0a1b2c3d: "
            "`sealed maintenance runs` lists them"
        )
    return text


def _version(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the version of a branch key, a UUID: `sealed tenant describe` prints them"
        )
    return text


def _percent(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= _PERCENT):
        raise argparse.ArgumentTypeError(f"give a whole number from 0 to {_PERCENT}")
    return int(text)


def add_maintenance_commands(
    commands: "Commands", *, tenant: Callable[[str], str], timeout: Callable[[str], float]
) -> None:
    """Add `maintenance` and what stands behind it.

    Parameters
    ----------
    commands
        The commands of `sealed`.
    tenant, timeout
        Read a tenant id, and seconds to wait for an answer.
    """
    under = add_group(
        commands,
        "maintenance",
        help_text="encrypt all records anew, and see how far it is",
        description=manual.DESCRIPTION,
        epilog=manual.MAINTENANCE,
        metavar="COMMAND",
    )
    connection = _connection(timeout)

    def command(name: str, help_text: str, epilog: str) -> argparse.ArgumentParser:
        return add_command(under, name, help_text=help_text, epilog=epilog, parents=[connection])

    starting = command(
        "reencrypt", "encrypt records anew that are not as they would be written today", manual.REENCRYPT
    )
    _add_filter(starting, tenant)
    _add_pace(starting)
    starting.add_argument(
        "--dry-run", action="store_true", help="write nothing; say how many need it, and what it would cost"
    )
    _add_following(starting)

    following = command("follow", "wait for a run to end, and print its summary", manual.FOLLOW)
    _add_run(following)
    _add_watching(following)

    _add_run(command("stop", "stop a run", manual.STOP))

    resuming = command("resume", "go on with a run that was stopped or failed", manual.RESUME)
    _add_run(resuming)
    _add_following(resuming)

    listing = command("runs", "print past runs, the newest first", manual.RUNS)
    listing.add_argument(
        "--limit",
        metavar="N",
        type=partial(whole_number, most=_MOST_RUNS),
        default=20,
        help="so many at most (default 20)",
    )
    _add_output(listing)

    showing = command("show", "print a run's summary, with the records that it refused", manual.SHOW)
    _add_run(showing)
    _add_output(showing)
    _add_prices(showing)


def _connection(timeout: Callable[[str], float]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("connection")
    # Without defaults: they would overwrite what stands before the command's name.
    group.add_argument("--region", default=argparse.SUPPRESS, help="the Region of the MaintenanceStack")
    group.add_argument(
        "--profile", default=argparse.SUPPRESS, help="the AWS profile whose credentials to use"
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=timeout,
        default=argparse.SUPPRESS,
        help="how long to wait for the answer to one attempt (default 30)",
    )
    return parser


def _add_run(to: argparse.ArgumentParser) -> None:
    to.add_argument("run", metavar="RUN", type=_run)


def _add_filter(to: argparse.ArgumentParser, tenant: Callable[[str], str]) -> None:
    chosen = to.add_argument_group("which records (each option narrows it)")
    chosen.add_argument("--tenant", metavar="T", type=tenant, help="of this tenant")
    chosen.add_argument(
        "--written-before",
        metavar="TIME",
        type=moment,
        help="written before 90m, 12h, 1d, 2w ago, a day, or a time in UTC",
    )
    chosen.add_argument(
        "--strategy", choices=("record", "tenant"), help="that were written in this key strategy"
    )
    chosen.add_argument("--kms-key", metavar="ARN", type=key_arn, help="whose data key this KMS key wraps")
    chosen.add_argument(
        "--branch-key-version",
        metavar="UUID",
        type=_version,
        help="whose data key this version of a branch key wraps",
    )


def _add_pace(to: argparse.ArgumentParser) -> None:
    pace = to.add_argument_group("how fast")
    pace.add_argument(
        "--segments",
        metavar="N",
        type=partial(whole_number, most=_MOST_SEGMENTS),
        help=f"cut the table into so many, 1 to {_MOST_SEGMENTS} (default: by its size)",
    )
    pace.add_argument(
        "--concurrency",
        metavar="N",
        type=partial(whole_number, most=_MOST_AT_ONCE),
        default=_AT_ONCE,
        help=f"segments at the same time, 1 to {_MOST_AT_ONCE} (default {_AT_ONCE})",
    )
    for kind in ("read", "write"):
        pace.add_argument(
            f"--{kind}-units",
            metavar="N",
            type=partial(whole_number, most=_MOST_UNITS),
            help=f"at most so many {kind} units of the table in a second (default: no limit)",
        )
    pace.add_argument(
        "--tolerated-failures",
        metavar="PERCENT",
        type=_percent,
        default=_TOLERATED,
        help=f"end the run when more of its segments fail, 0 to 100 (default {_TOLERATED})",
    )


def _add_following(to: argparse.ArgumentParser) -> None:
    to.add_argument("--detach", action="store_true", help="start it, and do not wait for its end")
    _add_watching(to)


def _add_watching(to: argparse.ArgumentParser) -> None:
    _add_output(to)
    to.add_argument("--quiet", action="store_true", help="show no progress")
    _add_prices(to)


def _add_output(to: argparse.ArgumentParser) -> None:
    output = to.add_mutually_exclusive_group()
    output.add_argument(
        "--output", choices=("table", "json"), help="default: a table on a terminal, else JSON"
    )
    output.add_argument(
        "--json", dest="output", action="store_const", const="json", help="the same as --output json"
    )


def _add_prices(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--prices",
        metavar="FILE",
        type=Path,
        help="for a dry run: prices of your own, as in client/prices.json (default: us-east-1, on demand)",
    )
