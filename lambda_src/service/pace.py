"""Keeps to a rate: whoever spends more than is due waits until it is."""

import time
from collections.abc import Callable


class Pace:
    """A rate that is kept on average from the first spending on.

    Parameters
    ----------
    rate
        Units per second; None: there is no limit.
    clock, sleep
        Seconds.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._due_at: float | None = None

    def spend(self, units: float, *, until: float) -> None:
        """Note what was spent, and wait for as long as that takes at this rate, at most until a time.

        Parameters
        ----------
        units
            What was spent since the last call.
        until
            By `clock`: whoever has no more time does not wait.
        """
        if self._rate is None:
            return
        now = self._clock()
        # What was not spent in time is not saved up: a pause is followed by the rate, not by a burst.
        self._due_at = max(self._due_at or now, now) + units / self._rate
        wait = min(self._due_at, until) - now
        if wait > 0:
            self._sleep(wait)
