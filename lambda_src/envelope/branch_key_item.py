"""One item of the key store: an attribute set, and the encryption context that KMS binds it to.

What must stay true: every attribute but the wrapped key stands in the encryption context, so an item that
somebody edited no longer opens. An attribute that the format does not know is refused, never ignored.
Source: ESDK specification, framework/branch-key-store.md, "Record Format", hierarchy version 1.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import BranchKeyItemError

PARTITION_KEY, SORT_KEY = "branch-key-id", "type"
ACTIVE, BEACON, SHREDDED = "branch:ACTIVE", "beacon:ACTIVE", "shredded"
VERSION_PREFIX = "branch:version:"
CUSTOM_PREFIX = "aws-crypto-ec:"
HIERARCHY_VERSION = "1"
WRAPPED_KEY, CREATE_TIME, KMS_ARN, VERSION = "enc", "create-time", "kms-arn", "version"
SHREDDED_AT = "shredded-at"
_HIERARCHY = "hierarchy-version"
_RESTORE = "restore the item from a backup"
_MAX_WRAPPED_LENGTH = 6144  # KMS's own limit for CiphertextBlob

Attributes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BranchKeyItem:
    """A wrapped branch key, or the wrapped beacon key beside it.

    Parameters
    ----------
    id
        The branch key's id.
    type
        `branch:ACTIVE`, `branch:version:<uuid>` or `beacon:ACTIVE`.
    created_at
        ISO 8601, UTC.
    kms_arn
        The KMS key that it is wrapped under.
    custom_context
        The pairs of the branch key's own encryption context, without their prefix.
    version
        Of `branch:ACTIVE` only: the version that it is a copy of, a bare UUID.
    wrapped
        What KMS gave. Not secret.
    """

    id: str
    type: str
    created_at: str
    kms_arn: str
    custom_context: Mapping[str, str]
    version: str | None = None
    wrapped: bytes = field(default=b"", repr=False)

    def encryption_context(self, logical_name: str) -> dict[str, str]:
        """Return what KMS binds the wrapped key to: every attribute but itself, and the logical store."""
        return {
            **{name: text for name, text in self._texts().items() if name != _HIERARCHY},
            _HIERARCHY: HIERARCHY_VERSION,
            "tablename": logical_name,
        }

    def attributes(self) -> dict[str, dict[str, Any]]:
        """Return the item as DynamoDB's low-level client takes it."""
        return {
            **{name: {"S": text} for name, text in self._texts().items()},
            _HIERARCHY: {"N": HIERARCHY_VERSION},
            WRAPPED_KEY: {"B": self.wrapped},
        }

    def key(self) -> dict[str, dict[str, str]]:
        """Return the table's key of the item."""
        return store_key(self.id, self.type)

    def with_wrapped(self, wrapped: bytes) -> "BranchKeyItem":
        """Return the item with another wrapped key."""
        return replace(self, wrapped=wrapped)

    def _texts(self) -> dict[str, str]:
        texts = {
            PARTITION_KEY: self.id,
            SORT_KEY: self.type,
            CREATE_TIME: self.created_at,
            KMS_ARN: self.kms_arn,
            **{CUSTOM_PREFIX + name: text for name, text in self.custom_context.items()},
        }
        if self.version is not None:
            texts[VERSION] = VERSION_PREFIX + self.version
        return texts


def store_key(branch_key_id: str, item_type: str) -> dict[str, dict[str, str]]:
    """Return the table's key of an item."""
    return {PARTITION_KEY: {"S": branch_key_id}, SORT_KEY: {"S": item_type}}


def parse_item(attributes: Attributes) -> BranchKeyItem:
    """Read an item of the key store.

    Raises
    ------
    BranchKeyItemError
        An attribute is missing, has another type, or is not one of the format's.
    """
    given = dict(attributes)
    hierarchy = given.pop(_HIERARCHY, {}).get("N")
    wrapped = given.pop(WRAPPED_KEY, {}).get("B")
    texts = {name: _text(name, value) for name, value in given.items()}
    custom = {
        name.removeprefix(CUSTOM_PREFIX): texts.pop(name)
        for name in list(texts)
        if name.startswith(CUSTOM_PREFIX)
    }
    version = texts.pop(VERSION, None)
    try:
        branch_key_id, item_type = texts.pop(PARTITION_KEY), texts.pop(SORT_KEY)
        created_at, kms_arn = texts.pop(CREATE_TIME), texts.pop(KMS_ARN)
    except KeyError as error:
        message = f"an item of the key store has no attribute {error.args[0]!r}; {_RESTORE}"
        raise BranchKeyItemError(message) from None
    where = f"the key store's item {item_type!r} of {branch_key_id!r}"
    if texts:
        raise BranchKeyItemError(
            f"{where} has the unknown attribute {min(texts)!r}; restore it from a backup"
        )
    if hierarchy != HIERARCHY_VERSION:
        raise BranchKeyItemError(f"{where} is not of hierarchy version {HIERARCHY_VERSION}")
    if not isinstance(wrapped, bytes) or not 0 < len(wrapped) <= _MAX_WRAPPED_LENGTH:
        raise BranchKeyItemError(f"{where} holds no wrapped key; {_RESTORE}")
    return BranchKeyItem(
        id=branch_key_id,
        type=item_type,
        created_at=created_at,
        kms_arn=kms_arn,
        custom_context=custom,
        version=_version_of(version, item_type=item_type, where=where),
        wrapped=wrapped,
    )


def is_version(text: str) -> bool:
    """Tell whether a text is a version: a UUID in lower case, in its usual form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _text(name: str, value: Mapping[str, Any]) -> str:
    text = value.get("S")
    if not isinstance(text, str):
        raise BranchKeyItemError(f"the key store's attribute {name!r} is not a text; {_RESTORE}")
    return text


def _version_of(stored: str | None, *, item_type: str, where: str) -> str | None:
    """Read the attribute that the active item has, and no other."""
    if (stored is not None) != (item_type == ACTIVE):
        raise BranchKeyItemError(f"{where} has the attribute 'version', or lacks it, against its type")
    if stored is None:
        return None
    version = stored.removeprefix(VERSION_PREFIX)
    if not stored.startswith(VERSION_PREFIX) or not is_version(version):
        raise BranchKeyItemError(f"{where} names no version; {_RESTORE}")
    return version
