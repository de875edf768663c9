"""`sealed`, also `python -m client`: loads the command, and ends like it when Ctrl-C comes meanwhile."""

import os
import signal
import sys

# What `client.problems` calls INTERRUPTED: nothing is imported before the border below stands.
_INTERRUPTED = 130


def main() -> None:
    """Load the command and run it."""
    try:
        from client.entry import main as command  # noqa: PLC0415
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        os._exit(_INTERRUPTED)
    _end_alike()
    command()


def _end_alike() -> None:
    """Have every request to end do what Ctrl-C does: plaintext that is not whole is taken away."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What is ignored stays so: `nohup` asks for that.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()
