"""Pointers to objects: a record is written with its own tenant's, in their exact form, or not at all."""

import json
from typing import Any

import pytest

from service.json_body import parse_record
from service.object_pointers import MAX_LENGTH, check_object_pointers
from service.problems import Problem

SHA = "0123456789abcdef" * 4
KEY = "tenants/acme/scan-17"


def pointer(**changes: Any) -> dict[str, Any]:
    return {"$object": {"key": KEY, "length": 1048576, "header_sha256": SHA, **changes}}


def without(name: str) -> dict[str, Any]:
    return {"$object": {key: value for key, value in pointer()["$object"].items() if key != name}}


def check(text: str, *, tenant: str = "acme") -> None:
    check_object_pointers(parse_record(text), tenant=tenant)


def refusal(data: Any, *, tenant: str = "acme") -> Problem:
    text = data if isinstance(data, str) else json.dumps(data)
    with pytest.raises(Problem) as refused:
        check(text, tenant=tenant)
    assert (refused.value.kind.slug, refused.value.kind.status) == ("invalid-object-pointer", 400)
    assert refused.value.__context__ is None
    return refused.value


def nested(levels: int) -> str:
    """A record whose pointer stands inside so many lists."""
    return '{"a":' + "[" * levels + json.dumps(pointer()) + "]" * levels + "}"


@pytest.mark.parametrize(
    "data",
    [
        {"scan": pointer()},
        {"scans": [pointer(), pointer(key="tenants/acme/scan-18")]},
        {"scans": [[{"of": {"left": pointer(), "right": pointer(), "taken": "2026-01-31"}}]]},
        {"scan": pointer(key="tenants/acme/" + "x" * 128)},
        {"scan": pointer(key="tenants/acme/0")},
        {"scan": pointer(length=0)},
        {"scan": pointer(length=5497558138880)},
        pointer(),
        {"object": {"key": 1}, "$objects": None, "$Object": 1, "a": "$object", "b": ["$object"]},
        {},
    ],
)
def test_pointers_to_the_tenants_objects_are_taken(data: Any) -> None:
    check(json.dumps(data))


def test_the_largest_length_is_five_tebibytes() -> None:
    assert MAX_LENGTH == 5497558138880


@pytest.mark.parametrize("length", ["1048576", "1048576.0", "1.048576e6", "1048576000e-3"])
def test_a_length_is_an_integer_by_its_value_not_by_its_spelling(length: str) -> None:
    record = parse_record(json.dumps({"scan": pointer()}).replace("1048576", length))

    check_object_pointers(record, tenant="acme")

    assert record["scan"]["M"]["$object"]["M"]["length"] == {"N": "1048576"}


@pytest.mark.parametrize(
    "length",
    ["-1", "0.5", "1048576.5", "1e-7", "5497558138881", "5497558138880.5", "1e13", "1e21", "9" * 38, "1e125"],
)
def test_another_number_is_no_length(length: str) -> None:
    refused = refusal(json.dumps({"scan": pointer()}).replace("1048576", length))

    assert (refused.field, refused.limit) == ("/scan/$object/length", MAX_LENGTH)
    assert length not in refused.detail


@pytest.mark.parametrize("length", [True, False, None, "1048576", "", [1], {"N": "1"}, {"N": 1}])
def test_what_is_no_number_is_no_length(length: Any) -> None:
    assert refusal({"scan": pointer(length=length)}).field == "/scan/$object/length"


@pytest.mark.parametrize(
    "key",
    [
        "tenants/globex/scan-17",
        "tenants/ACME/scan-17",
        "tenants/acme-2/scan-17",
        "tenants/acm/scan-17",
        "tenants/acme/../globex/scan-17",
        "tenants/globex/../acme/scan-17",
        "tenants/acme/..",
        "tenants/acme/.",
        "tenants/acme/./scan-17",
        "tenants/acme//scan-17",
        "tenants//scan-17",
        "tenants/acme/a/scan-17",
        "tenants/acme/scan-17/",
        "tenants/acme/",
        "tenants/acme",
        "/tenants/acme/scan-17",
        "s3://bucket/tenants/acme/scan-17",
        "x/tenants/acme/scan-17",
        "records/acme/scan-17",
        "scan-17",
        "",
        "tenants/acme/-scan",
        "tenants/acme/scan.17",
        "tenants/acme/scan%2F17",
        "tenants/acme/scan-17\n",
        "tenants/acme/scan-17\x00",
        "tenants/acme\n/scan-17",
        "tenants/acme/scän",
        "tenants/acme/٣",
        "tenants/acme/" + "x" * 129,
        True,
        None,
        17,
        ["tenants/acme/scan-17"],
        {"S": "tenants/acme/scan-17"},
    ],
)
def test_any_other_key_than_one_of_the_tenant_is_refused(key: Any) -> None:
    refused = refusal({"scan": pointer(key=key)})

    assert refused.field == "/scan/$object/key"
    assert "tenants/acme/ and the object's id" in refused.detail
    assert "globex" not in refused.detail


def test_the_tenant_of_the_request_decides() -> None:
    text = json.dumps({"scan": pointer()})

    check(text, tenant="acme")
    for other in ("globex", "acm", "acme-2", "Acme"):
        assert refusal(text, tenant=other).field == "/scan/$object/key"


@pytest.mark.parametrize(
    "digest",
    [
        SHA.upper(),
        SHA[:-1],
        SHA + "0",
        SHA[:-1] + "g",
        SHA + "\n",
        SHA[:-1] + "٣",
        "0x" + SHA[:-2],
        "",
        int("1" * 30),
        True,
        None,
        [SHA],
        {"S": SHA},
    ],
)
def test_another_header_hash_than_64_lower_case_digits_is_refused(digest: Any) -> None:
    assert refusal({"scan": pointer(header_sha256=digest)}).field == "/scan/$object/header_sha256"


@pytest.mark.parametrize(
    "value",
    [
        *(without(name) for name in ("key", "length", "header_sha256")),
        pointer(bucket="elsewhere"),
        pointer(Key=KEY),
        {"$object": {}},
        {"$object": {"$object": pointer()["$object"]}},
        {"$object": None},
        {"$object": KEY},
        {"$object": ""},
        {"$object": 1},
        {"$object": False},
        {"$object": []},
        {"$object": [pointer()["$object"]]},
    ],
)
def test_what_has_not_exactly_the_three_members_is_refused(value: Any) -> None:
    assert refusal({"scan": value}).field == "/scan/$object"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"scan": {**pointer(), "taken": "2026-01-31"}}, "/scan/$object"),
        ({"scan": {"taken": None, **pointer()}}, "/scan/$object"),
        ({**pointer(), "name": "Ana"}, "/$object"),
        ({"$object": 1}, "/$object"),
    ],
)
def test_a_pointer_has_its_json_object_for_itself(data: Any, field: str) -> None:
    assert refusal(data).field == field


def test_every_pointer_of_a_record_is_checked() -> None:
    foreign = pointer(key="tenants/globex/scan-17")

    assert refusal({"scans": [pointer(), foreign]}).field == "/scans/1/$object/key"
    assert refusal({"a": pointer(), "b/~": {"c": [1, [foreign]]}}).field == "/b~1~0/c/1/0/$object/key"
    assert refusal({"a": [[[foreign]], pointer()]}).field == "/a/0/0/0/$object/key"


def test_a_pointer_whose_name_is_written_with_an_escape_is_checked() -> None:
    text = json.dumps({"scan": pointer(key="tenants/globex/scan-17")}).replace("$object", "\\u0024object")

    assert refusal(text).field == "/scan/$object/key"


def test_a_pointer_hidden_in_place_of_a_member_is_refused() -> None:
    assert refusal({"scan": pointer(key=pointer())}).field == "/scan/$object/key"


def test_a_pointer_takes_three_of_the_levels_that_a_record_has() -> None:
    check(nested(29))
    with pytest.raises(Problem) as refused:
        check(nested(30))
    assert refused.value.kind.slug == "too-deep"


@pytest.mark.parametrize("twice", ['"key":"tenants/acme/a",', '"length":1,', '"header_sha256":"",'])
def test_a_member_that_occurs_twice_is_refused(twice: str) -> None:
    text = json.dumps({"scan": pointer()}).replace('{"key"', f'{{{twice}"key"')

    with pytest.raises(Problem) as refused:
        check(text)
    assert refused.value.kind.slug == "duplicate-name"


def test_a_record_with_pointers_comes_back_as_it_was(service: Any) -> None:
    data = {"name": "Ana", "scan": pointer(), "more": [{"of": pointer(key="tenants/acme/scan-18", length=0)}]}

    assert service.put("acme", "p-1", data).status == 201
    assert service.get("acme", "p-1").body == data
    assert "B" in service.item("acme", "p-1")["scan"]


def test_a_refused_pointer_changes_nothing_and_is_not_told(service: Any, capsys: Any) -> None:
    service.put("acme", "p-1", {"n": 1})
    before = service.items()

    refused = service.put("acme", "p-1", {"scan": pointer(key="tenants/globex/marker", length=271828)})

    assert (refused.status, refused.slug) == (400, "invalid-object-pointer")
    assert refused.body["field"] == "/scan/$object/key"
    told = refused.text + capsys.readouterr().out
    assert not [value for value in ("globex", "marker", "271828", SHA) if value in told]
    assert service.items() == before


def test_what_was_stored_before_the_rule_is_read_listed_and_deleted(service: Any) -> None:
    service.put("acme", "p-1", {})
    times = {name: service.item("acme", "p-1")[name] for name in ("tenant", "revision", "updated_at")}
    old = {"$object": {"S": "free"}, "n": {"M": {"$object": {"NULL": True}, "x": {"N": "1"}}}}
    encryptor = service.writer._container.own.store.encryptor
    service.plant(encryptor.encrypt({**times, "record": {"S": "old"}, **old}))

    data = {"$object": "free", "n": {"$object": None, "x": 1}}
    assert service.get("acme", "old").body == data
    assert service.call("GET", "acme", query={"prefix": "old"}).body["records"][0]["data"] == data
    assert service.put("acme", "old", data).slug == "invalid-object-pointer"
    assert service.call("DELETE", "acme", "old").status == 204


def test_a_pointer_in_a_plaintext_attribute_is_signed_and_readable_in_the_table(start: Any) -> None:
    plain = start(PLAINTEXT_ATTRIBUTES="scan")
    plain.put("acme", "plain", {"scan": pointer(), "name": "Ana"})
    item = plain.item("acme", "plain")

    assert item["scan"]["M"]["$object"]["M"]["key"] == {"S": KEY}
    item["scan"]["M"]["$object"]["M"]["key"] = {"S": "tenants/acme/scan-18"}
    plain.plant(item)
    assert plain.get("acme", "plain").slug == "integrity-failure"
