"""A benchmark that is interrupted says so in a line, whatever it is doing."""

import re
import subprocess
import sys

import pytest

from tests.unit.interrupted import interrupted_at


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("benchmarks.peers", "benchmarks.peers.command"),
        ("benchmarks.peers", "rich.console"),
        ("benchmarks.load", "benchmarks.load.command"),
        ("benchmarks.load", "local.embedded"),
    ],
)
def test_ctrl_c_during_the_imports_leaves_no_traceback(command: str, module: str) -> None:
    done = interrupted_at(module, command=command)
    said = f"{command}: interrupted, nothing was written\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", said)


def test_an_environment_without_the_peers_is_told_and_not_traced() -> None:
    words = [sys.executable, "-m", "benchmarks.peers", "--quick"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"benchmarks.peers: \w+ is not installed here; `make help` names the target\n", done.stderr
    )
