"""How the items of one logical table are protected: names of keys, and an action per attribute.

What must stay true: keys are never encrypted and never unsigned; an attribute is unsigned only if its name is
in `unsigned`, and nothing else says otherwise. All of it is checked once, on construction.
Source: DB-ESDK ddb-table-encryption-config.md.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

from .crypto_action import CryptoAction
from .errors import ConfigurationError
from .item_fields import canonical_path

HEADER_NAME = "aws_dbe_head"
FOOTER_NAME = "aws_dbe_foot"
RESERVED_PREFIX = "aws_dbe_"
BEACON_PREFIXES = ("aws_dbe_b_", "aws_dbe_v_")

# Items of a table have the same names over and over. Callers choose them, so both are bounded: how many
# paths are kept, and how long they are.
_KEPT_PATHS, _LONGEST_KEPT_NAME = 1024, 255

_INCLUDE = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT


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
        self._path = partial(canonical_path, table)
        self._kept_path = lru_cache(maxsize=_KEPT_PATHS)(self._path)

    def action(self, name: str) -> CryptoAction:
        """Return the action of an attribute, by its name."""
        return self._actions.get(name, self._default_action)

    def path(self, name: str) -> bytes:
        """Return the canonical path of an attribute, by its name, or raise InvalidItemError."""
        return self._path(name) if len(name) > _LONGEST_KEPT_NAME else self._kept_path(name)

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
