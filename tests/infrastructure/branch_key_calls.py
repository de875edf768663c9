"""What the functions' own code asks of KMS for branch keys: the rights that it takes, with their contexts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto import mock_aws

from service.branch_keys import branch_key_context
from tests.unit.key_store import key_store_aws

TENANT = "acme"
ACTIVE, VERSION, BEACON = "branch:ACTIVE", "branch:version:", "beacon:ACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """An action, and the encryption context that it is asked for."""

    action: str
    context: dict[str, str]


def rights_for_a_branch_key() -> dict[str, list[Right]]:
    """Make, rotate, move, shred and open branch keys; which rights that took, by what was done."""
    taken: list[Right] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        taken.extend(_rights(model.name, params))

    def noted(do: Callable[[], object]) -> list[Right]:
        taken.clear()
        do()
        return list(taken)

    with mock_aws():
        aws = key_store_aws()
        old, new = aws.key(), aws.key()
        aws.kms.meta.events.register("provide-client-params.kms", note)
        before = aws.store(old, context_of=branch_key_context)
        after = aws.store(new, old, context_of=branch_key_context)
        created = noted(lambda: before.create(TENANT))
        first = before.active(TENANT).version
        before.create("globex")
        return {
            "create": created,
            "rotate": noted(lambda: before.rotate(TENANT)),
            "move": noted(lambda: after.move(TENANT)),
            "open the active one": noted(lambda: after.active(TENANT)),
            "open a version": noted(lambda: after.version(TENANT, first)),
            "shred": noted(lambda: after.shred("globex")),
        }


def context_of_each_type(rights: Mapping[str, list[Right]]) -> dict[str, dict[str, str]]:
    """An encryption context of each type of item that the code asked for."""
    contexts = [right.context for taken in rights.values() for right in taken]
    return {
        kind: next(context for context in contexts if context["type"].startswith(kind))
        for kind in (ACTIVE, VERSION, BEACON)
    }


def _rights(operation: str, params: dict[str, Any]) -> Iterator[Right]:
    if operation == "ReEncrypt":
        yield Right(action="kms:ReEncryptFrom", context=params["SourceEncryptionContext"])
        yield Right(action="kms:ReEncryptTo", context=params["DestinationEncryptionContext"])
    else:
        yield Right(action=f"kms:{operation}", context=params["EncryptionContext"])
