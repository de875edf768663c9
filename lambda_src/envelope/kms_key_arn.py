"""Full ARNs of KMS keys: the only names of keys that are accepted, and which of them a stored one means."""

import re
from collections.abc import Iterable

from .errors import ConfigurationError

_KEY_ARN = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):key/([A-Za-z0-9-]+)")


def strict_arns(arns: Iterable[str]) -> tuple[str, ...]:
    """Return the ARNs without repetitions.

    Raises
    ------
    ConfigurationError
        One of them is not the full ARN of a key.
    """
    unique = tuple(dict.fromkeys(arns))
    for arn in unique:
        if not _KEY_ARN.fullmatch(arn):
            raise ConfigurationError(
                f"{arn!r} is not a full KMS key ARN (arn:aws:kms:<region>:<account>:key/<id>); "
                "aliases and bare ids are not accepted"
            )
    return unique


def configured_arn(stored: str, *, configured: Iterable[str]) -> str | None:
    """Return the configured ARN that names the same key as a stored one."""
    return next((arn for arn in configured if _same_key(arn, stored)), None)


def _same_key(configured: str, stored: str) -> bool:
    """Tell whether two ARNs name one key; related multi-Region keys differ in nothing but the Region."""
    if configured == stored:
        return True
    ours, theirs = _KEY_ARN.fullmatch(configured), _KEY_ARN.fullmatch(stored)
    if ours is None or theirs is None:
        return False
    partition, _, account, key_id = ours.groups()
    return key_id.startswith("mrk-") and (partition, account, key_id) == theirs.group(1, 3, 4)
