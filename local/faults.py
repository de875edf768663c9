"""Faults on request: the emulator's next answers to an operation fail as a test asks for.

A fault is set from within the process only; there is no way to set one over the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random
from threading import Lock

THROTTLED = "ThrottlingException"
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_STATUSES = {
    "InternalError": _SERVER_ERROR,
    "InternalFailure": _SERVER_ERROR,
    "InternalServerError": _SERVER_ERROR,
    "KMSInternalException": _SERVER_ERROR,
    "ServiceException": _SERVER_ERROR,
    "ServiceUnavailable": _SERVER_ERROR,
    "SlowDown": 503,
    "TooManyRequestsException": 429,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the next ``times`` requests for an operation, after ``skip`` that are let pass.

    ``code`` answers with that error, ``delay`` waits that many seconds first (and without a code then goes
    on as usual), ``reset`` breaks the connection without an answer, and so does ``answer_lost``, after the
    request has been carried out.
    """

    service: str
    operation: str
    times: int = 1
    code: str | None = None
    delay: float = 0.0
    reset: bool = False
    answer_lost: bool = False
    skip: int = 0

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return _STATUSES.get(str(self.code), _CLIENT_ERROR)


class Trouble:
    """Lets one in so many calls of a service fail, again and again, as a seed decides.

    Calls with some access keys are spared: by them tests look at what came of it.
    """

    def __init__(
        self,
        service: str,
        operations: Iterable[str],
        *,
        one_in: int,
        codes: Iterable[str],
        seed: int,
        spared: Iterable[str],
    ) -> None:
        if one_in < 1:
            message = f"One in how many calls fails? At least 1, not {one_in}."
            raise ValueError(message)
        self._service, self._operations = service, frozenset(operations)
        self._one_in, self._codes, self._spared = one_in, tuple(codes), frozenset(spared)
        self._random = Random(seed)  # noqa: S311 - it is to be the same again

    def take(self, service: str, operation: str, *, access_key_id: str) -> Fault | None:
        """Return what befalls this request, if anything does."""
        if (
            access_key_id in self._spared
            or service != self._service
            or (self._operations and operation not in self._operations)
        ):
            return None
        if self._random.randrange(self._one_in):
            return None
        return Fault(service, operation, code=self._random.choice(self._codes))


class Faults:
    """The faults that are still to come, first set first used; and troubles, which stay."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: list[Fault] = []
        self._troubles: list[Trouble] = []

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        if fault.times < 1:
            message = f"A fault must befall at least one request, not {fault.times}."
            raise ValueError(message)
        with self._lock:
            self._pending.append(fault)

    def trouble(self, trouble: Trouble) -> None:
        """Let it last until faults are cleared."""
        with self._lock:
            self._troubles.append(trouble)

    def take(self, service: str, operation: str, *, access_key_id: str = "") -> Fault | None:
        """Return the fault for this request, if there is one, and count it down."""
        with self._lock:
            for place, fault in enumerate(self._pending):
                if (fault.service, fault.operation) != (service, operation):
                    continue
                if fault.skip:
                    self._pending[place] = replace(fault, skip=fault.skip - 1)
                    return None
                if fault.times > 1:
                    self._pending[place] = replace(fault, times=fault.times - 1)
                else:
                    del self._pending[place]
                return fault
            for trouble in self._troubles:
                struck = trouble.take(service, operation, access_key_id=access_key_id)
                if struck is not None:
                    return struck
        return None

    def clear(self) -> None:
        """Forget all faults that have not happened yet, and end all troubles."""
        with self._lock:
            self._pending.clear()
            self._troubles.clear()
