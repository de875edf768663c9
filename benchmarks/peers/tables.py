"""A run as tables in Markdown."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.peers import names
from benchmarks.peers.cases import DIRECTIONS, OURS
from benchmarks.peers.outcomes import HOLDS, figure
from benchmarks.peers.parts import PARTS
from benchmarks.peers.results import KMS_SECONDS, CaseResults, Result, Run
from benchmarks.peers.sheets import Cell
from benchmarks.peers.targets import outcomes
from benchmarks.scale.figures import markdown

_HEAD = (
    "who",
    "data key from",
    "commits",
    "bound at its key",
    "encrypt, µs",
    "x floor",
    "decrypt, µs",
    "x floor",
    "calls of KMS",
    f"with {KMS_SECONDS * 1000:g} ms each, ms",
)


def conditions(run: Run) -> str:
    """How, when and on what it was measured."""
    rows = [
        ("command", f"`{run.command}`"),
        ("finished", run.finished),
        ("rounds", f"{run.rounds}, of turns of {run.turn_seconds * 1000:g} ms"),
        *run.machine.items(),
        *run.versions.items(),
    ]
    return markdown(("what", "value"), rows)


def targets(run: Run) -> str:
    """Each target with its figure."""
    rows = [
        (
            outcome.what,
            outcome.way,
            outcome.asked,
            outcome.measured,
            outcome.verdict if outcome.verdict == HOLDS else f"**{outcome.verdict}**",
            outcome.against,
        )
        for outcome in outcomes(run)
    ]
    return markdown(("what", "way", "target", "figure", "verdict", "against"), rows)


def messages(run: Run) -> str:
    """All messages."""
    return "\n".join(map(_case, run.group("messages")))


def items(run: Run) -> str:
    """All items."""
    return "\n".join(map(_case, run.group("items")))


def sheet(run: Run, sheet_id: str) -> str:
    """One sheet, or that the run did not measure it."""
    measured = run.sheet(sheet_id)
    if measured is None:
        return "Not measured in this run.\n"
    return markdown(measured.head, (tuple(map(shown, row)) for row in measured.rows))


def _case(case: CaseResults) -> str:
    title = case.title[0].upper() + case.title[1:]
    floor = case[names.FORMAT_FLOOR]
    table = markdown(_HEAD, (tuple(_row(result, floor)) for result in case.results))
    return f"### {title}\n\n![{title}: medians of all contenders]({case.id}.svg)\n\n{table}"


def _row(result: Result, floor: Result) -> Iterator[str]:
    yield f"**{result.name}**" if result.kind == OURS else result.name
    yield result.key
    yield "yes" if result.commits else "no"
    yield "yes" if result.binds else "no"
    for direction in DIRECTIONS:
        yield result.measured[direction].seconds.told(times=1e6)
        yield figure(result.seconds(direction) / floor.seconds(direction))
    calls = [f"{result.measured[direction].kms_calls:.2g}" for direction in DIRECTIONS]
    yield calls[0] if calls[0] == calls[1] else " / ".join(calls)
    yield " / ".join(figure(result.with_latency(direction) * 1000) for direction in DIRECTIONS)


def shown(cell: Cell) -> str:
    """Return a cell of a sheet as text."""
    return cell if isinstance(cell, str) else figure(cell)


#: By their markers.
TABLES: dict[str, Callable[[Run], str]] = {
    "conditions": conditions,
    "targets": targets,
    "messages": messages,
    "items": items,
    **{part.id: partial(sheet, sheet_id=part.id) for part in PARTS},
}
