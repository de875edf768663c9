"""Last part: an administrator tries to decrypt, and the trail tells who decrypted and who was refused."""

import json
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from local import stored_item
from local.callers import AUDITOR, create_administrator
from local.clients import Clients
from local.demo.checks import Checks
from local.demo.examples import TENANT
from local.demo.table import stored
from local.embedded import EmbeddedAws
from local.sealed import sealed
from local.stored_item import HEADER

# The data key under an intermediate key; behind it KMS's ciphertext of that one.
_BEFORE_KMS = 48
_SHOWN = 6


def try_to_decrypt(aws: EmbeddedAws, checks: Checks, *, record: str) -> None:
    """Let somebody with every right in IAM try to open a stored record's key."""
    wrapped = stored_item.read_header(stored(aws, tenant=TENANT, record=record)[HEADER]["B"]).wrapped_key
    context = stored_item.record_context(tenant=TENANT, record=record)
    clients = Clients(aws.aws_endpoint, aws.region)
    administrator = clients.of(create_administrator(clients)).client("kms")
    try:
        administrator.decrypt(CiphertextBlob=wrapped[_BEFORE_KMS:], EncryptionContext=context)
        refusal = "nothing"
    except ClientError as error:
        refusal = str(error.response["Error"]["Message"])
    checks.that(
        "because no resource-based policy allows" in refusal,
        "an administrator with kms:* on * decrypts: refused, no resource-based policy allows it",
    )


def tell(aws: EmbeddedAws, checks: Checks) -> None:
    """Ask the trail's files, as an auditor who may do nothing else."""
    print(f"\nWho decrypted for tenant {TENANT}? The trail's files answer", flush=True)
    delivered = aws.deliver_trail()
    asked = ("who-decrypted", "--tenant", TENANT, "--since", "1h")
    rows = _ask(aws, *asked)
    print(f"      $ sealed audit {' '.join(asked)}")
    counted = Counter(_summary(row) for row in rows if row["errorcode"] is None)
    for (role, event, what), times in counted.most_common(_SHOWN):
        print(f"      {role:<28.28} {event:<10} {what:<15} {times:>6,}")
    readers = [role for role, _, _ in counted if role.endswith("-reader")]
    checks.that(
        bool(readers) and {row["tenant"] for row in rows} == {TENANT},
        f"{len(rows):,} of {delivered:,} records of the trail are about it, each with role, record and time",
    )
    denied = {str(row["principal"]).rpartition("/")[2] for row in _ask(aws, "denied", "--since", "1h")}
    checks.that(
        "administrator-caller" in denied, "`sealed audit denied` names who was refused: the administrator"
    )


def _summary(row: dict[str, Any]) -> tuple[str, str, str]:
    what = "an object's key" if row["object_id"] else "a record's key" if row["record"] else "branch keys"
    return str(row["role"]).rpartition("/")[2], str(row["eventname"]), what


def _ask(aws: EmbeddedAws, *arguments: str) -> list[dict[str, Any]]:
    said = sealed(aws, "audit", *arguments, "--output", "json", caller=AUDITOR)
    return [json.loads(line) for line in said.output.splitlines()]
