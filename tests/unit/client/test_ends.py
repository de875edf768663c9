"""How `sealed` ends when it cannot even begin, and when there is no room for what it says."""

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
