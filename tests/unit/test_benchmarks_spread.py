"""What is told of measurements, and how a case's contenders take turns."""

import itertools

import pytest

from benchmarks.peers.cases import OURS, Contender
from benchmarks.peers.rounds import CheckError, Plan, check, measure
from benchmarks.peers.spread import Spread, percentile, spread_of


def test_the_median_and_the_middle_four_fifths_are_told() -> None:
    assert spread_of([float(value) for value in range(10, -1, -1)]) == Spread(5.0, low=1.0, high=9.0)


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([1.0, 2.0], 0.1) == pytest.approx(1.1)
    assert percentile([7.0], 0.9) == 7.0


def test_one_slow_turn_moves_neither_median_nor_percentile_far() -> None:
    assert spread_of([1.0] * 20 + [1000.0]) == Spread(1.0, low=1.0, high=1.0)


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread_of([])


class Recorded:
    """A contender that says when it was called."""

    def __init__(self, name: str, calls: list[str], *, broken_after: int | None = None) -> None:
        self.contender = Contender(
            name,
            OURS,
            "key",
            commits=True,
            binds=True,
            encrypt=self._encrypt,
            decrypt=self._decrypt,
            plaintext=b"text",
        )
        self._name, self._calls, self._broken_after = name, calls, broken_after
        self._decrypted = 0

    def _encrypt(self) -> bytes:
        self._calls.append(self._name)
        return b"stored"

    def _decrypt(self, stored: bytes) -> bytes:
        assert stored == b"stored"
        self._decrypted += 1
        broken = self._broken_after is not None and self._decrypted > self._broken_after
        return b"other" if broken else b"text"


_EACH_ONCE = Plan(rounds=4, turn_seconds=0.0)


def test_contenders_take_turns_and_each_round_begins_with_another() -> None:
    calls: list[str] = []
    contenders = [Recorded(name, calls).contender for name in "abc"]
    measured = measure(contenders, _EACH_ONCE, kms_calls=lambda: 0)
    assert list(measured) == ["a", "b", "c"]
    turns = [name for name, _ in itertools.groupby(calls)]
    # First each is checked and warmed, last each is checked again; between them are the rounds.
    assert "".join(turns) == "abcabcbcacababcabc"


def test_calls_of_kms_are_told_for_each_call() -> None:
    calls: list[str] = []
    contender = Recorded("a", calls).contender
    measured = measure([contender], Plan(rounds=3, turn_seconds=0.001), kms_calls=lambda: len(calls))["a"]
    assert (measured["encrypt"].kms_calls, measured["decrypt"].kms_calls) == (1.0, 0.0)


def test_progress_is_told_after_each_round() -> None:
    told: list[int] = []
    contender = Recorded("a", []).contender
    measure([contender], _EACH_ONCE, kms_calls=lambda: 0, told=lambda: told.append(1))
    assert len(told) == _EACH_ONCE.rounds


@pytest.mark.parametrize("broken_after", [0, 5])
def test_a_contender_that_does_not_decrypt_what_it_encrypted_ends_it(broken_after: int) -> None:
    contender = Recorded("a", [], broken_after=broken_after).contender
    with pytest.raises(CheckError, match="a: what was decrypted"):
        measure([contender], _EACH_ONCE, kms_calls=lambda: 0)


def test_a_check_returns_what_was_encrypted() -> None:
    assert check(Recorded("a", []).contender) == b"stored"
