"""`sealed tenant`: what it calls, prints and asks, and what becomes of lost answers and half-done work."""

import io
import json
from typing import Any

import pytest

from tests.unit.client.branch_keys import NEW, OLD


def paths(server: Any) -> list[str]:
    return [f"{request.method} {request.path.removeprefix('/v1')}" for request in server.requests]


def lines(result: Any) -> list[Any]:
    return [json.loads(line) for line in result.out.splitlines()]


def test_create_describe_and_rotate_print_what_the_api_answers(sealed: Any, server: Any) -> None:
    created = sealed("tenant", "create", "acme")
    assert (created.code, created.json()["state"]) == (0, "active")
    assert sealed("tenant", "describe", "acme").json()["versions"] == []
    rotated = sealed("tenant", "rotate", "acme")
    assert (rotated.code, rotated.json()["previous_version"]) == (0, "v")
    assert "functions may still write under the version before" in rotated.err
    assert paths(server) == [
        "PUT /branch-keys/acme",
        "GET /branch-keys/acme",
        "POST /branch-keys/acme/versions",
    ]


def test_a_tenant_that_has_one_is_a_conflict(sealed: Any) -> None:
    sealed("tenant", "create", "acme")
    again = sealed("tenant", "create", "acme")
    assert (again.code, again.out) == (4, "")
    assert "An earlier attempt" not in again.err


def test_a_lost_answer_of_create_leaves_no_doubt_about_what_to_do(
    sealed: Any, server: Any, plan: Any
) -> None:
    server.planned.append(plan(None, after_work=True))
    result = sealed("tenant", "create", "acme")
    assert result.code == 4
    assert "may have created it: describe it" in result.err


def test_a_lost_answer_of_rotate_is_called_again(sealed: Any, server: Any, plan: Any) -> None:
    sealed("tenant", "create", "acme")
    server.planned.append(plan(None, after_work=True))
    assert sealed("tenant", "rotate", "acme").code == 0
    assert len(server.branch_keys.items["acme"]) == 5


@pytest.mark.parametrize("command", ["describe", "rotate"])
def test_an_unknown_tenant_is_not_found(sealed: Any, command: str) -> None:
    assert sealed("tenant", command, "acme").code == 3


@pytest.mark.parametrize("tenant", ["", "a/b", "a b", "../x", "ä", "-a", "a" * 65, "a\n"])
def test_what_is_no_tenant_id_is_not_sent(sealed: Any, server: Any, tenant: str) -> None:
    for command in ("create", "describe", "rotate", "shred"):
        assert sealed("tenant", command, tenant).code == 2
    assert server.requests == []


def test_a_command_must_be_named(sealed: Any) -> None:
    assert sealed("tenant").code == 2


def test_list_prints_one_tenant_a_line_and_goes_on(sealed: Any, server: Any) -> None:
    server.branch_keys.items = {f"tenant-{number}": [OLD] for number in range(5)} | {"tenant-9": None}
    first = sealed("tenant", "list", "--limit", "2")
    assert [entry["tenant"] for entry in lines(first)] == ["tenant-0", "tenant-1"]
    assert "--cursor tenant-1" in first.err
    rest = sealed("tenant", "list", "--limit", "2", "--cursor", "tenant-1", "--all")
    assert [entry["tenant"] for entry in lines(rest)] == ["tenant-2", "tenant-3", "tenant-4", "tenant-9"]
    assert lines(rest)[-1]["state"] == "shredded"


def test_move_calls_until_nothing_remains(sealed: Any, server: Any) -> None:
    sealed("tenant", "create", "acme")
    server.branch_keys.items_per_call = 1
    result = sealed("tenant", "move", "acme", "--to", NEW)
    assert result.code == 0
    answer = result.json()
    assert (answer["moved"], answer["already_there"], answer["remaining"]) == (3, 0, 0)
    assert (answer["verified"], answer["moved_from"], answer["records_touched"]) == (True, [OLD], 0)
    assert server.branch_keys.items["acme"] == [NEW] * 3


def test_a_move_that_gets_nowhere_ends(sealed: Any, server: Any) -> None:
    sealed("tenant", "create", "acme")
    server.branch_keys.items_per_call = 0
    result = sealed("tenant", "move", "acme", "--to", NEW)
    assert result.code == 4
    assert "3 items remain" in result.err
    assert paths(server).count("POST /branch-keys/acme/moves") == 3


def test_move_all_goes_on_after_a_tenant_that_fails_and_says_so(sealed: Any, server: Any) -> None:
    keys = server.branch_keys
    keys.items = {f"tenant-{number:03}": [OLD] * 2 for number in range(120)} | {"gone": None}
    keys.edited = {"tenant-007"}
    result = sealed("tenant", "move", "--all", "--to", NEW)
    summary = result.json()
    assert result.code == 9
    assert summary["failed"] == {"tenant-007": "urn:sealed-records:problem:branch-key-not-verified"}
    assert (summary["tenants"], summary["moved"], summary["verified"]) == (120, 238, 119)
    assert summary["records_touched"] == 0
    assert "tenant-007: " in result.err
    keys.edited = set()
    again = sealed("tenant", "move", "--all", "--to", NEW)
    assert again.code == 0
    assert (again.json()["moved"], again.json()["already_there"]) == (2, 238)
    assert again.json()["old_key_needed_until"]


def test_a_key_that_is_not_deployed_ends_move_all_at_once(sealed: Any, server: Any) -> None:
    server.branch_keys.items = {"acme": [OLD], "globex": [OLD]}
    result = sealed("tenant", "move", "--all", "--to", OLD)
    assert result.code == 4
    assert sum(path.startswith("POST") for path in paths(server)) == 1


@pytest.mark.parametrize("arguments", [(), ("acme", "--all")])
def test_move_wants_a_tenant_or_all(sealed: Any, server: Any, arguments: tuple[str, ...]) -> None:
    result = sealed("tenant", "move", *arguments, "--to", NEW)
    assert (result.code, server.requests) == (2, [])
    assert "--all" in result.err


@pytest.mark.parametrize("arn", ["alias/x", "1234", NEW.replace("key/", "alias/"), f"{NEW}\n", ""])
def test_move_wants_a_full_key_arn(sealed: Any, server: Any, arn: str) -> None:
    assert sealed("tenant", "move", "acme", "--to", arn).code == 2
    assert server.requests == []


def test_shred_wants_to_be_confirmed(sealed: Any, server: Any) -> None:
    sealed("tenant", "create", "acme")
    unasked = sealed("tenant", "shred", "acme")
    assert (unasked.code, "--confirm acme" in unasked.err) == (2, True)
    wrong = sealed("tenant", "shred", "acme", "--confirm", "acm")
    assert (wrong.code, "nothing was changed" in wrong.err) == (2, True)
    assert not any(path.startswith("DELETE") for path in paths(server))
    done = sealed("tenant", "shred", "acme", "--confirm", "acme")
    assert (done.code, done.json()["state"]) == (0, "shredded")
    assert "A remark." in done.err


@pytest.mark.parametrize(
    ("typed", "code"),
    [("acme\n", 0), ("acme", 0), ("ACME\n", 2), ("\n", 2), ("", 2), (" acme\n", 2)],
)
def test_shred_asks_who_sits_at_a_terminal(
    environment: Any, server: Any, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    from client.entry import main

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    server.branch_keys.items["acme"] = [OLD]
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    with pytest.raises(SystemExit) as left:
        main(["tenant", "shred", "acme"])
    assert left.value.code == code
    assert (server.branch_keys.items["acme"] is None) == (code == 0)


def test_shred_counts_on_and_names_what_is_in_the_way(sealed: Any, server: Any) -> None:
    sealed("tenant", "create", "acme")
    server.branch_keys.outside["acme"] = 2500
    refused = sealed("tenant", "shred", "acme", "--confirm", "acme")
    assert refused.code == 4
    assert "2000 records looked at" in refused.err
    assert server.branch_keys.items["acme"] is not None
    done = sealed("tenant", "shred", "acme", "--confirm", "acme", "--delete-records")
    assert (done.code, done.json()["deleted_records"]) == (0, 2500)
    assert paths(server)[-1] == "DELETE /branch-keys/acme?confirm=acme&delete-records=true&cursor=2000"


def test_a_shredded_tenant_has_an_exit_code_of_its_own(sealed: Any, server: Any) -> None:
    server.branch_keys.items["acme"] = None
    assert sealed("tenant", "rotate", "acme").code == 10
    assert sealed("tenant", "create", "acme").code == 10
    assert sealed("tenant", "describe", "acme").json()["state"] == "shredded"


def test_reading_a_record_of_a_shredded_tenant_too(
    sealed: Any, server: Any, plan: Any, problem_document: Any
) -> None:
    server.planned.append(plan(410, problem_document("tenant-shredded", status=410)))
    result = sealed("get", "acme", "r-1")
    assert (result.code, result.out) == (10, "")


def test_a_branch_key_that_does_not_verify_is_an_integrity_failure(sealed: Any, server: Any) -> None:
    server.branch_keys.items["acme"] = [OLD]
    server.branch_keys.edited = {"acme"}
    assert sealed("tenant", "rotate", "acme").code == 8


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"tenants": 1}', b'{"tenants": [1]}', b"<html>"])
def test_an_answer_of_something_else_is_not_taken_for_a_list(
    sealed: Any, server: Any, plan: Any, body: bytes
) -> None:
    server.planned.append(plan(200, {}, body=body))
    result = sealed("tenant", "list")
    assert result.code == 1
    assert "is --endpoint the address of this API?" in result.err
