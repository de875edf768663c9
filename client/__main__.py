"""`sealed`, also `python -m client`: loads the command, and ends like it when Ctrl-C comes meanwhile."""

import os
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
    command()


if __name__ == "__main__":
    main()
