"""The arguments of `sealed audit`, and its help."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from client import manual
from client.subcommands import add_command, add_group

if TYPE_CHECKING:
    from client.subcommands import Commands

_AGO = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WORKGROUP = re.compile(r"[A-Za-z0-9._-]{1,128}")


def moment(text: str, *, now: datetime | None = None) -> datetime:
    """Read a time: so long ago (`90m`, `12h`, `1d`, `2w`), a day, or a time in UTC.

    Raises
    ------
    argparse.ArgumentTypeError
        It is none of these, or in the future.
    """
    at = now or datetime.now(UTC)
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return at - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: give how long ago (90m, 12h, 1d, 2w), a day (2026-05-01), or a time in "
            "UTC (2026-05-01T08:00:00Z)"
        ) from None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found > at:
        raise argparse.ArgumentTypeError(f"{text!r} is in the future")
    return found


def _workgroup(text: str) -> str:
    if not _WORKGROUP.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a workgroup")
    return text


def add_audit_commands(commands: "Commands", *, tenant: Callable[[str], str]) -> None:
    """Add `audit` and what stands behind it.

    Parameters
    ----------
    commands
        The commands of `sealed`.
    tenant
        Reads a tenant id.
    """
    under = add_group(
        commands,
        "audit",
        help_text="ask the trail who decrypted, who used the key, what was denied, what was changed",
        description=manual.AUDIT_DESCRIPTION,
        epilog=manual.AUDIT,
        metavar="QUESTION",
    )
    for name, help_text in (
        ("who-decrypted", "who decrypted records or objects of a tenant, or opened its branch key"),
        ("principals", "which principals used the envelope key, for what, how often"),
        ("denied", "which calls to decrypt failed or were refused"),
        ("key-changes", "what was changed of the keys, their policies, aliases and grants"),
    ):
        command = add_command(under, name, help_text=help_text, epilog=manual.AUDIT)
        if name == "who-decrypted":
            command.add_argument("--tenant", metavar="TENANT", type=tenant, required=True)
        _add_options(command)


def _add_options(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        default="1d",
        help="90m, 12h, 1d, 2w ago, a day, or a time in UTC (default 1d)",
    )
    to.add_argument("--until", metavar="TIME", type=moment, help="likewise (default now)")
    to.add_argument("--output", choices=("table", "json"), help="default: a table on a terminal, else JSON")
    to.add_argument(
        "--workgroup",
        metavar="NAME",
        type=_workgroup,
        help="the output AuditWorkGroupName of the AuditStack, or SEALED_AUDIT_WORKGROUP",
    )
    to.add_argument(
        "--engine",
        choices=("athena", "files"),
        help="files: read the trail's files here with DuckDB (default where AWS_ENDPOINT_URL is set)",
    )
    # Without a default: what stands before the command would be overwritten by it.
    to.add_argument("--region", default=argparse.SUPPRESS, help="the Region of the AuditStack")
    to.add_argument("--profile", default=argparse.SUPPRESS, help="the AWS profile whose credentials to use")
