"""`python -m benchmarks.peers`."""

import sys

from benchmarks.interruptible import run

if __name__ == "__main__":
    sys.exit(run("benchmarks.peers.command", name="benchmarks.peers"))
