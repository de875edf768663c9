"""The connections on which the emulator is answering: a test can cut them all, as when its server dies.

What was stored stays, as it does at AWS; whether a request that was cut had been carried out, its caller does
not know.
"""

import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock


class Connections:
    """The connections of requests under way, by the access keys of those who asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[socket.socket, str] = {}
        self._back_at = float("-inf")
        self._spared: frozenset[str] = frozenset()

    @contextmanager
    def answering(self, connection: socket.socket, *, access_key_id: str) -> Iterator[bool]:
        """Hold a request's connection while it is answered; give whether anybody is there to answer it."""
        with self._lock:
            there = time.monotonic() >= self._back_at or access_key_id in self._spared
            self._open[connection] = access_key_id
        try:
            yield there
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def cut(self, *, seconds: float, spared: Iterable[str]) -> int:
        """Break all that are being answered, and new ones for a while; return how many there were.

        Calls with some access keys are spared: by them tests look on.
        """
        with self._lock:
            self._back_at, self._spared = time.monotonic() + seconds, frozenset(spared)
            found = [each for each, key in self._open.items() if key not in self._spared]
        for connection in found:
            reset(connection, both_ways=True)
        return len(found)


def reset(connection: socket.socket, *, both_ways: bool = False) -> None:
    """Break a connection so that the client sees a reset; `both_ways` leaves closing it to its owner."""
    with suppress(OSError):  # it is closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR if both_ways else socket.SHUT_RD)
        if not both_ways:
            connection.close()
