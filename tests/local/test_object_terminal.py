"""What the commands on large content do where standard output is a terminal."""

import os
import subprocess
from collections.abc import Sequence

import pytest

from tests.local.object_commands import Commands


def _on_a_terminal(sealed_here: Commands, words: Sequence[str]) -> tuple[int, bytes, str]:
    """Run `sealed` with a terminal as its standard output; return its code, what it showed and said."""
    ours, its = os.openpty()
    try:
        done = subprocess.run(
            sealed_here.command(*words),
            cwd=sealed_here.folder,
            env=sealed_here.environment(),
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        os.set_blocking(ours, False)
        try:
            shown = os.read(ours, 4096)
        except BlockingIOError:
            shown = b""
    finally:
        os.close(its)
        os.close(ours)
    return done.returncode, shown, done.stderr.decode()


@pytest.mark.parametrize(
    "words",
    [
        ("encrypt", "in", "--tenant", "acme", "--object", "t", "--output", "-"),
        ("decrypt", "in.sealed", "--tenant", "acme", "--object", "t", "--output", "-"),
        ("object", "get", "acme", "t", "--output", "-"),
    ],
    ids=lambda words: words[0],
)
def test_content_of_any_kind_does_not_go_to_a_terminal(sealed_here: Commands, words: tuple[str, ...]) -> None:
    (sealed_here.folder / "in").write_bytes(b"\x1b]0;a title of their own\x07")
    sealed_here("encrypt", "in", "--tenant", "acme", "--object", "t").document()
    sealed_here("object", "put", "acme", "t", "in", "--replace").document()
    assert sealed_here(*words).code == 0
    code, shown, said = _on_a_terminal(sealed_here, words)
    assert (code, shown) == (2, b"")
    assert "would go to the terminal" in said
