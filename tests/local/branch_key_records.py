"""A tenant with records under two versions of its branch key, and what of it lies in the tables."""

from collections import Counter
from typing import Any

from local.stored_item import HEADER, read_header

RECORDS = 6
# A wrapped key begins with the data key under the intermediate key (48 bytes); then follow salt and nonce.
VERSION_BYTES = slice(48 + 28, 48 + 44)


def with_records(branch_keys: Any, tenant: str, *, created: bool = False) -> Any:
    """The six records of a tenant, half of them under a second version of its branch key."""
    api = branch_keys.records(tenant)
    if not created:
        assert branch_keys.create(tenant).status == 201
    for n in range(RECORDS):
        if n == RECORDS // 2:
            assert branch_keys.rotate(tenant).status == 201
            branch_keys.forget()
        assert api.put(f"r-{n}", {"n": n}).status == 201
    return api


def check_all_read(api: Any) -> None:
    """Check that each record is read as it was written."""
    for n in range(RECORDS):
        reply = api.get(f"r-{n}")
        assert (reply.status, reply.body) == (200, {"n": n})


def version_of(api: Any, record: str) -> bytes:
    """The version of the branch key that a stored record names."""
    return read_header(api.item(record)[HEADER]["B"]).wrapped_key[VERSION_BYTES]


def arns(branch_keys: Any, tenant: str) -> dict[str, int]:
    """How many of a tenant's items are wrapped under each KMS key."""
    return dict(Counter(item["kms-arn"]["S"] for item in branch_keys.items(tenant).values()))
