"""Run a command that ends when its starter does, however that one ends.

``python tether.py COMMAND...`` runs the command in a process group of its own. The starter holds the other
end of this process's standard input; the system closes it even when the starter is killed, and then the whole
group is stopped. Used for the CDK's command line, which starts processes of its own.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType


def main(command: list[str]) -> int:
    """Run ``command`` and return its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:

        def stop(_signal: int = 0, _frame: FrameType | None = None) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        def wait_for_the_starter() -> None:
            while os.read(sys.stdin.fileno(), 1024):
                pass
            stop()

        signal.signal(signal.SIGTERM, stop)
        threading.Thread(target=wait_for_the_starter, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
