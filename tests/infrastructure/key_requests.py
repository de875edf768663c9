"""Requests to one of the three keys, and how AWS decides on them."""

from collections.abc import Mapping, Sequence

from tests.infrastructure.assembly import ACCOUNT, Assembly
from tests.infrastructure.policy_evaluation import Request, Statement, key_allows

ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
ALL_OF_KMS: Sequence[Statement] = ({"Effect": "Allow", "Action": "kms:*", "Resource": "*"},)
NO_CONTEXT: Mapping[str, object] = {}


def allowed(
    assembly: Assembly, name: str, asked: Request, *, identity_policies: Sequence[Statement] = ALL_OF_KMS
) -> bool:
    """Whether the key's policy lets a request through, for a principal whom IAM allows all of KMS."""
    statements = assembly.key(name)["Properties"]["KeyPolicy"]["Statement"]
    return key_allows(asked, key_policy=statements, identity_policies=identity_policies)


def ask(
    assembly: Assembly,
    name: str,
    action: str,
    *,
    principal: str = ADMINISTRATOR,
    context: Mapping[str, object] = NO_CONTEXT,
) -> Request:
    """Make a request to the key."""
    return Request(
        principal=principal,
        action=action,
        resource=assembly.key(name)["Arn"],
        context={key: str(value) for key, value in context.items()},
    )
