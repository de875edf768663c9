"""Measures a case: its contenders take turns, round after round, so that all meet the same machine."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmarks.peers.cases import DIRECTIONS, Contender
from benchmarks.peers.spread import Spread, spread_of

_Each = TypeVar("_Each")


class CheckError(Exception):
    """A contender does not decrypt what it encrypted, so its times mean nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to measure.

    Parameters
    ----------
    rounds
        How often each contender takes its turn.
    turn_seconds
        How long a turn lasts about; a call that takes longer makes a turn by itself.
    """

    rounds: int
    turn_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender one way: seconds per call, and calls of KMS per call."""

    seconds: Spread
    kms_calls: float


@dataclass(slots=True)
class _Series:
    """What the turns of one contender, one way, have come to."""

    run: Callable[[], object]
    repeat: int
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    kms_calls: int = 0


def measure(
    contenders: Sequence[Contender],
    plan: Plan,
    *,
    kms_calls: Callable[[], int],
    told: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, Measured]]:
    """Return what was measured, by contender and direction.

    Parameters
    ----------
    contenders
        They take turns in this order, each round beginning with another one.
    plan
        How thoroughly.
    kms_calls
        How many calls KMS has answered so far.
    told
        Is called after each round.

    Raises
    ------
    CheckError
        One of them does not decrypt what it encrypted, before the first or after the last round.
    """
    all_series = {contender.name: _series(contender, plan) for contender in contenders}
    # What was made so far is kept out of the garbage collector's way: it would go through it again and again,
    # and the more modules one contender has imported, the longer would every other's turn take.
    gc.collect()
    gc.freeze()
    try:
        for number in range(plan.rounds):
            for contender in in_turn(contenders, number):
                for direction in DIRECTIONS:
                    _take_turn(all_series[contender.name][direction], kms_calls=kms_calls)
            told()
    finally:
        gc.unfreeze()
    for contender in contenders:
        check(contender)
    return {
        name: {
            direction: Measured(spread_of(series.seconds), series.kms_calls / series.calls)
            for direction, series in both.items()
        }
        for name, both in all_series.items()
    }


def in_turn(those: Sequence[_Each], number: int) -> tuple[_Each, ...]:
    """Return them as they come in a round: each round begins with another one."""
    first = number % len(those)
    return (*those[first:], *those[:first])


def check(contender: Contender) -> Any:  # noqa: ANN401 - each stores another form
    """Return what it encrypted; raises CheckError unless it decrypts that."""
    stored = contender.encrypt()
    if contender.decrypt(stored) != contender.plaintext:
        raise CheckError(f"{contender.name}: what was decrypted is not what was encrypted")
    return stored


def _series(contender: Contender, plan: Plan) -> dict[str, _Series]:
    """Check a contender, warm it, and find out how many calls make a turn."""
    stored = check(contender)
    runs: dict[str, Callable[[], object]] = {
        "encrypt": contender.encrypt,
        "decrypt": lambda: contender.decrypt(stored),
    }
    return {direction: _Series(run, _repetitions(run, plan.turn_seconds)) for direction, run in runs.items()}


def _repetitions(run: Callable[[], object], turn_seconds: float) -> int:
    """Double the number of calls until they take a good part of a turn."""
    repeat = 1
    while True:
        seconds = _timed(run, repeat)
        if seconds >= turn_seconds / 4:
            return max(1, round(repeat * turn_seconds / seconds))
        repeat *= 2


def _take_turn(series: _Series, *, kms_calls: Callable[[], int]) -> None:
    # The garbage of the one before is not collected in this one's time.
    gc.collect()
    before = kms_calls()
    series.seconds.append(_timed(series.run, series.repeat) / series.repeat)
    series.kms_calls += kms_calls() - before
    series.calls += series.repeat


def _timed(run: Callable[[], object], repeat: int) -> float:
    began = time.perf_counter()
    for _ in range(repeat):
        run()
    return time.perf_counter() - began
