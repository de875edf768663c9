"""What a cold start costs: the import of a function's package, and its first request.

Lambda gets no bytecode: the package has none, so that the same sources give the same bytes on every machine.
So a start compiles what it imports, and that is measured; what it would take with bytecode stands beside it.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.costs.contenders import (
    ALONE,
    BOTO3,
    FUNCTIONS,
    OFFICIAL,
    PEERS,
    Contender,
    started,
)
from benchmarks.costs.processes import Aws, Bytecode, emulated_aws
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.rounds import in_turn
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.spread import Spread, spread_of

AS_DEPLOYED, WITH_BYTECODE = "from source, as deployed", "with bytecode"
#: How often each is started, by whether it is a quick run, once what is read from disk has been read.
_ROUNDS = {False: {AS_DEPLOYED: 5, WITH_BYTECODE: 7}, True: {WITH_BYTECODE: 2}}
_QUICK = ("reader", BOTO3, OFFICIAL)
_AGAINST_BOTO3, _AGAINST_OFFICIAL = 1.25, 0.6

#: Seconds by contender: processor time of the import, the same on the clock, processor time of a request.
Starts = Mapping[str, tuple[Spread, Spread, Spread]]


def _contenders(quick: bool) -> list[Contender]:  # noqa: FBT001 - as Part has it
    return [each for each in (*FUNCTIONS, *ALONE, *PEERS) if not quick or each.name in _QUICK]


def _steps(quick: bool) -> int:  # noqa: FBT001 - as Part has it
    return sum(rounds + 1 for rounds in _ROUNDS[quick].values())


def _measure(quick: bool, step: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as Part has it
    contenders = _contenders(quick)
    aws = emulated_aws()
    with tempfile.TemporaryDirectory() as folder:
        measured = {}
        for way, rounds in _ROUNDS[quick].items():
            bytecode = Bytecode(Path(folder) / way, written=way == WITH_BYTECODE)
            measured[way] = _starts(contenders, aws, bytecode, rounds=rounds, step=step)
    return sheet(contenders, measured)


def _starts(
    contenders: Sequence[Contender], aws: Aws, bytecode: Bytecode, *, rounds: int, step: Callable[[], None]
) -> Starts:
    """Start all in turn, round after round; a round before the others reads files and writes bytecode."""
    taken: dict[str, list[tuple[float, float, float]]] = {each.name: [] for each in contenders}
    for number in range(rounds + 1):
        for each in in_turn(contenders, number):
            found = started(each, aws, requests=1, bytecode=bytecode)
            if number > 0:
                taken[each.name].append((*found["import"], found["first"][0]))
        step()
    return {name: _spreads(starts) for name, starts in taken.items()}


def _spreads(starts: Sequence[tuple[float, float, float]]) -> tuple[Spread, Spread, Spread]:
    processor, clock, request = map(spread_of, zip(*starts, strict=True))
    return processor, clock, request


def sheet(contenders: Sequence[Contender], measured: Mapping[str, Starts]) -> Sheet:
    """Make the sheet of what was measured, by whether there was bytecode.

    Parameters
    ----------
    contenders
        Who took part.
    measured
        By `AS_DEPLOYED` and `WITH_BYTECODE`; a quick run has the second alone.
    """
    return Sheet(
        id="startup",
        head=(
            "who",
            "import from source, processor ms",
            "x boto3 alone",
            "x official",
            "on the clock, ms",
            "with bytecode, processor ms",
            "x boto3 alone",
            "x official",
            "first request, processor ms",
        ),
        rows=tuple(_row(each, measured) for each in contenders),
        outcomes=tuple(
            outcome for way, starts in measured.items() for outcome in _outcomes(contenders, starts, way)
        ),
    )


def _row(one: Contender, measured: Mapping[str, Starts]) -> tuple[Cell, ...]:
    cells: list[Cell] = [one.name if one.against is None else f"**{one.name}**"]
    for way in (AS_DEPLOYED, WITH_BYTECODE):
        starts = measured.get(way)
        if starts is None:
            cells += ["not in this run", "", "", ""]
        else:
            processor, clock, _ = starts[one.name]
            cells += [
                processor.told(times=1000),
                processor.median / starts[one.against or BOTO3][0].median,
                processor.median / starts[OFFICIAL][0].median,
                clock.told(times=1000),
            ]
    # With bytecode the time on the clock says no more than the processor's.
    cells.pop()
    return (*cells, measured[WITH_BYTECODE][one.name][2].told(times=1000))


def _outcomes(contenders: Sequence[Contender], starts: Starts, way: str) -> list[Outcome]:
    """Return the figures of the function that is slowest against each."""
    functions = [each for each in contenders if each.against is not None]

    def against(name_of: Callable[[Contender], str]) -> tuple[float, str]:
        return max(
            (starts[each.name][0].median / starts[name_of(each)][0].median, each.name) for each in functions
        )

    alone, of_alone = against(lambda each: each.against or BOTO3)
    official, of_official = against(lambda _: OFFICIAL)
    what = "import of a function's package, processor time"
    return [
        Outcome(
            what,
            f"{way}; {of_alone}, the slowest",
            "boto3 with its clients, and cryptography",
            alone,
            _AGAINST_BOTO3,
            at_most=True,
        ),
        Outcome(
            what,
            f"{way}; {of_official}, the slowest",
            OFFICIAL,
            official,
            _AGAINST_OFFICIAL,
            at_most=True,
        ),
    ]


PART = Part("startup", "start of the functions", _steps, _measure)
