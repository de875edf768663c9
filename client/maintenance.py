"""The commands of `sealed maintenance`: they start re-encryptions, follow, stop and list them.

What must stay true: no record and no key comes near this command, and a run does not hang on it: whatever
ends here, the run goes on, and what is printed says how to get at it.
"""

import argparse
from datetime import UTC, datetime
from typing import Any

from client.costs import load_prices
from client.following import Followed, Follower, goes_on, last_execution
from client.maintenanceplace import MaintenancePlace, opened
from client.output import say
from client.pastruns import list_runs
from client.problems import ConflictError, Exit, NotFoundError, RefusedInputError, UsageError
from client.reencryptionruns import executions_of, following_name, new_run_id, start, stop, unknown
from client.rundisplay import run_display
from client.runestimate import estimate, print_estimate
from client.runreport import print_json, print_summary
from client.runresults import AT_ONCE, Document, Results, Tally, plan_of, planned_executions, summary_of
from client.runstates import STOPPED, current, is_complete
from client.tables import wants_json

_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
# As the planner says it.
_AT_WORK = "is at work"


def run(arguments: argparse.Namespace) -> Exit:
    """Run the command that stands behind `maintenance`."""
    commands = {
        "reencrypt": _reencrypt,
        "follow": _follow,
        "stop": _stop,
        "resume": _resume,
        "runs": list_runs,
        "show": _show,
    }
    if arguments.maintenance_command == "reencrypt":
        _check(arguments)
    # Read before anything is started: what is wrong with them must not be found out at a run's end.
    arguments.prices = load_prices(getattr(arguments, "prices", None))
    place = opened(
        region=arguments.region, profile=arguments.profile, timeout=arguments.timeout, connections=AT_ONCE
    )
    return commands[arguments.maintenance_command](arguments, place=place)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what no record can be, and what would not be heeded."""
    if arguments.kms_key is not None and arguments.strategy == "tenant":
        raise UsageError("--kms-key is about records of the strategy `record`: leave out --strategy tenant")
    if arguments.branch_key_version is not None and arguments.strategy == "record":
        raise UsageError(
            "--branch-key-version is about records of the strategy `tenant`: leave out --strategy record"
        )
    if arguments.branch_key_version is not None and arguments.kms_key is not None:
        raise UsageError("no record is both under --kms-key and under --branch-key-version: give one of them")
    if arguments.prices is not None and not arguments.dry_run:
        raise UsageError("--prices goes with --dry-run")


def _job(arguments: argparse.Namespace, *, run_id: str) -> dict[str, Any]:
    """Return what the state machine is started with."""
    before = arguments.written_before
    return {
        "run": run_id,
        "resume": False,
        "dry_run": arguments.dry_run,
        "segments": arguments.segments,
        "concurrency": arguments.concurrency,
        "tolerated_failure_percentage": arguments.tolerated_failures,
        "read_units_per_second": arguments.read_units,
        "write_units_per_second": arguments.write_units,
        "filter": {
            "tenant": arguments.tenant,
            # In the form of a record's own time, with which it is compared.
            "written_before": None if before is None else _stamp(before),
            "strategy": arguments.strategy,
            "kms_key": arguments.kms_key,
            "branch_key_version": arguments.branch_key_version,
        },
    }


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _reencrypt(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    run_id = new_run_id()
    return _start(arguments, place, run_id=run_id, name=run_id, job=_job(arguments, run_id=run_id))


def _resume(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    run_id: str = arguments.run
    plan = plan_of(place, run_id)
    planned = planned_executions(plan)
    executions = executions_of(place, run_id, planned=planned)
    if plan is None and not executions:
        raise unknown(run_id)
    if executions and executions[-1].is_at_work:
        raise ConflictError(f"the run is at work: `sealed maintenance follow {run_id}`")
    if plan is None:
        raise NotFoundError(f"the run {run_id} has no plan to go on with: {executions[-1].reason}")
    if is_complete(summary_of(place, run_id)):
        raise ConflictError(f"the run {run_id} is complete: there is nothing to go on with")
    name = following_name(run_id, executions, planned=planned)
    return _start(arguments, place, run_id=run_id, name=name, job={"run": run_id, "resume": True})


def _start(
    arguments: argparse.Namespace, place: MaintenancePlace, *, run_id: str, name: str, job: Document
) -> Exit:
    # Before it is started: whatever becomes of the answer, its name is known.
    say(f"run {run_id}" + ("" if name == run_id else f", execution {name}"))
    arn = start(place, name=name, job=job)
    if arguments.detach:
        print_json({"run": run_id, "execution": arn, "state": "running"})
        say(goes_on(run_id))
        return Exit.OK
    return _wait(arguments, place, run_id=run_id, started=arn)


def _follow(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    return _wait(arguments, place, run_id=arguments.run, started=None)


def _wait(
    arguments: argparse.Namespace, place: MaintenancePlace, *, run_id: str, started: str | None
) -> Exit:
    """Wait for a run's end and print its summary; Ctrl-C ends the waiting alone."""
    try:
        with run_display(name=run_id, quiet=arguments.quiet) as display:
            followed = Follower(place, run_id, display=display).follow(started)
    except KeyboardInterrupt:
        say(f"The run goes on without this command. To watch it: sealed maintenance follow {run_id}")
        say(
            f"To stop it: sealed maintenance stop {run_id}; to go on then: sealed maintenance resume {run_id}"
        )
        return Exit.INTERRUPTED
    return _ended(arguments, followed, run_id=run_id)


def _ended(arguments: argparse.Namespace, followed: Followed, *, run_id: str) -> Exit:
    execution, summary = followed.execution, followed.summary
    if execution.is_refused:
        if _AT_WORK in execution.reason:
            raise ConflictError(f"the run was refused: {execution.reason}")
        raise RefusedInputError(f"the run was refused: {execution.reason}")
    _print(arguments, summary, tally=followed.tally, plan=followed.plan, job=execution.job)
    if not is_complete(summary):
        if summary.get("state") == STOPPED:
            said = "The run was stopped"
        elif execution.status in _BADLY:
            said = f"The run failed: {execution.reason}"
        else:
            said = "Not all of its segments are through"
        say(f"{said}. To go on: sealed maintenance resume {run_id}")
        return Exit.RUN_FAILED
    _warn_of_nothing_meant(summary)
    return _code(summary)


def _warn_of_nothing_meant(summary: Document) -> None:
    """Say so where a filter was given and no record is meant: it may be misspelled."""
    counts = summary.get("counts")
    if not isinstance(counts, dict):
        return
    seen, filtered = counts.get("seen"), counts.get("filtered")
    if seen and seen == filtered:
        say("No record matches the filter: nothing was looked at more closely.")
    elif not seen:
        say("No record was there to look at: is it the right table, and the tenant's right id?")


def _code(summary: Document) -> Exit:
    if not summary.get("refused_total"):
        return Exit.OK
    say(f"{summary['refused_total']} records were left as they were: the summary names them and says why")
    return Exit.RECORDS_REFUSED


def _stop(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    execution = last_execution(place, arguments.run)
    if execution.is_at_work:
        stop(place, execution)
        state = "stopped"
        say(f"stopped; to go on: sealed maintenance resume {arguments.run}")
    else:
        state = "ended"
        say(f"it had ended already ({execution.status})")
    print_json({"run": arguments.run, "execution": execution.arn, "state": state})
    return Exit.OK


def _show(arguments: argparse.Namespace, *, place: MaintenancePlace) -> Exit:
    run_id: str = arguments.run
    plan, summary = plan_of(place, run_id), summary_of(place, run_id)
    planned = planned_executions(plan)
    executions = executions_of(place, run_id, planned=planned)
    if plan is None and not executions:
        raise unknown(run_id)
    if plan is None and executions[-1].is_refused:
        raise RefusedInputError(f"the run was refused when it was started: {executions[-1].reason}")
    state, summary = current(executions[-1] if executions else None, summary=summary, plan=plan)
    results = Results(place, run_id)
    if summary is None or summary.get("dry_run"):
        results.look()
    if summary is None:
        summary = results.tally.summary(run_id, plan=plan, state=state)
        if state == "running":
            summary["ended"] = None
    _print(arguments, summary, tally=results.tally, plan=plan, job=executions[0].job if executions else None)
    return Exit.OK


def _print(
    arguments: argparse.Namespace,
    summary: Document,
    *,
    tally: Tally,
    plan: Document | None,
    job: Document | None,
) -> None:
    """Print a summary, and of a dry run that is through what the run will cost."""
    found = None
    if summary.get("dry_run") and is_complete(summary):
        if job is None or job.get("resume"):
            # The first execution is gone or not at hand. Limits in the plan are each segment's: not used.
            job = {"concurrency": (plan or {}).get("concurrency")}
        found = estimate(tally, plan=plan, job=job, prices=arguments.prices)
    if wants_json(arguments.output):
        print_json(summary if found is None else {**summary, "estimate": found.document()})
        return
    print_summary(summary)
    if found is not None:
        print_estimate(found, rewritten=tally.counts["rewritten"], seen=tally.counts["seen"])
