"""Bad input against the deployed API: each kind has its own problem, and changes nothing in the table."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

REVISION = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def untouched(api: Any) -> Iterator[Any]:
    """The API with one record; afterwards the table must hold exactly what it held before."""
    api.put("p-1", {"n": 1})
    before = api.items()
    yield api
    assert api.items() == before


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        pytest.param(b"", 400, "empty-body", id="empty"),
        pytest.param(b" \r\n", 400, "empty-body", id="blank"),
        pytest.param(b" " * (2 * 1024 * 1024 + 1), 413, "body-too-large", id="oversized"),
        pytest.param(b"x" * (11 * 1024 * 1024), 413, "body-too-large", id="beyond-the-gateway"),
        pytest.param(b'{"a":1', 400, "malformed-json", id="cut-off"),
        pytest.param(b"{'a':1}", 400, "malformed-json", id="single-quotes"),
        pytest.param(b'{"a":1}{"b":2}', 400, "malformed-json", id="two-objects"),
        pytest.param(b'{"a":1,}', 400, "malformed-json", id="trailing-comma"),
        pytest.param(b'{"a":"\x01"}', 400, "malformed-json", id="raw-control-character"),
        pytest.param(b'[{"a":1}]', 400, "not-an-object", id="array"),
        pytest.param(b'"text"', 400, "not-an-object", id="text"),
        pytest.param(b"null", 400, "not-an-object", id="null"),
        pytest.param(b'{"a":1,"a":2}', 400, "duplicate-name", id="duplicate"),
        pytest.param(b'{"a":{"b":1,"\\u0062":2}}', 400, "duplicate-name", id="duplicate-by-escape"),
        pytest.param(nested(33), 422, "too-deep", id="a-level-too-deep"),
        pytest.param(nested(100_000), 422, "too-deep", id="abysmal"),
        pytest.param(b'{"a":' + b"[" * 1_000_000, 422, "too-deep", id="abysmal-and-open"),
        pytest.param(b'{"a":NaN}', 400, "number-not-finite", id="nan"),
        pytest.param(b'{"a":[Infinity]}', 400, "number-not-finite", id="infinity"),
        pytest.param(b'{"a":-Infinity}', 400, "number-not-finite", id="minus-infinity"),
        pytest.param(b'{"a":' + b"1" * 39 + b"}", 422, "number-out-of-range", id="39-digits"),
        pytest.param(b'{"a":1.' + b"1" * 38 + b"}", 422, "number-out-of-range", id="39-digits-with-a-point"),
        pytest.param(b'{"a":1e126}', 422, "number-out-of-range", id="too-large-a-number"),
        pytest.param(b'{"a":1e-131}', 422, "number-out-of-range", id="too-small-a-number"),
        pytest.param(b'{"a":1e99999999999999999999}', 422, "number-out-of-range", id="absurd-exponent"),
        pytest.param(
            b'{"a":' + b"9" * 500_000 + b"}", 422, "number-out-of-range", id="half-a-million-digits"
        ),
        pytest.param(b'{"a":"\xff\xfe"}', 400, "invalid-encoding", id="not-utf8"),
        pytest.param('{"a":"ž"}'.encode("iso8859-2"), 400, "invalid-encoding", id="latin-2"),
        pytest.param('{"a":1}'.encode("utf-16"), 400, "invalid-encoding", id="utf-16"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', 400, "invalid-encoding", id="surrogate-in-bytes"),
        pytest.param(b'{"a":"\\ud83d"}', 400, "unpaired-surrogate", id="surrogate-in-a-text"),
        pytest.param(b'{"\\udc00":1}', 400, "unpaired-surrogate", id="surrogate-in-a-name"),
        pytest.param(b'{"":1}', 422, "invalid-name", id="empty-name"),
        pytest.param(b'{"a":[{"":1}]}', 422, "invalid-name", id="empty-name-inside"),
        pytest.param(b'{"' + b"n" * 256 + b'":1}', 422, "invalid-name", id="long-name"),
        pytest.param(b'{"a":{"' + "ž".encode() * 128 + b'":1}}', 422, "invalid-name", id="long-name-inside"),
        *(
            pytest.param(json.dumps({name: 1}).encode(), 422, "reserved-name", id=name)
            for name in (
                "tenant",
                "record",
                "revision",
                "updated_at",
                "aws_dbe_head",
                "aws_dbe_foot",
                "aws_dbe_b_x",
            )
        ),
        pytest.param(b'{"a":"' + b"x" * 409_600 + b'"}', 413, "record-too-large", id="over-400-KB-encrypted"),
    ],
)
def test_a_bad_body_has_its_own_problem_and_changes_nothing(
    untouched: Any, body: bytes, status: int, slug: str
) -> None:
    for record in ("p-1", "new"):
        refused = untouched.put(record, body)

        assert (refused.status, refused.slug) == (status, slug)


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        pytest.param("/tenants/acme/records/a%2Fb", 400, "invalid-record-id", id="encoded-slash"),
        pytest.param(
            "/tenants/ac%2Fme/records/p-1", 400, "invalid-tenant-id", id="encoded-slash-in-the-tenant"
        ),
        pytest.param("/tenants/acme/records/a/b", 403, "not-signed", id="slash"),
        pytest.param("/tenants/acme/records/p.1", 400, "invalid-record-id", id="dot"),
        pytest.param("/tenants/acme/records/%2E%2E", 400, "invalid-record-id", id="encoded-dot-segment"),
        pytest.param("/tenants/acme/records/..%2Fp-1", 400, "invalid-record-id", id="dot-segment-and-slash"),
        pytest.param(
            "/tenants/%2E%2E/records/p-1", 400, "invalid-tenant-id", id="dot-segment-for-the-tenant"
        ),
        pytest.param("/tenants/acme/records/%70-1", 400, "invalid-path", id="needless-encoding"),
        pytest.param(
            "/tenants/%61cme/records/p-1", 400, "invalid-path", id="needless-encoding-of-the-tenant"
        ),
        pytest.param("/tenants/acme/%72ecords/p-1", 400, "invalid-path", id="needless-encoding-of-the-route"),
        pytest.param("/tenants/acme/records/p%2D1", 400, "invalid-path", id="encoded-hyphen"),
        pytest.param("/tenants/acme/records/p%252D1", 400, "invalid-record-id", id="twice-encoded"),
        pytest.param("/tenants/acme/records/p%00", 400, "invalid-record-id", id="nul"),
        pytest.param("/tenants/acme/records/p-1%0A", 400, "invalid-record-id", id="newline"),
        pytest.param("/tenants/acme/records/p%7F", 400, "invalid-record-id", id="delete"),
        pytest.param("/tenants/a%09b/records/p-1", 400, "invalid-tenant-id", id="tab-in-the-tenant"),
        pytest.param("/tenants/acme/records/%C5%BE", 400, "invalid-record-id", id="letter-beyond-ascii"),
        pytest.param("/tenants/acme/records/%FF", 400, "invalid-record-id", id="no-utf8"),
        pytest.param("/tenants/acme/records/-p", 400, "invalid-record-id", id="hyphen-first"),
        pytest.param("/tenants/acme/records/" + "p" * 129, 400, "invalid-record-id", id="long"),
        pytest.param("/tenants/" + "t" * 65 + "/records/p-1", 400, "invalid-tenant-id", id="long-tenant"),
        pytest.param("/tenants/acme/records/p-1;v=2", 400, "invalid-record-id", id="path-parameter"),
        pytest.param("/tenants/acme/records/p+1", 400, "invalid-record-id", id="plus"),
    ],
)
def test_a_bad_id_has_its_own_problem_and_changes_nothing(
    untouched: Any, everywhere: Any, path: str, status: int, slug: str
) -> None:
    # IAM would stop a tenant's caller before the function has a look.
    untouched = replace(untouched, key=everywhere)
    for method in ("PUT", "GET", "DELETE"):
        headers = {"Content-Type": "application/json"} if method == "PUT" else {}
        refused = untouched.send_raw(method, path, body=b"{}" if method == "PUT" else b"", headers=headers)

        assert (refused.status, refused.slug) == (status, slug)


@pytest.mark.parametrize("path", ["/tenants/acme/records/../records/p-1", "/tenants/./acme/records/p-1"])
def test_a_path_with_dot_segments_reaches_no_record(untouched: Any, path: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        headers = {"Content-Type": "application/json"} if method == "PUT" else {}
        refused = untouched.send_raw(method, path, body=b"{}" if method == "PUT" else b"", headers=headers)

        assert (refused.status, refused.slug) in [(403, "not-signed"), (403, "invalid-signature")]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/json; charset=utf-16", "application/x-ndjson"],
)
def test_another_content_type_is_refused(untouched: Any, content_type: str) -> None:
    refused = untouched.put("p-1", {"n": 2}, headers={"Content-Type": content_type})

    assert (refused.status, refused.slug) == (415, "unsupported-media-type")


def test_a_missing_content_type_is_refused(untouched: Any) -> None:
    refused = untouched.call("PUT", "/p-1", body=b"{}")

    assert (refused.status, refused.slug) == (415, "unsupported-media-type")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status", "slug"),
    [
        pytest.param({"If-Match": f'"{REVISION}"'}, 412, "revision-mismatch", id="of-another-revision"),
        pytest.param({"If-Match": ""}, 400, "invalid-precondition", id="empty"),
        pytest.param({"If-Match": REVISION}, 400, "invalid-precondition", id="unquoted"),
        pytest.param({"If-Match": '"abc"'}, 400, "invalid-precondition", id="of-another-form"),
        pytest.param({"If-Match": f'W/"{REVISION}"'}, 400, "invalid-precondition", id="weak"),
        pytest.param({"If-Match": f'"{REVISION}", "{REVISION}"'}, 400, "invalid-precondition", id="list"),
        pytest.param({"If-None-Match": f'"{REVISION}"'}, 400, "invalid-precondition", id="in-if-none-match"),
        pytest.param(
            {"If-Match": f'"{REVISION}"', "If-None-Match": "*"}, 400, "invalid-precondition", id="in-both"
        ),
    ],
)
def test_a_wrong_etag_has_its_own_problem_and_changes_nothing(
    untouched: Any, method: str, headers: dict[str, str], status: int, slug: str
) -> None:
    if method == "PUT":
        refused = untouched.put("p-1", {"n": 2}, headers=headers)
    else:
        refused = untouched.delete("p-1", headers=headers)

    assert (refused.status, refused.slug) == (status, slug)


def test_an_etag_for_a_record_that_is_absent_does_not_match(untouched: Any) -> None:
    refused = untouched.put("new", {"n": 2}, headers={"If-Match": f'"{REVISION}"'})

    assert (refused.status, refused.slug) == (412, "revision-mismatch")
    assert untouched.put("new", {"n": 2}, headers={"If-Match": "*"}).slug == "revision-mismatch"


def test_creating_what_exists_is_refused(untouched: Any) -> None:
    refused = untouched.put("p-1", {"n": 2}, headers={"If-None-Match": "*"})

    assert (refused.status, refused.slug) == (409, "record-exists")


@pytest.mark.parametrize("cursor", ["", "AAAA", "%", "not a cursor", "ž", "A" * 1000])
def test_what_is_no_cursor_is_refused(untouched: Any, cursor: str) -> None:
    refused = untouched.page(cursor=cursor)

    assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-cursor", "cursor")


def test_a_forged_cursor_or_one_of_another_list_is_refused(api: Any, globex: Any) -> None:
    for number in range(3):
        api.put(f"p-{number}", {})
        globex.put(f"p-{number}", {})
    before = api.items()
    cursor = api.page(limit="1").body["cursor"]
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = urlsafe_b64encode(raw[:-1] + b"9").decode().rstrip("=")

    assert api.page(cursor=cursor).status == 200
    assert api.page(cursor=forged).slug == "invalid-cursor"
    assert globex.page(cursor=cursor).slug == "invalid-cursor"
    assert api.page(cursor=cursor, prefix="p").slug == "invalid-cursor"
    assert api.items() == before


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"prefix": "../"}, "prefix"),
        ({"prefix": "p%"}, "prefix"),
        ({"offset": "1"}, "offset"),
    ],
)
def test_a_bad_parameter_is_named(untouched: Any, query: dict[str, str], field: str) -> None:
    refused = untouched.page(**query)

    assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-parameter", field)


def test_an_unknown_method_reaches_nothing(untouched: Any) -> None:
    assert untouched.call("POST", "/p-1", body=b"{}").status == 403
    assert untouched.call("PATCH", "/p-1", body=b"{}").slug == "not-signed"
