"""What each function keeps in memory, after its import and after many requests, of what it has been given."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.costs.contenders import ALONE, FUNCTIONS, Contender, started
from benchmarks.costs.processes import ROOT, Bytecode, emulated_aws
from benchmarks.peers.sheets import Cell, Part, Sheet

#: How many requests each answers, by whether it is a quick run.
_REQUESTS = {False: 300, True: 20}
_MIB = 1024 * 1024
_ENVIRONMENT = "dev"

#: Resident bytes by contender: after import, half of the requests, all of them.
Memory = Mapping[str, Sequence[int]]


def _contenders(quick: bool) -> list[Contender]:  # noqa: FBT001 - as Part has it
    """Return all that are measured; in a quick run those that differ most."""
    if quick:
        return [each for each in (*FUNCTIONS, *ALONE) if each.name in ("reader", ALONE[0].name)]
    return [*FUNCTIONS, *ALONE]


def _steps(quick: bool) -> int:  # noqa: FBT001 - as Part has it
    return len(_contenders(quick))


def _measure(quick: bool, step: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as Part has it
    resident: dict[str, Sequence[int]] = {}
    contenders, requests = _contenders(quick), _REQUESTS[quick]
    aws = emulated_aws()
    with tempfile.TemporaryDirectory() as folder:
        # Lambda finds no bytecode, and what compiles keeps memory of it.
        bytecode = Bytecode(Path(folder), written=False)
        for each in contenders:
            found = started(each, aws, requests=requests, bytecode=bytecode)
            resident[each.name] = found["resident"]
            step()
    return sheet(contenders, resident, requests=requests, given=configured_mib())


def configured_mib() -> int:
    """Return how much the stacks give each function where nothing else is set."""
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"][_ENVIRONMENT]
    return int(settings["function_memory_mb"])


def sheet(contenders: Sequence[Contender], resident: Memory, *, requests: int, given: int) -> Sheet:
    """Make the sheet of what was measured; `given` is in MiB."""
    return Sheet(
        id="memory",
        head=(
            "who",
            "after import, MiB",
            f"after {requests // 2:,} requests",
            f"after {requests:,} requests",
            "above boto3 alone, MiB",
            f"of the {given} MiB given, left",
        ),
        rows=tuple(_row(each, resident, given=given) for each in contenders),
    )


def _row(one: Contender, resident: Memory, *, given: int) -> tuple[Cell, ...]:
    start, half, end = (size / _MIB for size in resident[one.name])
    if one.against is None:
        return one.name, start, half, end, "", ""
    alone = resident.get(one.against)
    above: Cell = "not in this run" if alone is None else end - alone[-1] / _MIB
    return f"**{one.name}**", start, half, end, above, given - end


PART = Part("memory", "memory of the functions", _steps, _measure)
