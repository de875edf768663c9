"""A program that starts one function as Lambda does, calls it, and prints what that took.

It imports nothing but the standard library before it measures. Standard input holds:

- `module`: the handler's; `environment`: the function's variables
- `events`: what it is called with, in turn; `requests`: how often, from 0

The last line printed has `import` and `first` as processor time and time on the clock, in seconds, and
`resident`, the memory in bytes after import, half of the requests, and all of them.
"""

import importlib
import json
import os
import sys
import time
from itertools import cycle, islice
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
    Handler = Callable[[object, object], Answer]

_FAILED = 400


class Context:
    """What Lambda's runtime passes beside the event."""

    aws_request_id = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        """Return more than any request takes."""
        return 900_000


class Watch:
    """Processor time of the process, and time on the clock, since it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return seconds of both."""
        return time.process_time() - self._processor, time.perf_counter() - self._clock


def resident_bytes() -> int:
    """Return how much of the process is in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def call(handler: "Handler", event: object, *, name: str) -> "Answer":
    """Return the answer of a function; raises RuntimeError when it is a failure."""
    answer = handler(event, Context())
    status = answer.get("statusCode", 0)
    if status >= _FAILED:
        raise RuntimeError(f"{name} answered {status}: {answer.get('body')}")
    return answer


def main() -> None:
    """Measure, and print."""
    told = json.load(sys.stdin)
    os.environ.update(told["environment"])
    watch = Watch()
    handler = importlib.import_module(told["module"]).handler
    imported, resident = watch.read(), [resident_bytes()]
    first = None
    events = islice(cycle(told["events"]), told["requests"])
    for number, event in enumerate(events, start=1):
        watch = Watch()
        call(handler, event, name=told["module"])
        if number == 1:
            first = watch.read()
        if number in (told["requests"] // 2, told["requests"]):
            resident.append(resident_bytes())
    print()
    print(json.dumps({"import": imported, "first": first, "resident": resident}))


if __name__ == "__main__":
    main()
