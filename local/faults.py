"""Faults on request: the emulator's next answers to an operation fail as a test asks for.

A fault is set from within the process only; there is no way to set one over the network.
"""

from dataclasses import dataclass, replace
from threading import Lock

THROTTLED = "ThrottlingException"
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_SERVER_FAULTS = frozenset(
    {"InternalServerError", "InternalFailure", "KMSInternalException", "ServiceUnavailable", "InternalError"}
)


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
        return _SERVER_ERROR if self.code in _SERVER_FAULTS else _CLIENT_ERROR


class Faults:
    """The faults that are still to come, first set first used."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        if fault.times < 1:
            message = f"A fault must befall at least one request, not {fault.times}."
            raise ValueError(message)
        with self._lock:
            self._pending.append(fault)

    def take(self, service: str, operation: str) -> Fault | None:
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
        return None

    def clear(self) -> None:
        """Forget all faults that have not happened yet."""
        with self._lock:
            self._pending.clear()
