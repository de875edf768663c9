"""Runs the command that the arguments name: every failure becomes a message and an exit code."""

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from client import commands, tenants
from client.arguments import parser
from client.connecting import records_api
from client.importcommand import import_records
from client.output import say
from client.problems import Exit, SealedError
from client.standardstreams import prepare_outputs

#: What the system says of a disk, a share of one, or a file that may not grow, where it is full.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(arguments: argparse.Namespace) -> Exit:
    """Run the command that the arguments name."""
    if arguments.command == "audit":
        # Imported here: no other command needs what it needs.
        from client import audit  # noqa: PLC0415

        return audit.run(arguments)
    if arguments.command == "maintenance":
        from client import maintenance  # noqa: PLC0415

        return maintenance.run(arguments)
    if arguments.command in ("object", "encrypt", "decrypt", "inspect"):
        from client import inspecting, objectcommands  # noqa: PLC0415

        return (
            inspecting.inspect(arguments) if arguments.command == "inspect" else objectcommands.run(arguments)
        )
    api, endpoint = records_api(arguments)
    try:
        if arguments.command == "import":
            return import_records(arguments, api=api, endpoint=endpoint.url)
        if arguments.command == "tenant":
            return tenants.run(arguments, api=api)
        single = {
            "put": commands.put,
            "get": commands.get,
            "delete": commands.delete,
            "list": commands.list_records,
        }
        return single[arguments.command](arguments, api=api)
    finally:
        api.close()


def _place(error: Exception) -> str:
    """Return where an unexpected error arose. Its message is not shown: it may hold content."""
    here = Path(__file__).parent
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == here
    ]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def main(argv: Sequence[str] | None = None) -> None:
    """Run `sealed` and leave with its exit code."""
    try:
        prepare_outputs()
        code = run(parser().parse_args(argv))
        # Now, where it can still be told, and not when Python ends.
        sys.stdout.flush()
    except SealedError as error:
        say(f"sealed: {error.line()}")
        code = error.exit_code
    except BrokenPipeError:
        _give_output_up()
        code = Exit.BROKEN_PIPE
    except KeyboardInterrupt:
        say("interrupted")
        # At once: threads of an import may still wait for answers, and a normal exit would wait for them.
        os._exit(Exit.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the outermost border
        code = _told(error)
    sys.exit(int(code))


def _told(error: Exception) -> Exit:
    """Say what nobody expected, and return its exit code."""
    if isinstance(error, OSError) and error.errno in _FULL:
        _give_output_up()
        say(f"sealed: the output cannot be written: {error.strerror}. Make room, or write it elsewhere.")
        return Exit.USAGE
    where = _place(error)
    say(f"sealed: unexpected {type(error).__name__} at {where}; this is a defect, please report it")
    return Exit.UNEXPECTED


def _give_output_up() -> None:
    """Let what is still to be written go nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
