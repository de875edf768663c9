"""A command to which something happens while it is being imported, in a process of its own."""

import subprocess
import sys
from collections.abc import Mapping

# As Ctrl-C would, at the moment when the named module is looked for.
_PROGRAM = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
runpy.run_module({command!r}, run_name="__main__")
"""


def interrupted_at(
    module: str, *, command: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command as `python -m` does, and interrupt it where it imports a module."""
    words = [sys.executable, "-c", _PROGRAM.format(module=module, command=command)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
