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
from client.reencryptionruns import Execution, recent, run_and_number
from client.runreport import print_json, print_runs
from client.runresults import AT_ONCE, Document, plan_of, planned_executions, runs_in, summary_of
from client.tables import wants_json

# What Step Functions is asked for: executions of some months, newest first.
_MOST_EXECUTIONS = 1000


def list_runs(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    """Print runs, the newest first."""
    latest = _latest(recent(place, most=_MOST_EXECUTIONS))
    # A run's name begins with its time.
    names = sorted({*runs_in(place), *latest}, reverse=True)
    shown = names[: arguments.limit]
    with told("runs"):
        found = dict(done_at_once((partial(_entry, place, name, latest) for name in shown), limit=AT_ONCE))
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


def _entry(place: MaintenancePlace, run: str, latest: Mapping[str, Execution]) -> tuple[str, dict[str, Any]]:
    execution, summary = latest.get(run), summary_of(place, run)
    plan = plan_of(place, run) if summary is None else None
    counted = summary or {}
    job = (plan or {}).get("job")
    dry_run = counted.get("dry_run", job.get("dry_run") if isinstance(job, dict) else None)
    return run, {
        "run": run,
        "state": _state(execution, summary=summary, plan=plan),
        "dry_run": dry_run,
        "began": counted.get("began") or (plan or {}).get("began") or _time(execution, "began"),
        "ended": counted.get("ended") or _time(execution, "ended"),
        "counts": counted.get("counts"),
        "refused_total": counted.get("refused_total"),
    }


def _state(execution: Execution | None, *, summary: Document | None, plan: Document | None) -> str:
    if execution is not None:
        if execution.is_at_work:
            return "running"
        if execution.status == "ABORTED":
            return "stopped"
    if summary is not None:
        return str(summary.get("state"))
    if execution is None:
        return "unfinished" if planned_executions(plan) else "unknown"
    # Without a plan it was not begun: the planner refused it, or could not work.
    return "failed" if plan is not None or execution.status != "FAILED" else "refused"


def _time(execution: Execution | None, which: str) -> str | None:
    moment = getattr(execution, which, None)
    if moment is None:
        return None
    return str(moment.astimezone(UTC).isoformat(timespec="seconds")).replace("+00:00", "Z")
