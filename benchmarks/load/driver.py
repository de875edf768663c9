"""Sends planned requests when they are due, however long the ones before take (an open loop).

Latency counts from the planned time: what a request waited for its turn is part of it. There is a limit to
the requests that are under way at once; once it is reached, those that are due wait, and those that cannot be
sent before the time for sending is over are not sent, and count with the time that they waited in vain.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from benchmarks.load.operations import Outcome
from benchmarks.load.plan import Arrival


@dataclass(frozen=True, slots=True)
class Sample:
    """A planned request, as it went; times in seconds.

    Attributes
    ----------
    kind
        What was done.
    latency
        From the planned time to the answer, or to when it was given up.
    waited
        Of that, until it was sent.
    ended
        After the step's begin.
    sent
        Whether it was.
    error, wrong
        As in `Outcome`.
    """

    kind: str
    latency: float
    waited: float
    ended: float
    sent: bool = True
    error: str = ""
    wrong: bool = False


def drive(
    arrivals: Sequence[Arrival],
    carry_out: Callable[[Arrival], Outcome],
    *,
    seconds: float,
    outstanding: int,
) -> list[Sample]:
    """Send all arrivals of a step, and wait for those that are under way.

    Parameters
    ----------
    arrivals
        In the order of their times.
    carry_out
        Sends one, and says how it ended.
    seconds
        The time for sending: after it nothing more is sent. It may be longer than the arrivals take.
    outstanding
        How many may be under way at once.
    """
    samples, lock, places = [], Lock(), BoundedSemaphore(outstanding)
    began = time.perf_counter()

    def send(arrival: Arrival) -> None:
        try:
            waited = time.perf_counter() - began - arrival.at
            outcome = carry_out(arrival)
            ended = time.perf_counter() - began
        finally:
            places.release()
        sample = Sample(
            outcome.kind,
            ended - arrival.at,
            waited,
            ended,
            error=outcome.error,
            wrong=outcome.wrong,
        )
        with lock:
            samples.append(sample)

    with ThreadPoolExecutor(max_workers=outstanding, thread_name_prefix="load") as pool:
        sending = []
        for arrival in arrivals:
            time.sleep(max(0.0, began + arrival.at - time.perf_counter()))
            left = began + seconds - time.perf_counter()
            if left > 0 and places.acquire(timeout=left):
                sending.append(pool.submit(send, arrival))
            else:
                waited = max(seconds - arrival.at, 0.0)
                with lock:
                    samples.append(Sample(arrival.kind, waited, waited, seconds, sent=False))
        for each in sending:
            each.result()  # an exception in this code must not look like a request that went well
    return samples
