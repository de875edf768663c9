"""Begins a command whose imports take long: Ctrl-C ends it with a line and exit code 130, meanwhile too."""

import importlib
import sys

INTERRUPTED = 130


def run(module: str, *, name: str) -> int:
    """Import a module, call its `main`, and return the exit code.

    Parameters
    ----------
    module
        The module's name.
    name
        What the command is called in messages.
    """
    try:
        code: int = importlib.import_module(module).main()
    except KeyboardInterrupt:
        print(f"{name}: interrupted, nothing was written", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        print(f"{name}: {error.name} is not installed here; `make help` names the target", file=sys.stderr)
        return 1
    return code
