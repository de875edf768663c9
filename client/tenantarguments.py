"""The arguments of `sealed tenant`, and its help."""

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from client import manual
from client.subcommands import add_command, add_group

if TYPE_CHECKING:
    from client.subcommands import Commands

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")


def key_arn(text: str) -> str:
    """Read the ARN of a KMS key; raises ArgumentTypeError for anything else, an alias for instance."""
    if not _KEY_ARN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the full ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>); "
            "aliases are not taken"
        )
    return text


def add_tenant_commands(
    commands: "Commands",
    *,
    tenant: Callable[[str], str],
    limit: Callable[[str], int],
    connection: argparse.ArgumentParser,
) -> None:
    """Add `tenant` and what stands behind it.

    Parameters
    ----------
    commands
        The commands of `sealed`.
    tenant, limit
        Read a tenant id, and the number of entries of a page.
    connection
        The options about the API.
    """
    under = add_group(
        commands,
        "tenant",
        help_text="create, describe, list, rotate, move and shred the branch keys of tenants",
        description=manual.TENANT_DESCRIPTION,
        epilog=manual.TENANT,
        metavar="COMMAND",
    )

    def command(name: str, *, help_text: str, epilog: str) -> argparse.ArgumentParser:
        return add_command(under, name, help_text=help_text, epilog=epilog, parents=[connection])

    for name, help_text, epilog in (
        ("create", "create a tenant's branch key", manual.TENANT_CREATE),
        ("describe", "print versions and KMS keys of a tenant's branch key", manual.TENANT_DESCRIBE),
        ("rotate", "make a new version of a tenant's branch key", manual.TENANT_ROTATE),
    ):
        command(name, help_text=help_text, epilog=epilog).add_argument(
            "tenant", metavar="TENANT", type=tenant
        )

    listing = command(
        "list", help_text="print the tenants that have, or had, a branch key", epilog=manual.TENANT_LIST
    )
    listing.add_argument(
        "--limit", metavar="N", type=limit, help="tenants in a page, 1 to 100 (default 25; 100 with --all)"
    )
    listing.add_argument("--all", action="store_true", help="print all pages")
    listing.add_argument("--cursor", help="go on from here: what the last page said")

    moving = command("move", help_text="wrap branch keys under another KMS key", epilog=manual.TENANT_MOVE)
    moving.add_argument("tenant", metavar="TENANT", type=tenant, nargs="?", help="one tenant (or --all)")
    moving.add_argument("--all", action="store_true", help="every tenant, one after the other")
    moving.add_argument(
        "--to", metavar="KEY_ARN", type=key_arn, required=True, help="the key that is deployed"
    )

    shredding = command(
        "shred", help_text="remove a tenant's branch key for ever", epilog=manual.TENANT_SHRED
    )
    shredding.add_argument("tenant", metavar="TENANT", type=tenant)
    shredding.add_argument(
        "--confirm", metavar="TENANT", help="the tenant's name again; without it a terminal is asked"
    )
    shredding.add_argument(
        "--delete-records",
        action="store_true",
        help="delete the tenant's records that do not hang on its branch key",
    )
