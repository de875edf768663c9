"""What a scanner's run comes to, in one form for all of them."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

EMPTY = "there is nothing to scan: the templates have no resources"


class ScanError(Exception):
    """A tool is missing, failed, or did not look at everything. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """What a scanner holds against a resource.

    Attributes
    ----------
    tool, rule
        Who says it.
    resource
        The path of the construct.
    sentence
        What is wrong, in the tool's words.
    """

    tool: str
    rule: str
    resource: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Acknowledgement:
    """A finding that the stacks accept.

    Attributes
    ----------
    tool, rule
        Whose finding.
    resource
        The path of the construct.
    reason
        Why it is accepted.
    """

    tool: str
    rule: str
    resource: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One tool's run over one assembly.

    Attributes
    ----------
    tool, version
        What ran.
    resources
        How many it looked at.
    findings
        What stands against the stacks: nothing, if all is well.
    acknowledged
        What they accept.
    notes
        What the stacks themselves tell who deploys them: settings that are still to be filled in.
    """

    tool: str
    version: str
    resources: int
    findings: tuple[Finding, ...]
    acknowledged: tuple[Acknowledgement, ...]
    notes: tuple[Finding, ...] = ()


def require_whole(tool: str, *, seen: Collection[str], expected: Collection[str]) -> None:
    """Fail unless a tool looked at each of the app's resources.

    Raises
    ------
    ScanError
        If there is none, or the tool passed some by.
    """
    if not expected:
        raise ScanError(EMPTY)
    missed = sorted((Counter(expected) - Counter(seen)).elements())
    if missed:
        raise ScanError(
            f"{tool} looked at {len(expected) - len(missed)} of {len(expected)} resources; "
            f"it passed by {', '.join(missed[:5])}{' and others' if len(missed) > 5 else ''}"
        )


def judged(
    *,
    tool: str,
    reported: Iterable[Finding],
    acknowledged: Collection[Acknowledgement],
) -> tuple[Finding, ...]:
    """Compare what a tool reports, heeding no acknowledgement, with what is acknowledged.

    Returns
    -------
    tuple of Finding
        What nobody acknowledged; then each acknowledgement of what the tool does not report, and each
        without a reason.
    """
    of_tool = list(reported)
    accepted = {(one.rule, one.resource) for one in acknowledged}
    real = {(one.rule, one.resource) for one in of_tool}
    open_ones = [one for one in of_tool if (one.rule, one.resource) not in accepted]
    stale = [
        Finding(
            tool=tool,
            rule=one.rule,
            resource=one.resource,
            sentence="acknowledged, but the tool no longer reports it: remove the acknowledgement",
        )
        for one in acknowledged
        if (one.rule, one.resource) not in real
    ]
    silent = [
        Finding(tool=tool, rule=one.rule, resource=one.resource, sentence="acknowledged without a reason")
        for one in acknowledged
        if not one.reason.strip()
    ]
    return tuple(sorted({*open_ones, *stale, *silent}))
