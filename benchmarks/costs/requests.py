"""What encryption adds to a request: the functions with it, and the same ones that keep plaintext."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.costs.contenders import VARIABLES
from benchmarks.costs.paired_requests import BY_TENANT, PAGE_REQUEST, PLAINTEXT, REQUESTS
from benchmarks.costs.processes import ROOT, Bytecode, emulated_aws, figures
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.spread import spread_of

_ROUNDS = {False: 400, True: 40}
_PROGRAM = Path(__file__).with_name("paired_requests.py")
_MOST_ADDED_PERCENT = 10

#: By request and contender.
Seconds = Mapping[str, Mapping[str, Sequence[float]]]
Calls = Mapping[str, Mapping[str, Mapping[str, int]]]


def _measure(quick: bool, step: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as Part has it
    aws = emulated_aws()
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "environment": {**VARIABLES, **aws.variables},
            "rounds": _ROUNDS[quick],
        }
        bytecode = Bytecode(Path(folder), written=False)
        paths = [str(ROOT), *aws.package]
        measured = figures(_PROGRAM, told, paths=paths, bytecode=bytecode, name="requests")
    step()
    return sheet(measured["seconds"], measured["calls"])


def sheet(seconds: Seconds, calls: Calls) -> Sheet:
    """Make the sheet of processor times and calls of services in as many rounds as there are times."""
    return Sheet(
        id="requests",
        head=(
            "request",
            "records are kept",
            "processor ms",
            "added, µs",
            "added, %",
            "calls of KMS",
            "calls of DynamoDB",
        ),
        rows=tuple(
            _row(request, contender, seconds[request], calls[request])
            for request in seconds
            for contender in seconds[request]
        ),
        outcomes=tuple(
            Outcome(
                "processor time that encryption adds to a request, strategy tenant, warm",
                request,
                "the same function with plaintext",
                _added(seconds[request], BY_TENANT) / median(seconds[request][PLAINTEXT]) * 100,
                _MOST_ADDED_PERCENT,
                at_most=True,
                unit="%",
            )
            for request in seconds
            # A page is many records for one request: it is shown, and is not what the target means.
            if request != PAGE_REQUEST
        ),
    )


def _row(
    request: str,
    contender: str,
    seconds: Mapping[str, Sequence[float]],
    calls: Mapping[str, Mapping[str, int]],
) -> tuple[Cell, ...]:
    took = spread_of(seconds[contender]).told(times=1000)
    added, plain = _added(seconds, contender), median(seconds[PLAINTEXT])
    made = calls[contender]
    each = [f"{made.get(service, 0) / len(seconds[contender]):.2g}" for service in ("kms", "dynamodb")]
    if contender == PLAINTEXT:
        return request, contender, took, "", "", *each
    return (
        request,
        f"**{contender}**",
        took,
        added * 1e6,
        added / plain * 100,
        *each,
    )


def _added(seconds: Mapping[str, Sequence[float]], contender: str) -> float:
    """Return the difference of the medians."""
    return median(seconds[contender]) - median(seconds[PLAINTEXT])


PART = Part("requests", f"{len(REQUESTS)} kinds of requests", lambda _: 1, _measure)
