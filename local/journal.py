"""What was asked of the emulator: service, operation, who and the status. Never a body, never a key."""

from collections import Counter, deque
from dataclasses import dataclass
from threading import Lock

_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the emulator has answered."""

    service: str
    operation: str
    access_key_id: str
    status: int


class Journal:
    """The latest requests, and counts of all of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: deque[Request] = deque(maxlen=_KEPT)
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, request: Request) -> None:
        """Write down one request."""
        with self._lock:
            self._requests.append(request)
            self._counts[request.service, request.operation] += 1

    def requests(self, *, service: str | None = None) -> list[Request]:
        """Return the latest requests, oldest first, of one service or of all."""
        with self._lock:
            return [request for request in self._requests if service in (None, request.service)]

    def counts(self, *, service: str) -> dict[str, int]:
        """Return how often each operation of a service was asked for since the start."""
        with self._lock:
            return {operation: n for (name, operation), n in sorted(self._counts.items()) if name == service}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._requests.clear()
            self._counts.clear()
