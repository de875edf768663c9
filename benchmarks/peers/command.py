"""Measures all of it, prints each target with its figure, and writes docs/benchmarks."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.costs.processes import ProcessError
from benchmarks.peers import document, items, messages
from benchmarks.peers.cases import DIRECTIONS, Case
from benchmarks.peers.dynamodb_client import DynamoDbClient
from benchmarks.peers.encryption_sdk import EncryptionSdk
from benchmarks.peers.machine import machine, versions
from benchmarks.peers.other_envelopes import OtherEnvelopes
from benchmarks.peers.ours import Ours
from benchmarks.peers.outcomes import Outcome, figure
from benchmarks.peers.parts import PARTS
from benchmarks.peers.results import CaseResults, Result, Run
from benchmarks.peers.rounds import CheckError, Plan, measure
from benchmarks.peers.sheets import Part, Sheet
from benchmarks.peers.stand_in import AwsStandIn
from benchmarks.peers.tables import shown
from benchmarks.peers.targets import outcomes

_EXAMPLES = """\
examples (`make bench` and `make bench-quick` have the environment that they need):
  .venv-bench/bin/python -m benchmarks.peers --only message-1kib
  .venv-bench/bin/python -m benchmarks.peers --only stream --rounds 15
  .venv-bench/bin/python -m benchmarks.peers --only nothing
      names all ids
exit codes: 0: measured, whether targets hold or not; 1: a contender does not decrypt what it encrypted, or a
process that is to be measured fails; 2: an argument is wrong; 130: interrupted
"""
# Where there is no terminal whose width could be asked for.
_WIDTH = 200
_THOROUGH, _QUICK = Plan(rounds=41, turn_seconds=0.04), Plan(rounds=21, turn_seconds=0.01)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    plan = _QUICK if given.quick else _THOROUGH
    if given.rounds is not None:
        if given.rounds < 1:
            parser.error("--rounds is a whole number from 1")
        plan = replace(plan, rounds=given.rounds)
    aws = AwsStandIn()
    cases = [case for case in _cases(aws) if case.id.startswith(given.only or "")]
    parts = [part for part in PARTS if part.id.startswith(given.only or "")]
    if not cases and not parts:
        there = ", ".join([*(case.id for case in _cases(aws)), *(part.id for part in PARTS)])
        parser.error(f"--only: none of the ids begins with {given.only!r}; there are {there}")
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    before = machine()
    try:
        results = _measured(cases, plan, aws=aws, console=console)
        sheets = _sheets(parts, quick=given.quick, console=console)
    except (CheckError, ProcessError) as error:
        print(f"benchmarks.peers: {error}; nothing was written", file=sys.stderr)
        return 1
    if given.only:
        for case in results:
            _print_case(case, console)
        for sheet in sheets:
            _print_sheet(sheet, console)
        _print_targets((outcome for sheet in sheets for outcome in sheet.outcomes), console)
        return 0
    run = Run(
        command="make bench",
        finished=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rounds=plan.rounds,
        turn_seconds=plan.turn_seconds,
        machine=before,
        versions=versions(),
        cases=tuple(results),
        sheets=tuple(sheets),
    )
    _print_targets(outcomes(run), console)
    if plan == _THOROUGH:
        document.write(document.FOLDER, run)
        console.print("docs/benchmarks/README.md has all figures, and how to read them.")
    else:
        console.print("Nothing was written: docs/benchmarks has the figures of `make bench`.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter turns: about a minute; writes nothing"
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="how often each contender takes its turn; writes nothing"
    )
    parser.add_argument("--only", metavar="ID", help="cases and parts whose id begins so; writes nothing")
    return parser


def _cases(aws: AwsStandIn) -> list[Case]:
    """Make what all cases share: clients, keyrings, a branch key."""
    ours = Ours(aws)
    return [
        *messages.cases(ours, EncryptionSdk(aws), OtherEnvelopes(aws)),
        *items.cases(ours, DynamoDbClient(aws)),
    ]


def _measured(cases: Sequence[Case], plan: Plan, *, aws: AwsStandIn, console: Console) -> list[CaseResults]:
    results = []
    with _progress(console, total=len(cases) * plan.rounds) as (begin, told):
        for case in cases:
            begin(case.title)
            contenders = case.contenders()
            measured = measure(contenders, plan, kms_calls=aws.kms_calls, told=told)
            each = (
                Result(one.name, one.kind, one.key, one.commits, one.binds, measured[one.name])
                for one in contenders
            )
            results.append(CaseResults(case.id, case.group, case.title, tuple(each)))
    return results


def _sheets(parts: Sequence[Part], *, quick: bool, console: Console) -> list[Sheet]:
    sheets = []
    with _progress(console, total=sum(part.steps(quick) for part in parts)) as (begin, told):
        for part in parts:
            begin(part.title)
            sheets.append(part.measure(quick, told))
    return sheets


@contextmanager
def _progress(console: Console, *, total: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Show how far it is: yields what to call with the name of what begins, and after each step of it."""
    columns = TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    # Drawn after each step, and by no thread of its own, which would take time from whose turn it is.
    with Progress(*columns, console=console, auto_refresh=False, disable=not total) as progress:
        task = progress.add_task("", total=total)

        def begin(title: str) -> None:
            progress.update(task, description=title)
            progress.refresh()

        def told() -> None:
            progress.advance(task)
            progress.refresh()

        yield begin, told
        begin("done")


def _print_case(case: CaseResults, console: Console) -> None:
    table = Table("who", *(f"{direction}, µs" for direction in DIRECTIONS), title=case.title)
    for result in case.results:
        table.add_row(result.name, *(figure(result.seconds(way) * 1e6) for way in DIRECTIONS))
    console.print(table)


def _print_sheet(sheet: Sheet, console: Console) -> None:
    table = Table(*sheet.head, title=sheet.id)
    for row in sheet.rows:
        table.add_row(*map(shown, row))
    console.print(table)


def _print_targets(measured: Iterable[Outcome], console: Console) -> None:
    table = Table("target", "way", "asked", "figure", "verdict", title="targets")
    for outcome in measured:
        table.add_row(outcome.what, outcome.way, outcome.asked, outcome.measured, outcome.verdict)
    if table.row_count:
        console.print(table)
