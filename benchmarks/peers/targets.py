"""What was aimed at in the cases, and what a run has come to."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers import names
from benchmarks.peers.cases import DIRECTIONS
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.results import CaseResults, Run


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
    """Yield each target's figure, those of the cases both ways."""
    for target in TARGETS:
        for direction in DIRECTIONS:
            yield _outcome(target, run.case(target.case), direction)
    for sheet in run.sheets:
        yield from sheet.outcomes


def _outcome(target: Target, case: CaseResults, direction: str) -> Outcome:
    ours = case[target.ours].seconds(direction)
    against = min(target.against, key=lambda name: case[name].seconds(direction))
    theirs = case[against].seconds(direction)
    ratio = ours / theirs if target.at_most else theirs / ours
    return Outcome(target.what, direction, against, ratio, target.bound, target.at_most)
