"""What an object is called: its key in the bucket, and the encryption context that it is bound to.

What must stay true: tenant and object id come from the command, never from what is stored. The names of the
context's keys stand in the policies of the envelope key as well (stacks/object_contexts.py).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

TENANT_KEY = "object-tenant"
ID_KEY = "object-id"
CONTENT_TYPE_KEY = "object-content-type"
LENGTH_KEY = "object-length"
_TENANTS = "tenants/"

#: The member of a JSON object that makes it a pointer to an object.
POINTER = "$object"


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An object of a tenant."""

    tenant: str
    id: str

    @property
    def key(self) -> str:
        """The object's key in the bucket."""
        return f"{prefix_of(self.tenant)}{self.id}"

    @property
    def context(self) -> dict[str, str]:
        """What a reader asks to be bound."""
        return {TENANT_KEY: self.tenant, ID_KEY: self.id}

    def new_context(self, *, content_type: str, length: int | None) -> dict[str, str]:
        """Return what a new message is bound to; the length where it is known before the last byte is."""
        known = {} if length is None else {LENGTH_KEY: str(length)}
        return {**self.context, CONTENT_TYPE_KEY: content_type, **known}


def prefix_of(tenant: str) -> str:
    """Return what the keys of a tenant's objects begin with."""
    return f"{_TENANTS}{tenant}/"


def pointer(place: ObjectPlace, *, length: int, header: bytes) -> Mapping[str, object]:
    """Return the JSON value by which a record points at an object.

    The header holds the random message id, the commitment to the data key and the context. So its hash fixes
    which message it is, without all of it being read, for everybody but those who can unwrap its data key:
    these could put other frames behind the same header.
    """
    return {
        POINTER: {"key": place.key, "length": length, "header_sha256": hashlib.sha256(header).hexdigest()}
    }
