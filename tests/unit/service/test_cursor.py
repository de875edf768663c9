"""Cursors: opaque to the caller, bound to the list they were given for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cursor import read_cursor, write_cursor
from service.names import RECORD_ID, TENANT_ID
from service.problems import Problem
from service.tenant_cursors import (
    Count,
    read_count_cursor,
    read_list_cursor,
    write_count_cursor,
    write_list_cursor,
)

KEY = b"arn:aws:cloudformation:eu-central-1:123456789012:stack/unit/0"
tenants = st.from_regex(TENANT_ID, fullmatch=True)
records = st.from_regex(RECORD_ID, fullmatch=True)


@given(records, tenants, records | st.just(""))
def test_a_cursor_leads_back_to_its_record(record: str, tenant: str, prefix: str) -> None:
    cursor = write_cursor(record, tenant=tenant, prefix=prefix, key=KEY)

    assert read_cursor(cursor, tenant=tenant, prefix=prefix, key=KEY) == record


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "globex"},
        {"prefix": "p-1"},
        {"prefix": ""},
        {"key": b"another stack"},
    ],
)
def test_a_cursor_of_another_list_is_refused(other: Any) -> None:
    own = {"tenant": "acme", "prefix": "p-", "key": KEY}
    cursor = write_cursor("p-1", **own)

    with pytest.raises(Problem, match="invalid-cursor"):
        read_cursor(cursor, **{**own, **other})


def test_tenant_and_prefix_do_not_run_into_each_other() -> None:
    cursor = write_cursor("x", tenant="ab", prefix="c", key=KEY)

    with pytest.raises(Problem, match="invalid-cursor"):
        read_cursor(cursor, tenant="a", prefix="bc", key=KEY)


def test_every_changed_character_is_refused() -> None:
    cursor = write_cursor("p-1", tenant="acme", prefix="", key=KEY)

    for position, character in enumerate(cursor):
        for other in {"A", "B", "-", "_", "="} - {character}:
            changed = cursor[:position] + other + cursor[position + 1 :]
            with pytest.raises(Problem, match="invalid-cursor"):
                read_cursor(changed, tenant="acme", prefix="", key=KEY)


@pytest.mark.parametrize("cursor", ["", "=", "é", "A" * 5000, "not base64!", "AAAA", "\x00", " "])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="invalid-cursor"):
        read_cursor(cursor, tenant="acme", prefix="", key=KEY)


@given(st.text(max_size=80))
def test_no_text_but_a_cursor_is_read(text: str) -> None:
    with pytest.raises(Problem, match="invalid-cursor"):
        read_cursor(text, tenant="acme", prefix="", key=KEY)


any_key = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
counts = st.integers(0, 10**12)


@pytest.mark.parametrize("delete", [True, False])
@given(after=any_key, tenant=tenants, counted=counts, outside=counts, deleted=counts)
def test_a_count_cursor_leads_back_to_its_count(
    delete: Any, after: str, tenant: str, counted: int, outside: int, deleted: int
) -> None:
    count = Count(after=after, counted=counted, outside=outside, deleted=deleted)
    cursor = write_count_cursor(count, tenant=tenant, delete_records=delete, key=KEY)

    assert read_count_cursor(cursor, tenant=tenant, delete_records=delete, key=KEY) == count
    with pytest.raises(Problem, match="invalid-cursor"):
        read_count_cursor(cursor, tenant=tenant, delete_records=not delete, key=KEY)


@given(any_key, st.sampled_from(["branch:ACTIVE", "shredded"]))
def test_a_cursor_of_branch_keys_leads_back_to_its_place(branch_key_id: str, kind: str) -> None:
    cursor = write_list_cursor((branch_key_id, kind), key=KEY)

    assert read_list_cursor(cursor, key=KEY) == (branch_key_id, kind)


def test_the_longest_keys_fit_into_a_cursor() -> None:
    count = Count(after="é" * 512, counted=10**15, outside=10**15, deleted=10**15)
    counted = write_count_cursor(count, tenant="a" * 64, delete_records=True, key=KEY)
    listed = write_list_cursor(("é" * 1024, "branch:ACTIVE"), key=KEY)

    assert read_count_cursor(counted, tenant="a" * 64, delete_records=True, key=KEY) == count
    assert read_list_cursor(listed, key=KEY) == ("é" * 1024, "branch:ACTIVE")
