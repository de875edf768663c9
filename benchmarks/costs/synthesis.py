"""How long `cdk synth` takes for all stacks, as `make synth` runs it, beside an app with one empty stack."""

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.costs.processes import PROJECT_PYTHON, ROOT, ProcessError
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.spread import spread_of

#: A quick run has no time for it.
_ROUNDS = {False: 3, True: 0}
_MOST = 2
#: Kept between runs: as with `make synth`, the functions' package is built once for a state of the sources.
_OUTPUT = ROOT / ".build" / "benchmarks" / "cdk.out"
_BIN = PROJECT_PYTHON.parent

_EMPTY_APP = """\
import aws_cdk as cdk

app = cdk.App()
cdk.Stack(app, "Empty")
app.synth()
"""


class Taken(NamedTuple):
    """What one run took, in seconds: on the clock, and of all processors."""

    clock: float
    processors: float


def _measure(quick: bool, step: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as Part has it
    rounds = _ROUNDS[quick]
    ours: list[Taken] = []
    empty: list[Taken] = []
    if rounds:
        synthesize_all()
        step()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            ours.append(_timed(synthesize_all))
            empty.append(_timed(lambda: synthesize_empty(Path(folder))))
            step()
    return sheet(ours, empty)


def synthesize_all() -> None:
    """Synthesize the stacks of `dev`, with a package that is there from the last time."""
    _cdk("--output", str(_OUTPUT), "-c", "env=dev", folder=ROOT)


def synthesize_empty(folder: Path) -> None:
    """Synthesize an app with one empty stack, which is written into a folder."""
    (folder / "app.py").write_text(_EMPTY_APP)
    settings = {"app": "python3 app.py", "versionReporting": False}
    (folder / "cdk.json").write_text(json.dumps(settings))
    _cdk(folder=folder)


def sheet(ours: Sequence[Taken], empty: Sequence[Taken]) -> Sheet:
    """Make the sheet of what each took; without any it says that there are none."""
    names = "all stacks", "an app with one empty stack"
    if not ours:
        return Sheet("synth", _HEAD, tuple((name, "not in this run", "", "", "") for name in names))
    rows: list[tuple[Cell, ...]] = []
    for name, runs in zip((f"**{names[0]}**", names[1]), (ours, empty), strict=True):
        cells: list[Cell] = [name]
        for each in Taken._fields:
            seconds = spread_of([getattr(run, each) for run in runs])
            least = spread_of([getattr(run, each) for run in empty])
            cells += [seconds.told(), seconds.median / least.median]
        rows.append(tuple(cells))
    _, _, on_the_clock, _, of_processors = rows[0]
    ratios = (("on the clock", on_the_clock), ("processor time", of_processors))
    outcomes = (
        Outcome(
            "`cdk synth` of all stacks, validation included", way, names[1], float(ratio), _MOST, at_most=True
        )
        for way, ratio in ratios
    )
    return Sheet("synth", _HEAD, tuple(rows), tuple(outcomes))


_HEAD = ("`cdk synth` of", "on the clock, s", "x the empty app", "processors, s", "x the empty app")


def _cdk(*options: str, folder: Path) -> None:
    """Run `cdk synth`; raises ProcessError when it fails."""
    environment = {
        **os.environ,
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
        "JSII_NODE": str(_BIN / "node"),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    result = subprocess.run(  # noqa: S603
        [str(_BIN / "cdk"), "synth", "--quiet", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines() or ["it ended without a word"]
        raise ProcessError(f"cdk synth: {said[-1]}")


def _timed(run: Callable[[], None]) -> Taken:
    began, processors = time.perf_counter(), _processors()
    run()
    return Taken(time.perf_counter() - began, _processors() - processors)


def _processors() -> float:
    """Return the processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


PART = Part("synth", "cdk synth", lambda quick: _ROUNDS[quick] and _ROUNDS[quick] + 1, _measure)
