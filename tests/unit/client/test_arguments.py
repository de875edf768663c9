"""Arguments, help and the promise of the exit codes."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from client.arguments import parser
from client.problems import MEANINGS, Exit

COMMANDS = ["put", "get", "delete", "list", "import"]


@pytest.mark.parametrize("words", [[], *[[command] for command in COMMANDS]])
def test_help_has_examples_and_every_exit_code(sealed: Any, words: Any) -> None:
    result = sealed(*words, "--help")
    assert result.code == 0
    assert "examples:\n  " in result.out
    for code in Exit:
        assert f"\n  {int(code):>3}  {MEANINGS[code]}" in result.out


def test_exit_codes_keep_their_numbers() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "CONFLICT": 4,
        "REFUSED": 5,
        "DENIED": 6,
        "UNAVAILABLE": 7,
        "INTEGRITY": 8,
        "SOME_FAILED": 9,
        "SHREDDED": 10,
        "RECORDS_REFUSED": 11,
        "RUN_FAILED": 12,
        "INTERRUPTED": 130,
        "BROKEN_PIPE": 141,
    }


def test_version(sealed: Any) -> None:
    result = sealed("--version")
    assert result.code == 0
    assert result.out.startswith("sealed 0")


@pytest.mark.parametrize("tenant", ["", "-a", "_a", "a/b", "a.b", "a%2Fb", "a b", "ä", "a" * 65, "a\n"])
def test_a_tenant_that_is_no_id_is_refused_before_anything_is_sent(
    sealed: Any, server: Any, tenant: str
) -> None:
    result = sealed("get", "--", tenant, "r1")
    assert result.code == 2
    assert "a tenant id has letters, digits" in result.err
    assert server.requests == []


@pytest.mark.parametrize("record", ["", "-a", "..", "a/b", "a%00", "a?b", "a#b", "a" * 129])
def test_a_record_that_is_no_id_is_refused_before_anything_is_sent(
    sealed: Any, server: Any, record: str
) -> None:
    result = sealed("delete", "--", "acme", record)
    assert result.code == 2
    assert "a record id has letters, digits" in result.err
    assert server.requests == []


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fetch", "acme", "r1"),
        ("get", "acme"),
        ("put", "acme", "r1", "--if-match", "abc"),
        ("put", "acme", "r1", "--if-match", "a" * 32, "--if-none-match"),
        ("list", "acme", "--limit", "0"),
        ("list", "acme", "--limit", "101"),
        ("list", "acme", "--limit", "²"),
        ("list", "acme", "--prefix", "a/b"),
        ("import", "f", "--concurrency", "65"),
        ("get", "acme", "r1", "--timeout", "0"),
        ("get", "acme", "r1", "--timeout", "nan"),
        ("get", "acme", "r1", "--time", "3"),
    ],
)
def test_wrong_arguments_are_a_usage_error(sealed: Any, server: Any, words: Any) -> None:
    assert sealed(*words).code == 2
    assert server.requests == []


def test_a_quoted_etag_is_taken_as_a_revision(sealed: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    assert sealed("delete", "acme", "r1", "--if-match", '"' + "a" * 32 + '"').code == 0


def test_the_longest_ids_are_sent(sealed: Any, server: Any) -> None:
    assert sealed("put", "a" * 64, "R" * 128, stdin=b"{}").code == 0
    assert ("a" * 64, "R" * 128) in server.records


def run_module(environment: Any, *words: Any, **options: Any) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "client", *words],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
        **options,
    )


def test_python_m_client_is_the_same_command(environment: Any, server: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, '{"x":"☃"}'.encode()
    finished = run_module({**environment, "PYTHONIOENCODING": "ascii"}, "get", "acme", "r1")
    assert (finished.returncode, finished.stdout) == (0, '{"x":"☃"}\n'.encode())


def test_a_reader_that_goes_away_is_no_traceback(environment: Any, server: Any) -> None:
    for number in range(300):
        server.records["acme", f"r{number:03}"] = "a" * 32, b'{"x":"' + b"y" * 2000 + b'"}'
    running = subprocess.Popen(
        [sys.executable, "-m", "client", "list", "acme", "--all"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.stdout.readline()
    running.stdout.close()
    with running.stderr as messages:
        assert messages.read() == b""
    assert running.wait(30) == 141


def test_a_defect_shows_its_place_and_not_its_message(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a secret value")

    monkeypatch.setattr("client.jsontext._skip", broken)
    result = sealed("put", "acme", "r1", stdin=b"{}")
    assert result.code == 1
    assert "unexpected ValueError at jsontext.py:" in result.err
    assert "secret" not in result.err


def _options(of: argparse.ArgumentParser, *path: str) -> Iterator[tuple[tuple[str, ...], argparse.Action]]:
    """Every option of every command, with the command's words."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, command in action.choices.items():
                yield from _options(command, *path, word)
        elif action.option_strings:
            yield path, action


def test_no_command_overwrites_what_stands_before_it() -> None:
    options = list(_options(parser()))
    kept = [option for path, option in options if not path and option.default != argparse.SUPPRESS]
    everywhere = {name for option in kept for name in option.option_strings}
    assert {"--region", "--profile", "--endpoint", "--timeout"} <= everywhere
    again = [(path, option) for path, option in options if path and everywhere & {*option.option_strings}]
    assert {path[0] for path, _ in again} >= {"get", "audit", "maintenance", "object", "tenant"}
    assert {option.default for _, option in again} == {argparse.SUPPRESS}
