"""A process of its own that imports one contender, streams once, and prints what memory that took.

`python -m benchmarks.peers.stream_process NAME DIRECTION FRAME_LENGTH SOURCE SINK` prints two numbers of
bytes: what the process has in memory once all is imported, and how far the most that it ever had is above
that. Both are the system's count, VmRSS and VmHWM of /proc/self/status, exact to some pages. The most may
have been while importing: so the second number can be too large, and by no more than these pages too small.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.streams import loaded

STATUS = Path("/proc/self/status")


def growth_of(run: Callable[[], None]) -> tuple[int, int]:
    """Return the bytes in memory before a run, and how far the most of them until its end is above that."""
    before = _bytes("VmRSS")
    run()
    return before, _bytes("VmHWM") - before


def _bytes(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"the system does not tell {name}")


def main() -> None:
    """Import, stream, print."""
    name, direction, frame_length, source_path, sink_path = sys.argv[1:]
    make = loaded(name)

    def run() -> None:
        cipher = make(int(frame_length))
        transfer = cipher.encrypt if direction == "encrypt" else cipher.decrypt
        with (
            Path(source_path).open("rb", buffering=0) as source,
            Path(sink_path).open("wb", buffering=0) as sink,
        ):
            transfer(source, sink)

    sys.stdout.write(" ".join(map(str, growth_of(run))))


if __name__ == "__main__":
    main()
