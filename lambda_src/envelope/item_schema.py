"""How the items of one logical table are protected: names of keys, and an action per attribute.

What must stay true: keys are never encrypted and never unsigned; an attribute is unsigned only if its name is
in `unsigned`, and nothing else says otherwise. All of it is checked once, on construction.
Source: DB-ESDK ddb-table-encryption-config.md.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from .crypto_action import CryptoAction
from .errors import ConfigurationError
from .item_fields import canonical_path

HEADER_NAME = "aws_dbe_head"
FOOTER_NAME = "aws_dbe_foot"
RESERVED_PREFIX = "aws_dbe_"
_BEACON_PREFIXES = ("aws_dbe_b_", "aws_dbe_v_")

# Items of a table have the same names over and over. Callers choose them, so both are bounded: how many are
# kept, and how long they are.
_KEPT_NAMES, _LONGEST_KEPT_NAME = 1024, 255

_INCLUDE = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
_BY_PATH = attrgetter("path")


class SignedName(NamedTuple):
    """What the configuration says of an attribute that is signed.

    Parameters
    ----------
    name
        The attribute's name.
    path
        Its canonical path.
    action
        What happens to it in new items; any but DO_NOTHING.
    """

    name: str
    path: bytes
    action: CryptoAction


class ItemSchema:
    """The checked configuration of one logical table."""

    def __init__(
        self,
        *,
        table: str,
        partition_key: str,
        sort_key: str | None,
        actions: Mapping[str, CryptoAction],
        default_action: CryptoAction,
        unsigned: Iterable[str],
    ) -> None:
        if isinstance(unsigned, str):
            raise ConfigurationError("`unsigned` is a collection of names, not one name")
        self.table = table
        self.partition_key = partition_key
        self.sort_key = sort_key
        self.key_names = (partition_key,) if sort_key is None else (partition_key, sort_key)
        self.unsigned = frozenset(unsigned)
        # Header version of new items: 2 as soon as an attribute is in the encryption context.
        self.version = 2 if _INCLUDE in (default_action, *actions.values()) else 1
        self.key_action = _INCLUDE if self.version == 2 else CryptoAction.SIGN_ONLY
        self._default_action = default_action
        self._actions = {
            **dict.fromkeys(self.unsigned, CryptoAction.DO_NOTHING),
            **dict.fromkeys(self.key_names, self.key_action),
            **actions,
        }
        self.includes = tuple(name for name, action in self._actions.items() if action is _INCLUDE)
        self._check_names()
        self._check_actions()
        # The names of an item's place and keys in the encryption context.
        self.place = {"aws-crypto-table-name": table, "aws-crypto-partition-name": partition_key}
        if sort_key is not None:
            self.place["aws-crypto-sort-name"] = sort_key
        self._kept = lru_cache(maxsize=_KEPT_NAMES)(self._signed_name)

    def signed_names(self, names: Iterable[str]) -> list[SignedName]:
        """Return those among an item's names whose attributes are signed, in the order of their paths.

        Raises
        ------
        InvalidItemError
            A name has no canonical path.
        """
        found = [
            self._kept(name) if len(name) <= _LONGEST_KEPT_NAME else self._signed_name(name) for name in names
        ]
        signed = [entry for entry in found if entry is not None]
        signed.sort(key=_BY_PATH)
        return signed

    def _signed_name(self, name: str) -> SignedName | None:
        if name in self.unsigned or name in (HEADER_NAME, FOOTER_NAME) or is_beacon(name):
            return None
        return SignedName(
            name, canonical_path(self.table, name), self._actions.get(name, self._default_action)
        )

    def _check_names(self) -> None:
        for name in (self.table, *self.key_names, *self._actions):
            if not name:
                raise ConfigurationError("names of tables, keys and attributes must not be empty")
        if self.partition_key == self.sort_key:
            raise ConfigurationError("partition key and sort key have the same name")
        for name in (*self.key_names, *self._actions):
            if name.startswith(RESERVED_PREFIX):
                raise ConfigurationError(f"{name!r}: names that begin with {RESERVED_PREFIX!r} are reserved")

    def _check_actions(self) -> None:
        if self._default_action is CryptoAction.DO_NOTHING:
            raise ConfigurationError(
                "default_action must not be DO_NOTHING: list unsigned attributes by name"
            )
        for name, action in self._actions.items():
            if not isinstance(action, CryptoAction):
                raise ConfigurationError(f"the action of {name!r} is not a CryptoAction")
            if (action is CryptoAction.DO_NOTHING) != (name in self.unsigned):
                raise ConfigurationError(
                    f"{name!r}: an attribute is in `unsigned` exactly when its action is DO_NOTHING"
                )
        for name in self.key_names:
            if self._actions[name] is not self.key_action:
                raise ConfigurationError(
                    f"the action of key {name!r} must be {self.key_action.name}: keys are signed, never "
                    "encrypted, and in the encryption context as soon as any other attribute is"
                )


def is_beacon(name: str) -> bool:
    """Tell whether a stored attribute is a beacon: they are added after encryption and are not signed."""
    return name.startswith(_BEACON_PREFIXES)
