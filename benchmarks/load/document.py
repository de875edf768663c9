"""docs/benchmarks/load.md: prose that people write, and tables between markers that a run writes."""

from pathlib import Path

from benchmarks.load.results import Run
from benchmarks.load.rows import MEMORY_HEAD, STEP_HEAD, VERDICT_HEAD, memory_rows, step_rows, verdict_rows
from benchmarks.load.verdicts import saturation
from benchmarks.marked_tables import filled
from benchmarks.scale.figures import markdown

FILE = Path(__file__).parents[2] / "docs" / "benchmarks" / "load.md"


def written(page: str, run: Run) -> str:
    """Return the page with all its tables from a run; DocumentError if its markers are not theirs."""
    return filled(page, TABLES, run, name=FILE.name)


def conditions(run: Run) -> str:
    """On what, when, and how it was laid out."""
    chosen, limits = run.options, run.options.limits
    rows = [
        ("command", f"`{run.command}`"),
        ("date", run.date),
        *run.machine.items(),
        ("key strategy", f"`{chosen.strategy}`"),
        ("tenants", f"{chosen.tenants:,}"),
        (
            "rates",
            f"{chosen.first_rate:g}/s, then times {chosen.factor:g}, for {chosen.step_seconds:g} s each",
        ),
        (
            "saturated",
            f"below {limits.share:.0%} of what is offered, or with a p99 above {limits.seconds:g} s",
        ),
        ("requests at once", f"{chosen.outstanding} at most"),
        ("seed", f"{chosen.seed}"),
    ]
    return markdown(("of the run", ""), rows)


def steps(run: Run) -> str:
    """Every step."""
    return markdown(STEP_HEAD, step_rows(run)) + f"\n{saturation(run).capitalize()}.\n"


def memory(run: Run) -> str:
    """Every process."""
    return markdown(MEMORY_HEAD, memory_rows(run))


def judged(run: Run) -> str:
    """Every verdict."""
    return markdown(VERDICT_HEAD, verdict_rows(run))


#: By their markers.
TABLES = {"conditions": conditions, "steps": steps, "memory": memory, "verdicts": judged}
