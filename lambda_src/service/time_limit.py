"""The time a request may take, and its calls of KMS and STS: counted and bounded where they leave.

The SDK retries on its own. So that the answer is always ours and never the function's time-out, an attempt
that could outlast the request is not begun.
"""

import time
from collections.abc import Callable
from typing import Any

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2
MAX_ATTEMPTS = 3

#: Kept back for writing the answer, the log line and the metrics.
_RESERVE_SECONDS = 0.5
_ATTEMPT_SECONDS = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS


class OutOfTimeError(TimeoutError):
    """A call was not begun, because it could outlast the time that the request has."""


class TimeLimit:
    """The running request's deadline, and its calls of KMS and of STS.

    There is one for each container, because a container serves one request at a time. Its methods are called
    from the threads of a page as well; what they share is a deadline that only `begin` sets, and a counter
    that `list` makes safe.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadline = float("inf")
        self._kms_calls: list[None] = []
        self._sts_calls: list[None] = []

    def begin(self, *, remaining_ms: int) -> None:
        """Begin a request that the runtime ends in `remaining_ms` milliseconds."""
        self._deadline = self._clock() + remaining_ms / 1000 - _RESERVE_SECONDS
        self._kms_calls.clear()
        self._sts_calls.clear()

    @property
    def kms_calls(self) -> int:
        """Requests sent to KMS since `begin`, retries among them: what KMS meters."""
        return len(self._kms_calls)

    @property
    def sts_calls(self) -> int:
        """Requests sent to STS since `begin`, retries among them."""
        return len(self._sts_calls)

    @property
    def remaining_seconds(self) -> float:
        """What is left of the request's time."""
        return self._deadline - self._clock()

    def before_send(self, **_: Any) -> None:  # noqa: ANN401 - botocore's event
        """Let one attempt of a call go, or refuse it; a handler for botocore's `before-send`."""
        if self.remaining_seconds < _ATTEMPT_SECONDS:
            raise OutOfTimeError("The request has no time left for another call.")

    def before_send_to_kms(self, **_: Any) -> None:  # noqa: ANN401 - botocore's event
        """As `before_send`, and count the attempt."""
        self.before_send()
        self._kms_calls.append(None)

    def before_send_to_sts(self, **_: Any) -> None:  # noqa: ANN401 - botocore's event
        """As `before_send`, and count the attempt."""
        self.before_send()
        self._sts_calls.append(None)
