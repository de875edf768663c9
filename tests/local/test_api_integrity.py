"""Items changed behind the service's back, in the deployed table: every change is found, and said so."""

from collections.abc import Callable
from typing import Any

import pytest

Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def flipped(value: bytes, *, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def with_bit_flipped(name: str, *, bit: int) -> Change:
    return lambda item, _: {**item, name: {"B": flipped(item[name]["B"], bit=bit)}}


def with_data_key_exchanged(item: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The other record's encrypted data key in this record's header; the commitment after it stays."""
    head, donor = item["aws_dbe_head"]["B"], other["aws_dbe_head"]["B"]
    start = head.index(b"\x00\x07aws-kms")
    assert (len(head), donor.index(b"\x00\x07aws-kms")) == (len(donor), start)
    return {**item, "aws_dbe_head": {"B": head[:start] + donor[start:-32] + head[-32:]}}


CHANGES: dict[str, Change] = {
    "a flipped bit in a value": with_bit_flipped("name", bit=100),
    "a flipped bit in the header's version": with_bit_flipped("aws_dbe_head", bit=0),
    "a flipped bit in the message id": with_bit_flipped("aws_dbe_head", bit=8 * 10),
    "a flipped bit in the commitment": lambda item, _: {
        **item,
        "aws_dbe_head": {"B": flipped(item["aws_dbe_head"]["B"], bit=8 * len(item["aws_dbe_head"]["B"]) - 1)},
    },
    "a flipped bit in the footer": with_bit_flipped("aws_dbe_foot", bit=7),
    "an exchanged data key": with_data_key_exchanged,
    "an exchanged header": lambda item, other: {**item, "aws_dbe_head": other["aws_dbe_head"]},
    "an exchanged value": lambda item, other: {**item, "name": other["name"]},
    "two values exchanged": lambda item, _: {**item, "name": item["note"], "note": item["name"]},
    "a dropped attribute": lambda item, _: {name: value for name, value in item.items() if name != "note"},
    "an added attribute": lambda item, _: {**item, "admin": {"BOOL": True}},
    "a renamed attribute": lambda item, _: {("title" if n == "note" else n): v for n, v in item.items()},
    "another revision": lambda item, _: {**item, "revision": {"S": "0" * 32}},
    "another time": lambda item, _: {**item, "updated_at": {"S": "2020-01-01T00:00:00.000000Z"}},
    "a value in clear": lambda item, _: {**item, "name": {"S": "Mallory"}},
    "no header": lambda item, _: {name: value for name, value in item.items() if name != "aws_dbe_head"},
    "no footer": lambda item, _: {name: value for name, value in item.items() if name != "aws_dbe_foot"},
    "nothing encrypted at all": lambda item, _: {
        **{name: item[name] for name in ("tenant", "record", "revision", "updated_at")},
        "name": {"S": "Mallory"},
    },
}


@pytest.fixture
def stored(api: Any) -> Any:
    api.put("p-1", {"name": "Ana", "note": "private"})
    api.put("p-2", {"name": "Ben", "note": "private"})
    return api


def assert_refused(api: Any, record: str) -> None:
    """Reading the record fails, is told to the operator by its ids, and counted."""
    refused = api.get(record)

    assert (refused.status, refused.slug) == (500, "integrity-failure")
    assert "Ana" not in refused.text
    logged = api.reader_log(refused.body["request_id"])
    (finding,) = [line for line in logged if line.get("message") == "integrity failure"]
    assert (finding["tenant"], finding["record"]) == (api.tenant, record)
    assert logged[-1]["IntegrityFailures"] == [1.0]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_item_is_refused_and_the_others_are_listed(stored: Any, change: str) -> None:
    item = CHANGES[change](stored.item("p-1"), stored.item("p-2"))
    stored.plant(item)

    assert_refused(stored, "p-1")
    page = stored.page().body
    assert [entry["data"]["name"] for entry in page["records"]] == ["Ben"]
    assert [entry["record"] for entry in page["failed"]] == ["p-1"]
    assert page["failed"][0]["problem"]["type"] == "urn:sealed-records:problem:integrity-failure"


def test_an_item_copied_to_another_tenant_is_refused(stored: Any, globex: Any) -> None:
    stored.plant({**stored.item("p-1"), "tenant": {"S": "globex"}})

    assert_refused(globex, "p-1")
    assert globex.page().body["records"] == []


def test_an_item_copied_to_another_record_is_refused(stored: Any) -> None:
    stored.plant({**stored.item("p-1"), "record": {"S": "p-2"}})

    assert_refused(stored, "p-2")
    assert stored.get("p-1").body["name"] == "Ana"


def test_a_changed_item_can_be_replaced(stored: Any) -> None:
    stored.plant(CHANGES["a flipped bit in a value"](stored.item("p-1"), {}))

    assert stored.put("p-1", {"name": "Ana again"}).status == 200
    assert stored.get("p-1").body == {"name": "Ana again"}


def test_an_old_version_put_back_is_accepted(stored: Any) -> None:
    # A limit of the format, and documented: it knows no newest version.
    old = stored.item("p-1")
    stored.put("p-1", {"name": "Anna"})
    stored.plant(old)

    assert stored.get("p-1").body["name"] == "Ana"
