"""Which requests come when: planned before the first is sent, and the same for the same seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

CREATE, REPLACE, READ, PAGE, DELETE = "create", "replace", "read", "page", "delete"
#: Of a hundred requests. More are created than deleted, so that there is ever more to read.
MIX = {CREATE: 20, REPLACE: 20, READ: 40, PAGE: 10, DELETE: 10}
_SMALLEST, _LARGEST = 64, 16 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that is planned.

    Attributes
    ----------
    at
        Seconds after its step began.
    kind
        One of `MIX`.
    tenant
        By number.
    size
        Characters of text in what is written.
    pick
        From 0 to below 1: which of the records that can be had at that time.
    """

    at: float
    kind: str
    tenant: int
    size: int
    pick: float


def rates(*, first: float, factor: float, steps: int) -> list[float]:
    """Return the rate of each step, in requests per second."""
    return [first * factor**number for number in range(steps)]


def arrivals(rate: float, *, seconds: float, tenants: int, seed: str) -> list[Arrival]:
    """Plan a step: a Poisson process, as of many callers who do not know of each other."""
    random = Random(seed)  # noqa: S311 - it is to be the same again
    return [planned(at, random, tenants=tenants) for at in _times(rate, seconds, random)]


def planned(at: float, random: Random, *, tenants: int, kind: str | None = None) -> Arrival:
    """Plan a request at a time; its kind follows from the mix unless it is given."""
    drawn = random.choices(list(MIX), weights=list(MIX.values()))[0]
    size = round(math.exp(random.uniform(math.log(_SMALLEST), math.log(_LARGEST))))
    return Arrival(at, kind or drawn, random.randrange(tenants), size, random.random())


def _times(rate: float, seconds: float, random: Random) -> Iterator[float]:
    at = random.expovariate(rate)
    while at < seconds:
        yield at
        at += random.expovariate(rate)
