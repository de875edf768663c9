"""How a run of re-encryption ended: one word for it, wherever it is shown."""

from client.reencryptionruns import Execution
from client.runresults import Document, planned_executions

STOPPED = "stopped"


def run_state(execution: Execution | None, *, summary: Document | None, plan: Document | None) -> str:
    """Return how a run ended, or that it has not.

    Parameters
    ----------
    execution
        Its last one; None where Step Functions has forgotten it.
    summary, plan
        As they lie in the bucket. The summary may be of an execution before the last one.
    """
    if execution is not None and execution.is_at_work:
        return "running"
    if is_complete(summary):
        return "complete"
    if execution is not None and execution.status == "ABORTED":
        return STOPPED
    if execution is not None and execution.is_refused and plan is None:
        return "refused"
    if summary is not None:
        return str(summary.get("state"))
    if execution is not None:
        return "failed"
    return "unfinished" if planned_executions(plan) else "unknown"


def current(
    execution: Execution | None, *, summary: Document | None, plan: Document | None
) -> tuple[str, Document | None]:
    """Return a run's state as `run_state` does, and its summary unless that is of an execution before."""
    state = run_state(execution, summary=summary, plan=plan)
    return state, summary if summary is not None and state == summary.get("state") else None


def is_complete(summary: Document | None) -> bool:
    """Tell whether a run is through: then it is not gone on with, however its last execution ended."""
    return summary is not None and summary.get("state") == "complete"
