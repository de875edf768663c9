"""Puts a load of bounded length on the deployed API, and tells whether it holds.

Exit codes: 0; 1 when a verdict falls short or the load could not begin; 2 when an argument is wrong.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.load import document, processes
from benchmarks.load.arguments import Options, contradiction, options, parser
from benchmarks.load.deployment import apart
from benchmarks.load.load import LoadError, load
from benchmarks.load.results import Run, write_json
from benchmarks.load.rows import MEMORY_HEAD, STEP_HEAD, VERDICT_HEAD, memory_rows, step_rows, verdict_rows
from benchmarks.load.verdicts import verdicts
from benchmarks.marked_tables import DocumentError
from local.cdk_command import DeploymentError

# Where there is no terminal whose width could be asked for.
_WIDTH = 160


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    top = parser()
    given = top.parse_args(arguments)
    wrong = contradiction(given)
    if wrong:
        top.error(wrong)
    if not processes.can_be_read():
        top.error("memory is read from /proc: this needs Linux")
    if given.json is not None and not Path(given.json).resolve().parent.is_dir():
        top.error(f"--json: there is no folder for {given.json}")
    if given.json is not None and Path(given.json).is_dir():
        top.error(f"--json: {given.json} is a folder; name a file")
    command = " ".join(["python -m benchmarks.load", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        run = _run(options(given), command=command)
        _show(run)
        if given.json is not None:
            write_json(run, Path(given.json))
        if given.write:
            document.FILE.write_text(document.written(document.FILE.read_text(), run))
            print("docs/benchmarks/load.md has these figures, and how to read them.")
    except (LoadError, DocumentError, DeploymentError) as error:
        print(f"benchmarks.load: {error}", file=sys.stderr)
        return 1
    return 0 if all(verdict.holds for verdict in verdicts(run)) else 1


def _run(chosen: Options, *, command: str) -> Run:
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("deploying the real stacks", total=chosen.seconds)
        with apart(strategy=chosen.strategy) as deployment:
            return load(
                deployment,
                chosen,
                command=command,
                tell=lambda over, text: progress.update(task, completed=over, description=text),
            )


def _show(run: Run) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False, markup=False)
    console.print(_table(STEP_HEAD, step_rows(run), justify="right"), "")
    console.print(_table(MEMORY_HEAD, memory_rows(run), justify="right"), "")
    console.print(_table(VERDICT_HEAD, verdict_rows(run), justify="left"))
    for finding in run.verification.findings:
        console.print(finding)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, justify: Literal["left", "right"]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(head):
        table.add_column(name, overflow="fold", justify=justify if place else "left")
    for row in rows:
        table.add_row(*row)
    return table
