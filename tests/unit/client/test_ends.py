"""How `sealed` ends when it cannot even begin, and when there is no room for what it says."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from envelope import RawAesKeyring, encrypt
from tests.unit.interrupted import interrupted_at

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.mark.parametrize("module", ["client.entry", "client.api", "rich.console"])
def test_ctrl_c_while_it_is_being_loaded_leaves_no_traceback(
    environment: dict[str, str], module: str
) -> None:
    done = interrupted_at(module, command="client", environment=environment)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_an_output_that_may_not_grow_is_told_like_a_full_disk(
    environment: dict[str, str], server: Any, tmp_path: Path
) -> None:
    server.records["acme", "r1"] = "1" * 32, b'{"n":1}'
    command = [
        "sh",
        "-c",
        'ulimit -f 0; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "client",
        "get",
        "acme",
        "r1",
    ]
    with (tmp_path / "output").open("wb") as output:
        done = subprocess.run(
            command, env=environment, stdout=output, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"sealed: the output cannot be written: File too large.")


@pytest.mark.parametrize("output", ["json", "table"])
def test_a_reader_that_went_away_ends_it_quietly(
    environment: dict[str, str], tmp_path: Path, output: str
) -> None:
    message = tmp_path / "message"
    keyring = RawAesKeyring("test", "key", bytes(32))
    message.write_bytes(encrypt(b"", keyring=keyring, encryption_context={}))
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        command = [sys.executable, "-m", "client", "inspect", str(message), "--output", output]
        done = subprocess.run(
            command, env=environment, stdout=ours, stderr=subprocess.PIPE, timeout=30, check=False
        )
    finally:
        os.close(ours)
    assert (done.returncode, done.stderr) == (141, b"")


def closed(environment: dict[str, str], redirection: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run `sealed` with a standard stream closed, as `<&-`, `>&-` and `2>&-` do."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "client", *words]
    return subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)


def test_without_a_standard_output_nothing_is_begun(environment: dict[str, str], server: Any) -> None:
    done = closed(environment, ">&-", "delete", "acme", "r1")
    assert (done.returncode, done.stdout, server.requests) == (2, b"", [])
    assert done.stderr.startswith(b"sealed: standard output is closed")


@pytest.mark.parametrize(
    "words", [("put", "acme", "r1"), ("import", "-", "--tenant", "acme"), ("inspect", "-")]
)
def test_a_standard_input_that_is_closed_is_told_as_such(
    environment: dict[str, str], server: Any, words: tuple[str, ...]
) -> None:
    done = closed(environment, "<&-", *words)
    assert (done.returncode, done.stdout, server.requests) == (2, b"", [])
    assert done.stderr.startswith(b"sealed: standard input is closed")


def test_messages_that_nobody_can_read_do_not_get_among_the_output(environment: dict[str, str]) -> None:
    done = closed(environment, "2>&-", "inspect", "absent")
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def refusing(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run `sealed` with an output that has no room."""
    command = [sys.executable, "-m", "client", *words]
    with Path("/dev/full").open("wb") as output:
        return subprocess.run(
            command, env=environment, stdout=output, stderr=subprocess.PIPE, timeout=30, check=False
        )


@full
@pytest.mark.parametrize("command", ["list", "get", "inspect"])
def test_a_full_disk_behind_the_output_is_told_as_such(
    environment: dict[str, str], server: Any, tmp_path: Path, command: str
) -> None:
    server.records["acme", "r1"] = "1" * 32, b'{"n":1}'
    keyring = RawAesKeyring("test", "key", bytes(32))
    message = tmp_path / "message"
    message.write_bytes(encrypt(b"", keyring=keyring, encryption_context={}))
    words = {"list": ["acme"], "get": ["acme", "r1"], "inspect": [str(message)]}
    done = refusing(environment, command, *words[command])
    assert done.returncode == 2
    assert done.stderr.startswith(b"sealed: the output cannot be written: No space left on device.")
    assert len(done.stderr.splitlines()) == 1
