"""list: pages, prefixes, cursors, and records that do not verify."""

import json
from typing import Any

import pytest


@pytest.fixture
def seven(server: Any) -> Any:
    for number in range(7):
        body = f'{{"n": {number}.50, "text": "a  b"}}'.encode()
        server.records["acme", f"rec-{number}"] = f"{number}" * 32, body
    server.records["other", "rec-0"] = "f" * 32, b"{}"
    return server


def names(result: Any) -> Any:
    return [json.loads(line)["record"] for line in result.out.splitlines()]


def test_a_page_is_printed_as_json_lines_with_exact_numbers(sealed: Any, seven: Any) -> None:
    result = sealed("list", "acme", "--limit", "2")
    assert result.code == 0
    first = (
        '{"record":"rec-0","revision":"00000000000000000000000000000000",'
        '"updated_at":"2026-01-02T03:04:05.000Z","data":{"n":0.50,"text":"a  b"}}'
    )
    assert result.out.splitlines()[0] == first
    assert names(result) == ["rec-0", "rec-1"]


def test_the_next_page_follows_from_the_cursor_that_was_said(sealed: Any, seven: Any) -> None:
    said = sealed("list", "acme", "--limit", "3").err
    cursor = said.split("--cursor ")[1].strip()
    assert names(sealed("list", "acme", "--limit", "3", "--cursor", cursor)) == ["rec-3", "rec-4", "rec-5"]


def test_all_reads_every_page(sealed: Any, seven: Any) -> None:
    result = sealed("list", "acme", "--all", "--limit", "2")
    assert names(result) == [f"rec-{n}" for n in range(7)]
    assert result.err == ""
    assert len(seven.requests) == 4


def test_all_asks_for_the_largest_pages(sealed: Any, seven: Any) -> None:
    sealed("list", "acme", "--all")
    assert seven.requests[0].path.endswith("/tenants/acme/records?limit=100")


def test_a_page_without_options_leaves_the_size_to_the_api(sealed: Any, seven: Any) -> None:
    sealed("list", "acme")
    assert seven.requests[0].path.endswith("/tenants/acme/records")


def test_prefix_limits_the_list(sealed: Any, seven: Any) -> None:
    assert names(sealed("list", "acme", "--prefix", "rec-6")) == ["rec-6"]


def test_an_empty_list_prints_nothing(sealed: Any) -> None:
    result = sealed("list", "acme")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_unreadable_records_are_named_and_hide_no_other(sealed: Any, seven: Any) -> None:
    seven.unreadable = {"rec-1", "rec-5"}
    result = sealed("list", "acme", "--all", "--limit", "2")
    assert result.code == 8
    assert names(result) == ["rec-0", "rec-2", "rec-3", "rec-4", "rec-6"]
    assert "record rec-1: Title: Detail. [request req-1]" in result.err
    assert "record rec-5: " in result.err
    assert "2 of the listed records could not be read" in result.err


def test_an_answer_that_is_no_page_is_an_unexpected_answer(sealed: Any, server: Any, plan: Any) -> None:
    for document in ({"Items": []}, [], {"records": {}}, {"records": [], "cursor": 7}):
        server.planned.append(plan(200, document))
        assert sealed("list", "acme").code == 1


def test_a_cursor_that_repeats_does_not_go_on_for_ever(sealed: Any, server: Any, plan: Any) -> None:
    server.planned.extend([plan(200, {"records": [], "failed": [], "cursor": "same"})] * 5)
    assert sealed("list", "acme", "--all").code == 1
    assert len(server.requests) == 2
