"""Policy documents as the emulator keeps them, read once each."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from local.enforcement.condition_keys import check
from local.policy import Policy, parse


def read(document: str | Mapping[str, Any], *, name: str) -> Policy:
    """Read a policy: text, or what a template had.

    Raises
    ------
    PolicyError
        If it holds something that is not known.
    """
    return _read(document if isinstance(document, str) else json.dumps(document, default=str), name)


@lru_cache(maxsize=1024)
def _read(text: str, name: str) -> Policy:
    policy = parse(text, name=name)
    check(policy)
    return policy
