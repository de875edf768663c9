"""The arguments of `sealed`, and its help."""

import argparse
import re
from pathlib import Path

from client import manual, version
from client.auditarguments import add_audit_commands
from client.importlines import RECORD_RULE, TENANT_RULE, is_record_id, is_tenant_id
from client.maintenancearguments import add_maintenance_commands
from client.objectarguments import add_object_commands
from client.subcommands import add_command, whole_number
from client.tenantarguments import add_tenant_commands

_REVISION = re.compile(r'"?([0-9a-f]{32})"?')
_MOST_PER_PAGE = 100
_MOST_THREADS = 64
_LONGEST_TIMEOUT = 300.0
_LONGEST_ID = 128


def _tenant(text: str) -> str:
    if not is_tenant_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a tenant id: {TENANT_RULE}")
    return text


def _record(text: str) -> str:
    if not is_record_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a record id: {RECORD_RULE}")
    return text


def _prefix(text: str) -> str:
    if not is_record_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot begin a record id: {RECORD_RULE}")
    return text


def _revision(text: str) -> str:
    match = _REVISION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("a revision has 32 hexadecimal digits: see `sealed get --include`")
    return match.group(1)


def _limit(text: str) -> int:
    return whole_number(text, most=_MOST_PER_PAGE)


def _threads(text: str) -> int:
    return whole_number(text, most=_MOST_THREADS)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"give seconds, more than 0 and at most {_LONGEST_TIMEOUT:.0f}")
    return seconds


def _connection(*, top: bool) -> argparse.ArgumentParser:
    """Return the options about the API. They may stand before or after the command's name.

    The copies after the name have no defaults: they would overwrite what stands before it.
    """

    def default(value: object) -> object:
        return value if top else argparse.SUPPRESS

    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--endpoint", metavar="URL", default=default(None), help="the API's address, with its stage"
    )
    group.add_argument("--region", default=default(None), help="the Region to sign for")
    group.add_argument("--profile", default=default(None), help="the AWS profile whose credentials to use")
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=default(30.0),
        help="how long to wait for the answer to one attempt (default 30)",
    )
    return parser


def parser() -> argparse.ArgumentParser:
    """Return the parser of `sealed`."""
    top = argparse.ArgumentParser(
        prog="sealed",
        description=manual.DESCRIPTION,
        epilog=f"{manual.EXAMPLES}\n\n{manual.exit_codes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_connection(top=True)],
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"sealed {version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    connection = _connection(top=False)

    def command(name: str, *, help_text: str, epilog: str) -> argparse.ArgumentParser:
        return add_command(commands, name, help_text=help_text, epilog=epilog, parents=[connection])

    _add_put(command("put", help_text="create or replace a record", epilog=manual.PUT))
    _add_get(command("get", help_text="print a record", epilog=manual.GET))
    _add_delete(command("delete", help_text="delete a record", epilog=manual.DELETE))
    _add_list(command("list", help_text="print a tenant's records", epilog=manual.LIST))
    _add_import(command("import", help_text="store the records of a JSON Lines file", epilog=manual.IMPORT))
    add_audit_commands(commands, tenant=_tenant)
    add_tenant_commands(commands, tenant=_tenant, limit=_limit, connection=connection)
    add_object_commands(commands, tenant=_tenant, record=_record, connection=connection)
    add_maintenance_commands(commands, tenant=_tenant, timeout=_seconds)
    return top


def _add_names(to: argparse.ArgumentParser) -> None:
    to.add_argument("tenant", metavar="TENANT", type=_tenant)
    to.add_argument("record", metavar="RECORD", type=_record)


def _add_put(to: argparse.ArgumentParser) -> None:
    _add_names(to)
    to.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="the JSON object (standard input if absent or -)"
    )
    condition = to.add_mutually_exclusive_group()
    condition.add_argument(
        "--if-match", metavar="REVISION", type=_revision, help="replace this revision and no other"
    )
    condition.add_argument("--if-none-match", action="store_true", help="create only")


def _add_get(to: argparse.ArgumentParser) -> None:
    _add_names(to)
    to.add_argument("--include", action="store_true", help="print the revision too")
    to.add_argument("--pretty", action="store_true", help="indent; strings and numbers stay as they are")


def _add_delete(to: argparse.ArgumentParser) -> None:
    _add_names(to)
    to.add_argument(
        "--if-match", metavar="REVISION", type=_revision, help="delete this revision and no other"
    )


def _add_list(to: argparse.ArgumentParser) -> None:
    to.add_argument("tenant", metavar="TENANT", type=_tenant)
    to.add_argument("--prefix", metavar="P", type=_prefix, help="only records whose id begins so")
    to.add_argument(
        "--limit", metavar="N", type=_limit, help="records in a page, 1 to 100 (default 25; 100 with --all)"
    )
    to.add_argument("--all", action="store_true", help="print all pages")
    to.add_argument("--cursor", help="go on from here: what the last page said")


def _add_import(to: argparse.ArgumentParser) -> None:
    to.add_argument("file", metavar="FILE", help="a JSON Lines file, or - for standard input")
    to.add_argument("--tenant", metavar="T", type=_tenant, help="the tenant of every line")
    to.add_argument(
        "--concurrency",
        metavar="N",
        type=_threads,
        default=8,
        help="requests at the same time, 1 to 64 (default 8)",
    )
    to.add_argument("--if-none-match", action="store_true", help="leave records that exist as they are")
    to.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on where an earlier run stopped, which is the default, or send every line",
    )
    to.add_argument("--progress-file", metavar="PATH", type=Path, help="where progress is kept")
    to.add_argument(
        "--failed", metavar="PATH", type=Path, help="write number and type of each failed line here"
    )
