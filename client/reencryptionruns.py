"""Re-encryptions as executions of the state machine: how a run is named, started, found and stopped.

What must stay true: a run's name is chosen here before anything is started, so it is known whatever happens
to the answer, and starting it again with the same input starts nothing twice.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from client.awsfailures import code_of, told
from client.maintenanceplace import MACHINE, MaintenancePlace
from client.problems import ConflictError, NotFoundError, parsed_or_none, printable

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
_EXECUTION_NAME = re.compile(rf"({RUN_ID.pattern})(?:-r([1-9][0-9]{{0,5}}))?")
_REFUSED = frozenset({"RunRefused", "Refused"})
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Execution:
    """What Step Functions says of an execution.

    Parameters
    ----------
    arn, name
        Its own.
    status
        RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.
    began, ended
        When.
    error, cause
        Why it failed, where it did.
    job
        What it was started with.
    """

    arn: str
    name: str
    status: str
    began: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
    cause: str | None = None
    job: Mapping[str, Any] | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("RUNNING", "PENDING_REDRIVE")

    @property
    def is_refused(self) -> bool:
        """Whether the planner would not begin it."""
        return self.status == "FAILED" and self.error in _REFUSED

    @property
    def reason(self) -> str:
        """Why it ended, as a sentence for a terminal."""
        document = parsed_or_none((self.cause or "").encode("utf-8", "replace"))
        if isinstance(document, dict) and isinstance(document.get("errorMessage"), str):
            return printable(document["errorMessage"])
        return printable(self.cause or self.error or "it does not say why")


def new_run_id(now: datetime | None = None) -> str:
    """Return a name for a new run."""
    return f"{(now or datetime.now(UTC)).strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(4)}"


def run_and_number(name: str) -> tuple[str, int] | None:
    """Return which run an execution belongs to by its name, and which of its executions it is, from 1."""
    found = _EXECUTION_NAME.fullmatch(name)
    return None if found is None else (found[1], int(found[2] or 1))


def execution_name(arn: str) -> str:
    """Return the name in an execution's ARN."""
    return arn.rpartition(":")[2]


def start(place: MaintenancePlace, *, name: str, job: Mapping[str, Any]) -> str:
    """Start an execution of this name; return its ARN."""
    with told(f"run {name}"):
        try:
            answer = place.states.start_execution(
                stateMachineArn=place.settings.machine_arn, name=name, input=json.dumps(job)
            )
        except ClientError as error:
            if code_of(error) == "ExecutionAlreadyExists":
                raise ConflictError(f"{name} was started already: follow it") from error
            if code_of(error) == "StateMachineDoesNotExist":
                raise _no_machine() from error
            raise
    return str(answer["executionArn"])


def describe(place: MaintenancePlace, arn: str) -> Execution | None:
    """Return what is known of an execution, or None where there is none (or none any more)."""
    try:
        answer = place.states.describe_execution(executionArn=arn)
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return None
        raise
    job = parsed_or_none(str(answer.get("input", "")).encode())
    return Execution(
        arn=arn,
        name=str(answer["name"]),
        status=str(answer["status"]),
        began=answer.get("startDate"),
        ended=answer.get("stopDate"),
        error=answer.get("error"),
        cause=answer.get("cause"),
        job=job if isinstance(job, dict) else None,
    )


def executions_of(place: MaintenancePlace, run: str, *, planned: Sequence[str]) -> list[Execution]:
    """Return the executions of a run, from the first to the last.

    Parameters
    ----------
    place
        Where it runs.
    run
        Its name.
    planned
        The executions that its plan names. One that the schedule started has a name of its own; one that was
        just started, or was refused, is in no plan yet and is asked for by its name.
    """
    names = [execution_name(entry) for entry in planned] or [run]
    last = max((number for name in names for _, number in [run_and_number(name) or (run, 1)]), default=1)
    at = place.settings.execution_arn
    with told(f"run {run}"):
        found = [entry for name in names if (entry := describe(place, at(name)))]
        while (following := describe(place, at(f"{run}-r{last + 1}"))) is not None:
            found.append(following)
            last += 1
    return found


def following_name(run: str, executions: Sequence[Execution], *, planned: Sequence[str]) -> str:
    """Return the name of the execution by which a run is gone on with."""
    names = [execution.name for execution in executions] + [execution_name(entry) for entry in planned]
    numbers = [found[1] for name in names if (found := run_and_number(name)) is not None]
    return f"{run}-r{max(numbers, default=1) + 1}"


def stop(place: MaintenancePlace, execution: Execution) -> None:
    """Stop an execution; one that ends just then is stopped as well."""
    with told(f"execution {execution.name}"):
        try:
            place.states.stop_execution(executionArn=execution.arn, cause="stopped by an operator")
        except ClientError as error:
            if code_of(error) != "ExecutionDoesNotExist":
                raise


def recent(place: MaintenancePlace, *, most: int) -> list[Execution]:
    """Return the latest executions, newest first."""
    found: list[Execution] = []
    more: dict[str, str] = {}
    with told("runs"):
        while len(found) < most:
            try:
                page = place.states.list_executions(
                    stateMachineArn=place.settings.machine_arn, maxResults=_PAGE, **more
                )
            except ClientError as error:
                if code_of(error) == "StateMachineDoesNotExist":
                    raise _no_machine() from error
                raise
            found.extend(_listed(entry) for entry in page["executions"])
            if not page.get("nextToken"):
                break
            more = {"nextToken": page["nextToken"]}
    return found[:most]


def _listed(entry: Mapping[str, Any]) -> Execution:
    return Execution(
        arn=str(entry["executionArn"]),
        name=str(entry["name"]),
        status=str(entry["status"]),
        began=entry.get("startDate"),
        ended=entry.get("stopDate"),
    )


def unknown(run: str) -> NotFoundError:
    """Return the error of a run that there is not."""
    return NotFoundError(f"there is no run {run}: `sealed maintenance runs` names them")


def _no_machine() -> NotFoundError:
    return NotFoundError(f"there is no such state machine: is {MACHINE} the output of this deployment?")
