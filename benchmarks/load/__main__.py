"""`python -m benchmarks.load`."""

import sys

from benchmarks.interruptible import run

# The process that holds the embedded AWS imports this module once more, by another name.
if __name__ == "__main__":
    sys.exit(run("benchmarks.load.command", name="benchmarks.load"))
