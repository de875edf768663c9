"""What was aimed at, and whether a run has come so far."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers import names
from benchmarks.peers.cases import DIRECTIONS
from benchmarks.peers.results import CaseResults, Run

HOLDS, FALLS_SHORT = "holds", "falls short"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a ratio of two medians of one case.

    Parameters
    ----------
    what
        What is compared, in words.
    case
        The id of the case.
    ours
        The contender whose figure is held to the bound.
    against
        The others: the fastest of them counts.
    bound
        The ratio.
    at_most
        Whether ours may take at most so many times what the other takes; otherwise the other must take at
        least so many times what ours takes.
    """

    what: str
    case: str
    ours: str
    against: tuple[str, ...]
    bound: float
    at_most: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target's figure in a run, one way."""

    target: Target
    direction: str
    against: str
    ratio: float

    @property
    def verdict(self) -> str:
        """Whether the target holds."""
        bound = self.target.bound
        holds = self.ratio <= bound if self.target.at_most else self.ratio >= bound
        return HOLDS if holds else FALLS_SHORT

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.target.at_most else 'least'} {self.target.bound:g} x"


TARGETS = (
    Target(
        "message of 1 KiB, branch key cached, against its floor",
        "message-1kib",
        names.MESSAGE_BRANCH,
        (names.FORMAT_FLOOR,),
        1.4,
        at_most=True,
    ),
    Target(
        "message of 1 KiB, branch key cached, against the official hierarchical keyring",
        "message-1kib",
        names.MESSAGE_BRANCH,
        (names.HIERARCHICAL,),
        60,
        at_most=False,
    ),
    Target(
        "message of 1 KiB, KMS data key, against the fastest committing provider of aws-encryption-sdk",
        "message-1kib",
        names.MESSAGE_KMS,
        names.OFFICIAL_BY_KMS,
        6,
        at_most=False,
    ),
    Target(
        "item of 10 attributes, 8 encrypted, branch key cached, against its floor",
        "item-10-0.5kb",
        names.ITEM_TENANT,
        (names.FORMAT_FLOOR,),
        2,
        at_most=True,
    ),
    Target(
        "item of 10 attributes, 8 encrypted, branch key cached, against dynamodb-encryption-sdk locally",
        "item-10-0.5kb",
        names.ITEM_TENANT,
        (names.ITEM_LOCAL,),
        2,
        at_most=False,
    ),
)


def outcomes(run: Run) -> Iterator[Outcome]:
    """Yield each target's figure, both ways."""
    for target in TARGETS:
        for direction in DIRECTIONS:
            yield _outcome(target, run.case(target.case), direction)


def _outcome(target: Target, case: CaseResults, direction: str) -> Outcome:
    ours = case[target.ours].seconds(direction)
    against = min(target.against, key=lambda name: case[name].seconds(direction))
    theirs = case[against].seconds(direction)
    ratio = ours / theirs if target.at_most else theirs / ours
    return Outcome(target, direction, against, ratio)
