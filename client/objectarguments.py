"""The arguments of `sealed object`, `encrypt`, `decrypt` and `inspect`, and their help."""

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from client import objectmanual as manual
from client.importlines import OBJECT_RULE, is_record_id
from client.subcommands import add_command, add_group, whole_number

if TYPE_CHECKING:
    from client.subcommands import Commands

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}(; ?[A-Za-z0-9=._-]{1,64})?")
_RANGE = re.compile(r"([0-9]{1,15})?-([0-9]{1,15})?")
_VERSION = re.compile(r"[\x21-\x7e]{1,1024}")
_MOST_AT_ONCE = 16
_AT_ONCE = 4

Reader = Callable[[str], str]


def byte_range(text: str) -> tuple[int, int | None]:
    """Read `FIRST-LAST`, `FIRST-` or `-COUNT` into a start and a length.

    A negative start counts from the end.

    Raises
    ------
    argparse.ArgumentTypeError
        It is none of these, or empty.
    """
    found = _RANGE.fullmatch(text)
    if found is None or found.groups() == (None, None):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no range: give FIRST-LAST (both are included, counted from 0), FIRST- or -COUNT"
        )
    first, last = found.groups()
    if first is None:
        if int(last) == 0:
            raise argparse.ArgumentTypeError("the last 0 bytes are no range: give at least 1")
        return -int(last), None
    if last is None:
        return int(first), None
    if int(last) < int(first):
        raise argparse.ArgumentTypeError(f"{text!r} ends before it begins")
    return int(first), int(last) - int(first) + 1


def _object_id(text: str) -> str:
    if not is_record_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an object id: {OBJECT_RULE}")
    return text


def _file_name(text: str) -> str:
    # What a script makes of a variable that is not set.
    if not text:
        raise argparse.ArgumentTypeError(
            "the name is empty: give a file's name, or - for standard input or output"
        )
    return text


def _media_type(text: str) -> str:
    if not _MEDIA_TYPE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a media type such as application/pdf")
    return text


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a version")
    return text


def _at_once(text: str) -> int:
    return whole_number(text, most=_MOST_AT_ONCE)


def add_object_commands(
    commands: "Commands", *, tenant: Reader, record: Reader, connection: argparse.ArgumentParser
) -> None:
    """Add `object`, and the commands on local files.

    Parameters
    ----------
    commands
        The commands of `sealed`.
    tenant, record
        Read the ids.
    connection
        The options about AWS.
    """
    under = add_group(
        commands,
        "object",
        help_text="store and read large objects, encrypted here",
        description=manual.DESCRIPTION,
        epilog=manual.OBJECT,
        metavar="COMMAND",
    )

    def command(to: "Commands", name: str, help_text: str, epilog: str) -> argparse.ArgumentParser:
        return add_command(to, name, help_text=help_text, epilog=epilog, parents=[connection])

    put = command(under, "put", "encrypt a file and store it as an object", manual.PUT)
    _add_names(put, tenant)
    put.add_argument(
        "file",
        metavar="FILE",
        type=_file_name,
        nargs="?",
        default="-",
        help="the content (standard input if absent or -)",
    )
    _add_content_type(put)
    put.add_argument("--replace", action="store_true", help="store a new version where there is one already")
    _add_transfer(put)

    get = command(under, "get", "fetch an object into a file", manual.GET)
    _add_names(get, tenant)
    _add_output(get, help_text="the file to write, or - for standard output (default: the object's id)")
    _add_which(get, record)
    _add_transfer(get)

    cat = command(under, "cat", "print an object, or a range of it", manual.CAT)
    _add_names(cat, tenant)
    cat.add_argument("--range", metavar="FIRST-LAST", type=byte_range, help="only these bytes, from 0")
    cat.add_argument("--verify-end", action="store_true", help="with --range: verify the whole length too")
    _add_which(cat, record)

    listing = command(under, "list", "print a tenant's objects", manual.LIST)
    listing.add_argument("tenant", metavar="TENANT", type=tenant)
    listing.add_argument("--prefix", metavar="P", type=_object_id, help="only objects whose id begins so")

    _add_names(command(under, "delete", "delete an object", manual.DELETE), tenant)

    encrypting = command(commands, "encrypt", "encrypt a file into a message", manual.ENCRYPT)
    _add_file_names(encrypting, tenant)
    _add_content_type(encrypting)
    _add_output(
        encrypting,
        help_text="the message to write, or - for standard output (default: FILE.sealed; - where FILE is -)",
    )

    decrypting = command(commands, "decrypt", "decrypt a message into a file", manual.DECRYPT)
    _add_file_names(decrypting, tenant)
    _add_output(
        decrypting,
        help_text="the file to write, or - for standard output (default: FILE without .sealed; - where "
        "FILE is -)",
    )

    inspecting = add_command(
        commands, "inspect", help_text="print a message's or an item's header", epilog=manual.INSPECT
    )
    inspecting.add_argument(
        "file", metavar="FILE", type=_file_name, help="a message, or an item as JSON; - for standard input"
    )
    inspecting.add_argument(
        "--output", choices=("table", "json"), help="default: a table on a terminal, JSON elsewhere"
    )


def _add_names(to: argparse.ArgumentParser, tenant: Reader) -> None:
    to.add_argument("tenant", metavar="TENANT", type=tenant)
    to.add_argument("object", metavar="OBJECT", type=_object_id)


def _add_file_names(to: argparse.ArgumentParser, tenant: Reader) -> None:
    to.add_argument("file", metavar="FILE", type=_file_name, help="what to read, or - for standard input")
    to.add_argument("--tenant", metavar="T", type=tenant, required=True, help="whose it is")
    to.add_argument(
        "--object", metavar="ID", type=_object_id, required=True, help="the object id it is bound to"
    )


def _add_content_type(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--content-type",
        metavar="TYPE",
        type=_media_type,
        help="the media type that is bound to it (default: by the file's name)",
    )


def _add_output(to: argparse.ArgumentParser, *, help_text: str) -> None:
    to.add_argument("-o", "--output", metavar="PATH", type=_file_name, help=help_text)
    to.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def _add_which(to: argparse.ArgumentParser, record: Reader) -> None:
    to.add_argument(
        "--record", metavar="RECORD", type=record, help="only the very object that this record points at"
    )
    to.add_argument("--version", metavar="ID", type=_version, help="an older version")


def _add_transfer(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--concurrency",
        metavar="N",
        type=_at_once,
        default=_AT_ONCE,
        help=f"parts at the same time, 1 to {_MOST_AT_ONCE} (default {_AT_ONCE})",
    )
    to.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with an interrupted transfer, which is the default, or begin anew",
    )
