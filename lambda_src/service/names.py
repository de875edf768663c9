"""Names: what may name a tenant, a record and an attribute.

Ids stand in paths, in IAM policies, in CloudTrail and in the encryption context. So they are made of
characters that nothing on the way decodes, escapes or normalizes, and they must hold no personal data.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

TENANT_ATTRIBUTE = "tenant"
RECORD_ATTRIBUTE = "record"
REVISION_ATTRIBUTE = "revision"
UPDATED_AT_ATTRIBUTE = "updated_at"

#: The attributes of an item that the service itself writes.
SERVICE_ATTRIBUTES = (TENANT_ATTRIBUTE, RECORD_ATTRIBUTE, REVISION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE)

#: The item format keeps its header, its footer and its beacons under names that begin so.
FORMAT_PREFIX = "aws_dbe_"

MAX_NAME_BYTES = 255

TENANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
REVISION = re.compile(r"[0-9a-f]{32}")
UPDATED_AT_FORM = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def is_written_here(plain: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a record's revision and time are such as this service writes.

    An item that verifies without them was written by somebody with the key, but by no writer of this service.
    """
    forms = {REVISION_ATTRIBUTE: REVISION, UPDATED_AT_ATTRIBUTE: UPDATED_AT_FORM}
    return all(form.fullmatch(plain.get(name, {}).get("S", "")) for name, form in forms.items())


class NameRefusal(Enum):
    """Why a name cannot name an attribute; `because` completes the sentence "this name ..."."""

    EMPTY = "is empty"
    TOO_LONG = f"has more than {MAX_NAME_BYTES} bytes in UTF-8"
    SURROGATE = "holds half of a surrogate pair, which is no character"
    RESERVED = f"is reserved ({', '.join(SERVICE_ATTRIBUTES)}, and all that begin with {FORMAT_PREFIX})"

    @property
    def because(self) -> str:
        """The reason, to stand after "this name"."""
        return self.value


def name_refusal(name: str, *, top_level: bool) -> NameRefusal | None:
    """Say why `name` cannot name an attribute, or None when it can.

    Parameters
    ----------
    name
        The name, as parsed.
    top_level
        Whether it would name an attribute of the item itself. Inside maps no name is reserved.
    """
    encoded = utf8(name)
    if encoded is None:
        return NameRefusal.SURROGATE
    if not encoded:
        return NameRefusal.EMPTY
    if len(encoded) > MAX_NAME_BYTES:
        return NameRefusal.TOO_LONG
    if top_level and (name in SERVICE_ATTRIBUTES or name.startswith(FORMAT_PREFIX)):
        return NameRefusal.RESERVED
    return None


def utf8(text: str) -> bytes | None:
    """Encode as UTF-8, or None when `text` holds an unpaired surrogate.

    The codec's own exception keeps the whole text, so it must not travel.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None
