"""put, get and delete: what is sent, what is printed, which exit code follows."""

import json
from pathlib import Path
from typing import Any

import pytest

EXACT = (
    '{ "amount": 1234.50, "long":0.12345678901234567890123456789012345678,\n'
    '"exp":1E+3, "name":"Zoë \\u00e9 \U0001f98a", "id":123456789012345678901234567890}'
)


def test_put_sends_the_file_byte_for_byte(sealed: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(EXACT, encoding="utf-8")
    result = sealed("put", "acme", "r1", path)
    assert result.code == 0
    revision, stored = server.records["acme", "r1"]
    assert stored == EXACT.encode()
    assert result.json() == {
        "tenant": "acme",
        "record": "r1",
        "revision": revision,
        "updated_at": "2026-01-02T03:04:05.000Z",
    }
    assert server.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("file", [(), ("-",)])
def test_put_reads_standard_input(sealed: Any, server: Any, file: Any) -> None:
    assert sealed("put", "acme", "r1", *file, stdin=EXACT.encode() + b"\n").code == 0
    assert server.records["acme", "r1"][1] == EXACT.encode()


def test_put_takes_away_a_byte_order_mark(sealed: Any, server: Any) -> None:
    assert sealed("put", "acme", "r1", stdin=b'\xef\xbb\xbf{"a":1}').code == 0
    assert server.records["acme", "r1"][1] == b'{"a":1}'


def test_get_prints_the_answer_as_received(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "0" * 32, EXACT.encode()
    result = sealed("get", "acme", "r1")
    assert (result.code, result.out, result.err) == (0, EXACT + "\n", "")


def test_get_pretty_keeps_every_digit_and_escape(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "0" * 32, b'{"a":1234.50,"b":[1E+3,{}],"c":"\\u00e9: {,}","d":[]}'
    expected = '{\n  "a": 1234.50,\n  "b": [\n    1E+3,\n    {}\n  ],\n  "c": "\\u00e9: {,}",\n  "d": []\n}\n'
    assert sealed("get", "acme", "r1", "--pretty").out == expected


def test_get_include_gives_the_revision_that_if_match_takes(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b'{"amount":1.50}'
    result = sealed("get", "acme", "r1", "--include")
    assert (
        result.out == '{"tenant":"acme","record":"r1","revision":"' + "a" * 32 + '","data":{"amount":1.50}}\n'
    )
    assert sealed("put", "acme", "r1", "--if-match", result.json()["revision"], stdin=b"{}").code == 0
    assert server.records["acme", "r1"][1] == b"{}"


def test_put_with_an_old_revision_is_a_conflict_and_changes_nothing(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b'{"old":true}'
    result = sealed("put", "acme", "r1", "--if-match", "b" * 32, stdin=b'{"new":true}')
    assert (result.code, result.out) == (4, "")
    assert server.records["acme", "r1"][1] == b'{"old":true}'


def test_put_if_none_match_creates_once(sealed: Any, server: Any) -> None:
    assert sealed("put", "acme", "r1", "--if-none-match", stdin=b'{"n":1}').code == 0
    assert sealed("put", "acme", "r1", "--if-none-match", stdin=b'{"n":2}').code == 4
    assert server.records["acme", "r1"][1] == b'{"n":1}'


def test_delete_removes_the_record_and_says_so(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    result = sealed("delete", "acme", "r1")
    assert result.code == 0
    assert result.json() == {"tenant": "acme", "record": "r1", "deleted": True}
    assert server.records == {}
    assert sealed("delete", "acme", "r1").code == 3


def test_delete_of_another_revision_is_a_conflict(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    assert sealed("delete", "acme", "r1", "--if-match", "b" * 32).code == 4
    assert ("acme", "r1") in server.records


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[1]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b'{"a":1,}', "line 1 column 8"),
        (b'{"a":1}\n{"b":2}', "line 2 column 1"),
        (b'{"a" 1}', "a colon expected"),
        (b'{"a":NaN}', "NaN and Infinity"),
        (b'{"a":-Infinity}', "NaN and Infinity"),
        (b'{"a":1,"a":2}', "same name twice"),
        (b'{"a":{"marker":1,"marker":2}}', "same name twice"),
        (b'{"a":"\xff"}', "not UTF-8 (byte 7)"),
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"a":"' + b"x" * (6 * 2**20) + b'"}', "larger than 6 MB"),
    ],
)
def test_put_refuses_what_is_no_json_object_before_sending_it(
    sealed: Any, server: Any, content: bytes, said: str
) -> None:
    result = sealed("put", "acme", "r1", stdin=content)
    assert (result.code, result.out) == (5, "")
    assert said in result.err
    assert server.requests == []


def test_messages_never_quote_the_record(sealed: Any) -> None:
    for content in (b'{"secret-name":"secret-value",}', b'{"k":"secret-value\\q"}', b'{"k":secret-value}'):
        assert "secret" not in sealed("put", "acme", "r1", stdin=content).err


def test_numbers_of_thousands_of_digits_are_left_to_the_api(sealed: Any, server: Any) -> None:
    number = b'{"n":' + b"9" * 10_000 + b"}"
    assert sealed("put", "acme", "r1", stdin=number).code == 0
    assert server.records["acme", "r1"][1] == number


@pytest.mark.parametrize(
    ("status", "slug", "code"),
    [
        (400, "bad-json", 5),
        (413, "too-large", 5),
        (415, "content-type", 5),
        (422, "cannot-be-stored", 5),
        (401, "denied", 6),
        (403, "denied", 6),
        (404, "not-found", 3),
        (409, "exists", 4),
        (412, "revision", 4),
        (429, "throttled", 7),
        (502, "unavailable", 7),
        (503, "unavailable", 7),
        (504, "unavailable", 7),
        (500, "integrity-failure", 8),
        (500, "internal", 1),
        (418, "teapot", 1),
    ],
)
def test_each_problem_has_its_exit_code_and_is_told_with_its_request_id(
    sealed: Any, server: Any, plan: Any, problem_document: Any, status: int, slug: str, code: int
) -> None:
    document = problem_document(
        slug, status=status, title="A title.", detail="Do this.", request_id="abc-123"
    )
    server.planned.extend([plan(status, document)] * 6)
    result = sealed("get", "acme", "r1")
    assert (result.code, result.out) == (code, "")
    assert "A title: Do this." in result.err
    assert result.err.rstrip().endswith("[request abc-123]")


def test_the_message_of_a_gateway_is_shown_with_the_id_from_the_headers(
    sealed: Any, server: Any, plan: Any
) -> None:
    server.planned.append(plan(403, {"message": "Missing token"}, {"x-amzn-RequestId": "from-header"}))
    result = sealed("get", "acme", "r1")
    assert result.code == 6
    assert "Missing token" in result.err
    assert "[request from-header]" in result.err


def test_an_answer_that_is_no_problem_document_is_not_shown(sealed: Any, server: Any, plan: Any) -> None:
    server.planned.append(plan(500, headers={"Content-Type": "text/html"}, body=b"<h1>secret</h1>"))
    result = sealed("get", "acme", "r1")
    assert result.code == 1
    assert "status 500" in result.err
    assert "secret" not in result.err


def test_control_characters_of_a_problem_do_not_reach_the_terminal(
    sealed: Any, server: Any, plan: Any, problem_document: Any
) -> None:
    server.planned.append(plan(400, problem_document("x", status=400, detail="a\x1b[2Jb\nc")))
    result = sealed("get", "acme", "r1")
    assert "a?[2Jb?c" in result.err


def test_a_page_of_html_is_not_taken_for_a_record(sealed: Any, server: Any, plan: Any) -> None:
    server.planned.append(plan(200, headers={"Content-Type": "text/html"}, body=b"<html>"))
    result = sealed("get", "acme", "r1")
    assert (result.code, result.out) == (1, "")
    assert "not JSON" in result.err


def test_a_redirect_is_not_followed(sealed: Any, server: Any, plan: Any) -> None:
    server.planned.append(plan(302, {}, {"Location": f"{server.url}/tenants/acme/records/r2"}))
    assert sealed("get", "acme", "r1").code == 1
    assert len(server.requests) == 1


def test_a_wrong_secret_is_refused_as_denied(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert sealed("get", "acme", "r1").code == 6


def test_a_signature_for_another_region_is_refused_as_denied(sealed: Any) -> None:
    assert sealed("get", "acme", "r1", "--region", "us-east-1").code == 6


def test_session_tokens_are_sent_and_signed(
    sealed: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
    server.records["acme", "r1"] = "a" * 32, b"{}"
    assert sealed("get", "acme", "r1").code == 0
    assert server.requests[0].headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in server.requests[0].headers["authorization"]


def test_a_profile_gives_credentials(
    sealed: Any, server: Any, monkeypatch: pytest.MonkeyPatch, environment: Any, tmp_path: Path
) -> None:
    (tmp_path / "no-credentials").write_text(
        f"[other]\naws_access_key_id={environment['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key={environment['AWS_SECRET_ACCESS_KEY']}\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    server.records["acme", "r1"] = "a" * 32, b"{}"
    assert sealed("--profile", "other", "get", "acme", "r1").code == 0
    missing = sealed("--profile", "absent", "get", "acme", "r1")
    assert missing.code == 2
    assert "absent" in missing.err


def test_no_credentials_is_said_plainly(sealed: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = sealed("get", "acme", "r1")
    assert result.code == 6
    assert "AWS_ACCESS_KEY_ID" in result.err
    assert server.requests == []


def test_a_file_that_is_not_there_is_a_usage_error(sealed: Any, tmp_path: Path) -> None:
    result = sealed("put", "acme", "r1", tmp_path / "absent.json")
    assert result.code == 2
    assert "No such file" in result.err


def test_output_is_json_that_a_script_can_read(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b'{"x":"\xe2\x98\x83"}'
    assert json.loads(sealed("get", "acme", "r1").out) == {"x": "\u2603"}
