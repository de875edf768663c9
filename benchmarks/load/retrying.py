"""Asking after the load: again where no answer came, but not for ever."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import TypeVar

from benchmarks.load.callers import Answer, Caller, NoAnswerError

_TRIES = 3
_SERVER_ERROR = 500
Asked = TypeVar("Asked")
Told = TypeVar("Told")


class DeadlineError(Exception):
    """There is no time left to ask."""


class RetryingCallers:
    """Callers who try again what could not be answered, since a machine may still be busy from the load.

    Parameters
    ----------
    callers
        By tenant.
    seconds
        From now on; after them nothing more is sent.
    """

    def __init__(self, callers: Mapping[str, Caller], *, seconds: float) -> None:
        self._callers, self._deadline = callers, time.monotonic() + seconds

    def call(
        self,
        tenant: str,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Send a request as a tenant's caller; None where no answer came.

        Raises
        ------
        DeadlineError
            If the time is over before it is answered.
        """
        for left in reversed(range(_TRIES)):
            if time.monotonic() >= self._deadline:
                raise DeadlineError
            try:
                answer = self._callers[tenant].call(method, path, body=body, headers=headers)
            except NoAnswerError:
                continue
            if answer.status < _SERVER_ERROR or not left:
                return answer
        return None


def each_in_time(pool: Executor, ask: Callable[[Asked], Told], every: Iterable[Asked]) -> list[Told | None]:
    """Ask for each of them, several at once, in their order; None for what there was no time for."""

    def asked(one: Asked) -> Told | None:
        try:
            return ask(one)
        except DeadlineError:
            return None

    return list(pool.map(asked, every))
