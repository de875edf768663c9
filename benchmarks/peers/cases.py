"""What is measured, and who takes part in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Which way: the two that each contender is measured on.
DIRECTIONS = ("encrypt", "decrypt")

OURS, PEER, FLOOR = "ours", "peer", "floor"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to encrypt a case's plaintext, and to decrypt it again.

    Parameters
    ----------
    name
        The same in every case, since targets name it.
    kind
        `OURS`, `PEER` or `FLOOR`.
    key
        Where the data key comes from.
    commits
        Whether the stored form commits to its key.
    binds
        Whether the wrapped key is bound to the encryption context, where it is wrapped.
    encrypt
        Returns the stored form, of any type.
    decrypt
        Returns the plaintext of what `encrypt` returned.
    plaintext
        What `decrypt` must return.
    """

    name: str
    kind: str
    key: str
    commits: bool
    binds: bool
    encrypt: Callable[[], Any]
    decrypt: Callable[[Any], object]
    plaintext: object


@dataclass(frozen=True, slots=True)
class Case:
    """One plaintext, and how all contenders for it are made.

    Parameters
    ----------
    id
        Names its table's rows and its plot.
    group
        `messages` or `items`.
    title
        What is encrypted, in words.
    contenders
        Makes them: keys, keyrings and caches are warm afterwards.
    """

    id: str
    group: str
    title: str
    contenders: Callable[[], list[Contender]]
