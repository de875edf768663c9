"""How long to wait before a request is tried again.

Full jitter: a random time between nothing and a bound that doubles, so that many clients that were refused
together do not come back together. What the API asks for by Retry-After is waited in any case.
"""

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

RETRIED_STATUSES = frozenset({429, 502, 503, 504})


def _jitter(bound: float) -> float:
    return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The bounds of trying again; times are in seconds.

    Attributes
    ----------
    attempts
        How often a request is sent at most.
    first, longest
        The bound of the first wait, and of any wait. A Retry-After above `longest` ends the attempts:
        better to tell the person than to sit there.
    draw
        Returns the wait for a bound; tests replace the randomness by the bound itself.
    """

    attempts: int = 6
    first: float = 0.2
    longest: float = 20.0
    draw: Callable[[float], float] = _jitter

    def wait_after(self, attempt: int, *, retry_after: float | None = None) -> float | None:
        """Return the wait after the attempt of this number (from 1), or None if that was the last one."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None and retry_after > self.longest:
            return None
        bound = min(self.longest, self.first * 2 ** (attempt - 1))
        return (retry_after or 0.0) + self.draw(bound)


def retry_after_seconds(value: str | None) -> float | None:
    """Read a Retry-After header: seconds or a date. Anything else counts as none."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())
