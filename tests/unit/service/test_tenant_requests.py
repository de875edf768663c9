"""What a call of `/branch-keys` may look like; every refusal has its own problem and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

ARN = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
CALLS = [
    ("PUT", ""),
    ("GET", ""),
    ("DELETE", ""),
    ("POST", "/versions"),
    ("POST", "/moves"),
]


@pytest.fixture
def untouched(tenants: Any) -> Iterator[Any]:
    """A key store with one tenant, which must be as it was afterwards."""
    tenants.create("acme")
    tenants.put("acme", "p-1", {"n": 1})
    before = tenants.key_store("acme"), tenants.items()
    yield tenants
    assert (tenants.key_store("acme"), tenants.items()) == before
    assert len(tenants.table.scan(TableName="unit-key-store")["Items"]) == 3


@pytest.mark.parametrize(
    "tenant",
    ["-a", "_a", "a.b", "a/b", "..", "a b", "a\x00b", "acme\n", "ä", "a" * 65, "a%2Fb", "branch:ACTIVE"],
)
@pytest.mark.parametrize(("method", "below"), CALLS)
def test_a_tenant_id_of_another_form_is_refused(untouched: Any, method: str, below: str, tenant: str) -> None:
    refused = untouched.ask(
        method,
        f"/branch-keys/x{below}",
        path=f"/branch-keys/{quote(tenant)}{below}",
        pathParameters={"tenant": tenant},
        query={"confirm": tenant} if method == "DELETE" else None,
        body=json.dumps({"to": untouched.key_arn}) if below == "/moves" else None,
    )

    assert (refused.status, refused.slug) == (400, "invalid-tenant-id")


@pytest.mark.parametrize(
    "path",
    [
        "/branch-keys/%61cme{}",
        "/branch-keys/acme{}/",
        "/branch-keys//acme{}",
        "/branch-keys/./acme{}",
        "/branch-keys/globex/../acme{}",
        "/branch-keys/globex{}",
        "/tenants/acme{}",
    ],
)
@pytest.mark.parametrize(("method", "below"), CALLS)
def test_a_path_that_is_not_spelled_plainly_is_refused(
    untouched: Any, method: str, below: str, path: str
) -> None:
    refused = untouched.ask(
        method,
        f"/branch-keys/acme{below}",
        path=path.format(below),
        query={"confirm": "acme"} if method == "DELETE" else None,
    )

    assert (refused.status, refused.slug) == (400, "invalid-path")


@pytest.mark.parametrize(
    "query", [{}, {"confirm": ""}, {"confirm": "globex"}, {"confirm": "ACME"}, {"confirm": "acme\n"}]
)
def test_a_shredding_that_is_not_confirmed_is_refused(untouched: Any, query: Any) -> None:
    refused = untouched.ask("DELETE", "/branch-keys/acme", query=query)

    assert (refused.status, refused.slug) == (400, "confirmation-missing")
    assert refused.body["field"] == "confirm"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"confirm": ["acme"], "delete-records": ["yes"]}, "delete-records"),
        ({"confirm": ["acme"], "delete-records": [""]}, "delete-records"),
        ({"confirm": ["acme"], "delete-records": ["true\n"]}, "delete-records"),
        ({"confirm": ["acme"], "delete_records": ["true"]}, "delete_records"),
        ({"confirm": ["acme"], "delete-record": ["false"]}, "delete-record"),
        ({"confirm": ["acme", "acme"]}, "confirm"),
        ({"confirm": ["acme", "globex"]}, "confirm"),
        ({"confirm": ["acme"], "delete-records": ["true", "false"]}, "delete-records"),
        ({"confirm": ["acme"], "cursor": ["a", "b"]}, "cursor"),
    ],
)
def test_a_shredding_with_another_parameter_is_refused(untouched: Any, query: Any, field: str) -> None:
    refused = untouched.ask("DELETE", "/branch-keys/acme", multiValueQueryStringParameters=query)

    assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-parameter", field)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/branch-keys/acme"),
        ("GET", "/branch-keys/acme"),
        ("POST", "/branch-keys/acme/versions"),
        ("POST", "/branch-keys/acme/moves"),
    ],
)
def test_a_parameter_where_there_is_none_is_refused(untouched: Any, method: str, path: str) -> None:
    refused = untouched.ask(method, path, query={"confirm": "acme"})

    assert (refused.slug, refused.body["field"]) == ("invalid-parameter", "confirm")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"limit": ["101"]}, "limit"),
        ({"limit": ["5", "5"]}, "limit"),
        ({"prefix": ["a"]}, "prefix"),
    ],
)
def test_a_list_with_a_parameter_out_of_its_range_is_refused(untouched: Any, query: Any, field: str) -> None:
    refused = untouched.ask("GET", "/branch-keys", multiValueQueryStringParameters=query)

    assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-parameter", field)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"to": ""},
        {"to": 5},
        {"to": None},
        {"to": [ARN]},
        {"to": "alias/envelope"},
        {"to": ARN.replace(":key/", ":alias/")},
        {"to": ARN + "\n"},
        {"to": ARN, "from": ARN},
    ],
)
def test_a_move_without_one_key_arn_is_refused(untouched: Any, body: Any) -> None:
    refused = untouched.ask("POST", "/branch-keys/acme/moves", body=json.dumps(body))

    assert (refused.status, refused.slug) == (400, "invalid-parameter")
    assert refused.body["field"] == ("/from" if "from" in body else "/to")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (None, "unsupported-media-type"),
        ("", "empty-body"),
        (" ", "empty-body"),
        ("[]", "not-an-object"),
        ("{", "malformed-json"),
        (f'{{"to":"{ARN}","to":"{ARN}"}}', "duplicate-name"),
        ('{"to":"' + "a" * 4096 + '"}', "body-too-large"),
        ('{"tenant":"globex"}', "reserved-name"),
    ],
)
def test_a_move_with_another_body_is_refused(untouched: Any, body: Any, slug: str) -> None:
    assert untouched.ask("POST", "/branch-keys/acme/moves", body=body).slug == slug


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/branch-keys", "POST", "GET"),
        ("/branch-keys/acme", "POST", "DELETE, GET, PUT"),
        ("/branch-keys/acme/versions", "GET", "POST"),
        ("/branch-keys/acme/moves", "DELETE", "POST"),
    ],
)
def test_an_unknown_method_is_told_which_are_known(
    untouched: Any, path: str, method: str, allowed: str
) -> None:
    refused = untouched.ask(method, path)

    assert (refused.status, refused.slug, refused.headers["Allow"]) == (405, "method-not-allowed", allowed)


def test_an_unknown_path_is_not_found(untouched: Any) -> None:
    assert untouched.ask("GET", "/branch-keys/acme/beacons").slug == "no-such-route"


def test_cursors_hold_for_their_own_list_only(untouched: Any) -> None:
    untouched.create("globex")
    of_branch_keys = untouched.ask("GET", "/branch-keys", query={"limit": "1"}).body["cursor"]
    untouched.put("globex", "p-1", {})
    untouched.put("globex", "p-2", {})
    of_records = untouched.call("GET", "globex", query={"limit": "1"}).body["cursor"]

    refused = [
        untouched.ask("GET", "/branch-keys", query={"cursor": of_records}),
        untouched.shred("globex", query={"cursor": of_branch_keys}),
        untouched.shred("globex", query={"cursor": of_records}),
        untouched.call("GET", "globex", query={"cursor": of_branch_keys}),
    ]

    assert [answer.slug for answer in refused] == ["invalid-cursor"] * 4
    for record in ("p-1", "p-2"):
        untouched.call("DELETE", "globex", record)
    for item in untouched.key_store("globex").values():
        key = {name: item[name] for name in ("branch-key-id", "type")}
        untouched.table.delete_item(TableName="unit-key-store", Key=key)
