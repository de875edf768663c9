"""What a request may look like; every refusal has its own problem and changes nothing."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

REVISION = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def untouched(service: Any) -> Iterator[Any]:
    """A service with one record, which must be as it was afterwards."""
    service.put("acme", "p-1", {"n": 1})
    before = service.items()
    yield service
    assert service.items() == before


@pytest.mark.parametrize(
    "tenant",
    ["", "-a", "_a", "a.b", "a/b", "..", ".", "a b", "a\x00b", "a\nb", "ä", "a" * 65, "a%2Fb", "acme\n"],
)
def test_a_tenant_id_of_another_form_is_refused(untouched: Any, tenant: str) -> None:
    for method, record in [("PUT", "p-1"), ("GET", "p-1"), ("DELETE", "p-1"), ("GET", None)]:
        refused = untouched.call(method, tenant, record, body="{}" if method == "PUT" else None)

        assert (refused.status, refused.slug) == (400, "invalid-tenant-id")


@pytest.mark.parametrize(
    "record", ["-a", "a.json", "a/b", "..", "a b", "a\x1fb", "ä", "a" * 129, "a:b", "p-1\n"]
)
def test_a_record_id_of_another_form_is_refused(untouched: Any, record: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        refused = untouched.call(method, "acme", record, body="{}" if method == "PUT" else None)

        assert (refused.status, refused.slug) == (400, "invalid-record-id")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.body["request_id"] == "request-1"


@pytest.mark.parametrize(
    "path",
    [
        "/tenants/%61cme/records/p-1",
        "/tenants/acme/records/p%2D1",
        "/tenants/acme/records/p-1/",
        "/tenants/acme/records//p-1",
        "/tenants/acme/./records/p-1",
        "/tenants/globex/../acme/records/p-1",
        "/tenants/globex/records/p-1",
        "/tenants/acme/records/p-1?x=1",
    ],
)
def test_a_path_that_is_not_spelled_plainly_is_refused(untouched: Any, path: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        refused = untouched.call(method, "acme", "p-1", body="{}" if method == "PUT" else None, path=path)

        assert (refused.status, refused.slug) == (400, "invalid-path")


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": ""},
        {"If-Match": REVISION},
        {"If-Match": f'W/"{REVISION}"'},
        {"If-Match": f'"{REVISION}", "{REVISION}"'},
        {"If-Match": f'"{REVISION.upper()}"'},
        {"If-Match": '"1"'},
        {"If-Match": f'"{REVISION}'},
        {"If-None-Match": f'"{REVISION}"'},
        {"If-None-Match": ""},
        {"If-Match": f'"{REVISION}"', "If-None-Match": "*"},
    ],
)
def test_a_precondition_that_cannot_be_read_is_refused(untouched: Any, headers: Any) -> None:
    refused = untouched.put("acme", "p-1", {}, headers=headers)

    assert (refused.status, refused.slug) == (400, "invalid-precondition")
    assert refused.body["field"] in headers


def test_two_headers_of_one_name_are_one_list(untouched: Any) -> None:
    headers = {"If-Match": [f'"{REVISION}"', f'"{REVISION}"'], "Content-Type": ["application/json"]}

    refused = untouched.call("PUT", "acme", "p-1", body="{}", multiValueHeaders=headers)

    assert refused.slug == "invalid-precondition"


def test_deleting_what_must_be_absent_is_refused(untouched: Any) -> None:
    assert (
        untouched.call("DELETE", "acme", "p-1", headers={"If-None-Match": "*"}).slug == "invalid-precondition"
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/json; version=1",
        "application/json, application/json",
        "",
        None,
    ],
)
def test_another_content_type_is_refused(untouched: Any, content_type: Any) -> None:
    headers = {} if content_type is None else {"content-type": [content_type]}

    refused = untouched.call(
        "PUT", "acme", "p-1", body="{}", headers={}, multiValueHeaders=headers or {"x": ["y"]}
    )

    assert (refused.status, refused.slug) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"'],
)
def test_json_in_utf8_is_taken(service: Any, content_type: Any) -> None:
    headers = {"CONTENT-TYPE": [content_type]}

    assert service.call("PUT", "acme", "p-1", body="{}", multiValueHeaders=headers).status == 201


def test_a_compressed_body_is_refused(untouched: Any) -> None:
    assert (
        untouched.put("acme", "p-1", {}, headers={"Content-Encoding": "gzip"}).slug
        == "unsupported-media-type"
    )


@pytest.mark.parametrize("body", [None, "", "  \r\n"])
def test_an_empty_body_is_refused(untouched: Any, body: Any) -> None:
    headers = {"Content-Type": ["application/json"]}

    assert untouched.call("PUT", "acme", "p-1", body=body, multiValueHeaders=headers).slug == "empty-body"


@pytest.mark.parametrize(
    "raw", [b'{"a":"\xff"}', b"\xff\xfe{\x00}\x00", b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\xaf"}']
)
def test_a_body_that_is_not_utf8_is_refused(untouched: Any, raw: Any) -> None:
    refused = untouched.call("PUT", "acme", "p-1", body=b64encode(raw).decode(), isBase64Encoded=True)

    assert (refused.status, refused.slug) == (400, "invalid-encoding")


def test_a_body_that_api_gateway_had_to_repair_is_refused(untouched: Any) -> None:
    refused = untouched.call("PUT", "acme", "p-1", body='{"a":"\ufffd"}')

    assert (refused.status, refused.slug) == (400, "invalid-encoding")


def test_the_replacement_character_itself_can_be_stored(service: Any) -> None:
    assert service.call("PUT", "acme", "p-1", body='{"a":"\\ufffd"}').status == 201
    assert service.get("acme", "p-1").body == {"a": "\ufffd"}


def test_a_body_whose_transfer_encoding_is_broken_is_refused(untouched: Any) -> None:
    assert untouched.call("PUT", "acme", "p-1", body="{}", isBase64Encoded=True).slug == "invalid-encoding"
    assert untouched.call("PUT", "acme", "p-1", body='{"a":"\ud800"}').slug == "invalid-encoding"


@pytest.mark.parametrize(("body", "encoded"), [(" " * 2_097_153, False), ("é" * 1_048_577, False)])
def test_a_body_over_two_megabytes_is_refused_unread(untouched: Any, body: Any, encoded: Any) -> None:
    refused = untouched.call("PUT", "acme", "p-1", body=body)
    again = untouched.call("PUT", "acme", "p-1", body=b64encode(body.encode()).decode(), isBase64Encoded=True)

    assert (refused.status, refused.slug, refused.body["limit"]) == (413, "body-too-large", 2_097_152)
    assert again.slug == "body-too-large"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.0"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"prefix": "a/b"}, "prefix"),
        ({"prefix": "a%"}, "prefix"),
        ({"prefix": "a" * 129}, "prefix"),
        ({"limt": "5"}, "limt"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused(untouched: Any, query: Any, field: Any) -> None:
    refused = untouched.call("GET", "acme", query=query)

    assert (refused.status, refused.slug, refused.body["field"]) == (400, "invalid-parameter", field)


def test_a_parameter_that_stands_twice_is_refused(untouched: Any) -> None:
    refused = untouched.call("GET", "acme", multiValueQueryStringParameters={"limit": ["1", "2"]})

    assert refused.slug == "invalid-parameter"


def test_an_unknown_method_is_told_which_are_known(untouched: Any) -> None:
    refused = untouched.call("POST", "acme", "p-1", body="{}")

    assert (refused.status, refused.slug, refused.headers["Allow"]) == (
        405,
        "method-not-allowed",
        "DELETE, GET, PUT",
    )


def test_an_unknown_path_is_not_found(untouched: Any) -> None:
    refused = untouched.call("GET", "acme", path="/elsewhere", pathParameters=None)

    assert (refused.status, refused.slug) == (404, "no-such-route")
