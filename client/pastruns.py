"""Past runs: their names are in S3, which forgets none; whether one is at work Step Functions knows."""

import argparse
from collections.abc import Iterable, Mapping
from datetime import UTC
from functools import partial
from typing import Any

from client.awsfailures import told
from client.boundedwork import done_at_once
from client.maintenanceplace import MaintenancePlace
from client.output import say
from client.problems import Exit
from client.reencryptionruns import Execution, describe, execution_name, recent, run_and_number
from client.runreport import print_json, print_runs
from client.runresults import AT_ONCE, plan_of, planned_executions, runs_in, summary_of
from client.runstates import is_complete, run_state
from client.tables import wants_json

# What Step Functions is asked for: executions of some months, newest first.
_MOST_EXECUTIONS = 1000


def list_runs(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    """Print runs, the newest first."""
    executions = recent(place, most=_MOST_EXECUTIONS)
    latest = _latest(executions)
    by_name = {execution.name: execution for execution in executions}
    # A run's name begins with its time.
    names = sorted({*runs_in(place), *latest}, reverse=True)
    shown = names[: arguments.limit]
    with told("runs"):
        found = dict(
            done_at_once(
                (partial(_entry, place, name, latest.get(name), by_name) for name in shown), limit=AT_ONCE
            )
        )
    entries = [found[name] for name in shown]
    if wants_json(arguments.output):
        for entry in entries:
            print_json(entry)
    elif entries:
        print_runs(entries)
    if not entries:
        say("there are no runs yet: `sealed maintenance reencrypt --dry-run` is a first one")
    elif len(names) > len(shown):
        say(f"{len(names) - len(shown)} older runs are not shown: --limit N shows more")
    return Exit.OK


def _latest(executions: Iterable[Execution]) -> dict[str, Execution]:
    """Return the last execution of each run; what the schedule named itself is found by its plan."""
    latest: dict[str, tuple[int, Execution]] = {}
    for execution in executions:
        found = run_and_number(execution.name)
        if found is not None and found[1] > latest.get(found[0], (0, execution))[0]:
            latest[found[0]] = found[1], execution
    return {name: execution for name, (_, execution) in latest.items()}


def _entry(
    place: MaintenancePlace, run: str, execution: Execution | None, by_name: Mapping[str, Execution]
) -> tuple[str, dict[str, Any]]:
    summary = summary_of(place, run)
    plan = None if is_complete(summary) else plan_of(place, run)
    if execution is None and (planned := planned_executions(plan)):
        execution = by_name.get(execution_name(planned[-1]))
    if plan is None and execution is not None and execution.status == "FAILED":
        # A list of executions does not say why they failed.
        execution = describe(place, execution.arn) or execution
    counted = summary or {}
    job = (plan or {}).get("job")
    dry_run = counted.get("dry_run", job.get("dry_run") if isinstance(job, dict) else None)
    return run, {
        "run": run,
        "state": run_state(execution, summary=summary, plan=plan),
        "dry_run": dry_run,
        "began": counted.get("began") or (plan or {}).get("began") or _time(execution, "began"),
        "ended": counted.get("ended") or _time(execution, "ended"),
        "counts": counted.get("counts"),
        "refused_total": counted.get("refused_total"),
    }


def _time(execution: Execution | None, which: str) -> str | None:
    moment = getattr(execution, which, None)
    if moment is None:
        return None
    return str(moment.astimezone(UTC).isoformat(timespec="seconds")).replace("+00:00", "Z")
