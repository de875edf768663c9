"""Pointers to objects: where a record names a payload that a client stored in S3 as an encrypted message.

A pointer is a JSON object whose only member is `$object`:

    {"$object": {"key": "tenants/acme/scan-17", "length": 1048576, "header_sha256": "<64 hex digits>"}}

What must stay true: no record is written that names an object of another tenant, and whoever reads a
`$object` that was written under this rule finds exactly these three members. The check is for writes alone:
what was stored before the rule stays readable. It looks at no object; whether one is there, and is the one
that was meant, is for who reads it to verify by the hash of its header.
"""

import re
from collections.abc import Mapping

from service import problems
from service.json_body import AttributeValue, member_field
from service.names import RECORD_ID
from service.problems import Problem

POINTER_NAME = "$object"

#: 5 TiB. It keeps out what is no length at all; what one object can hold is for S3 to say.
MAX_LENGTH = 5 * 2**40

_MEMBERS = frozenset({"key", "length", "header_sha256"})
# A canonical number of this form is an integer; the bound on its digits keeps the conversion cheap.
_WHOLE_NUMBER = re.compile(rf"[0-9]{{1,{len(str(MAX_LENGTH))}}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_Members = Mapping[str, AttributeValue]


def check_object_pointers(data: _Members, *, tenant: str) -> None:
    """Check every pointer of a record that is to be written, at whatever depth it stands.

    The record itself is one of its JSON objects: it can be a pointer, and nothing else then.

    Parameters
    ----------
    data
        Attribute values by name, as `parse_record` gives them: numbers are canonical there, so 1.0 and 1e0
        are the integer 1, and names occur once.
    tenant
        The tenant of the request, to whom the objects must belong.

    Raises
    ------
    Problem
        When a member `$object` is not a pointer to an object of the tenant. `field` is a JSON Pointer to what
        is wrong; nothing of its value is told.
    """
    _check_object(data, field="", tenant=tenant)


def _check_object(members: _Members, *, field: str, tenant: str) -> None:
    if POINTER_NAME in members:
        _check_pointer(members, field=member_field(field, POINTER_NAME), tenant=tenant)
        return
    for name, value in members.items():
        _check_value(value, field=member_field(field, name), tenant=tenant)


def _check_value(value: AttributeValue, *, field: str, tenant: str) -> None:
    if "M" in value:
        _check_object(value["M"], field=field, tenant=tenant)
    for index, entry in enumerate(value.get("L", ())):
        _check_value(entry, field=f"{field}/{index}", tenant=tenant)


def _check_pointer(members: _Members, *, field: str, tenant: str) -> None:
    if len(members) != 1:
        raise _refused(
            "Keep a pointer alone in its object: what has a member $object has no other. Give the pointer "
            "an object of its own.",
            field=field,
        )
    target = members[POINTER_NAME].get("M")
    if target is None or target.keys() != _MEMBERS:
        raise _refused(
            "Send an object with exactly the members key, length and header_sha256. Only pointers may be "
            "named $object: choose another name for anything else.",
            field=field,
        )
    _check_key(target["key"], field=member_field(field, "key"), tenant=tenant)
    _check_length(target["length"], field=member_field(field, "length"))
    _check_header_hash(target["header_sha256"], field=member_field(field, "header_sha256"))


def _check_key(value: AttributeValue, *, field: str, tenant: str) -> None:
    folder, _, object_id = value.get("S", "").rpartition("/")
    # Ids of objects follow the rule for ids of records, so no key has dot segments or further folders.
    if folder != f"tenants/{tenant}" or not RECORD_ID.fullmatch(object_id):
        raise _refused(
            f"Point at an object of this tenant: send tenants/{tenant}/ and the object's id, 1 to 128 "
            "letters, digits, - and _, the first a letter or a digit.",
            field=field,
        )


def _check_length(value: AttributeValue, *, field: str) -> None:
    digits = value.get("N", "")
    if not _WHOLE_NUMBER.fullmatch(digits) or int(digits) > MAX_LENGTH:
        raise _refused(
            f"Send the bytes of the object's plaintext as a whole number from 0 to {MAX_LENGTH}.",
            field=field,
            limit=MAX_LENGTH,
        )


def _check_header_hash(value: AttributeValue, *, field: str) -> None:
    if not _SHA256.fullmatch(value.get("S", "")):
        raise _refused(
            "Send the SHA-256 of the stored message's header as text: 64 hexadecimal digits in lower case.",
            field=field,
        )


def _refused(detail: str, *, field: str, limit: int | None = None) -> Problem:
    return Problem(problems.INVALID_OBJECT_POINTER, detail, field=field, limit=limit)
