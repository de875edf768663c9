"""Follows a run to its end: by the state of its execution and the answers that it leaves in S3.

What must stay true: following is only looking. Whatever happens here, the run goes on, and the message says
so. AWS is asked at a bounded rate: never sooner after a look than the look itself took, and more and more
seldom while it refuses.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from client.awsfailures import told
from client.maintenanceplace import MaintenancePlace
from client.problems import DeniedError, UnavailableError, UnexpectedAnswerError
from client.reencryptionruns import Execution, describe, executions_of, unknown
from client.retries import RetryPolicy
from client.rundisplay import RunDisplay
from client.runresults import Document, Results, Tally, plan_of, planned_executions, summary_of
from client.runstates import current


def _gives_up_after() -> RetryPolicy:
    return RetryPolicy(attempts=10, first=2.0, longest=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to wait between two looks, in seconds.

    Attributes
    ----------
    shortest, longest
        The wait in the first minute, and at most; it grows with the time that a run takes.
    refused
        How often to look again, and after how long, while AWS refuses or is out of reach.
    sleep
        Waits.
    """

    shortest: float = 2.0
    longest: float = 15.0
    refused: RetryPolicy = field(default_factory=_gives_up_after)
    sleep: Callable[[float], None] = time.sleep

    def after(self, *, looked: float, watched: float) -> float:
        """Return the wait after a look that took `looked`, in a run watched for `watched`."""
        return max(looked, min(self.longest, self.shortest + watched / 60))


@dataclass(frozen=True, slots=True)
class Followed:
    """How a run ended.

    Parameters
    ----------
    execution
        The last of its executions.
    summary
        The summary it left, or the sum of its answers where it left none.
    plan
        Its plan, where it was planned.
    tally
        The sum of its answers.
    """

    execution: Execution
    summary: Document
    plan: Document | None
    tally: Tally


class Follower:
    """Follows one run.

    Parameters
    ----------
    place
        Where it runs.
    run
        Its name.
    display
        Shows how far it is.
    pauses
        How long to wait between two looks.
    """

    def __init__(
        self, place: MaintenancePlace, run: str, *, display: RunDisplay, pauses: Pauses | None = None
    ) -> None:
        self._place = place
        self._run = run
        self._display = display
        self._pauses = pauses or Pauses()
        self._results = Results(place, run)
        self._plan: Document | None = None
        self._has_watched = False

    def follow(self, started: str | None = None) -> Followed:
        """Wait for the run's end.

        Parameters
        ----------
        started
            ARN of the execution that was just started; None: the run's last one.

        Raises
        ------
        NotFoundError
            There is no such run.
        UnavailableError
            AWS refused again and again, or was out of reach.
        """
        began = time.monotonic()
        arn = started or self._patiently(lambda: last_execution(self._place, self._run)).arn
        while True:
            at = time.monotonic()
            execution = self._patiently(lambda: self._look(arn))
            if not execution.is_at_work:
                return self._ended(execution)
            now = time.monotonic()
            self._pauses.sleep(self._pauses.after(looked=now - at, watched=now - began))

    def _look(self, arn: str) -> Execution:
        with told(f"run {self._run}"):
            # First the state: what a run leaves before it ends is then there to be seen.
            execution = describe(self._place, arn)
            if execution is None:
                # What was started a moment ago may not be found yet.
                raise UnavailableError(f"run {self._run}: Step Functions does not know {arn}")
            if self._plan is None and (plan := plan_of(self._place, self._run)) is not None:
                self._plan = plan
                self._display.expect(items=expected_items(plan), segments=plan.get("segments"))
            if execution.is_at_work or self._has_watched:
                self._has_watched = True
                self._results.look()
        if self._plan is not None and self._has_watched:
            self._display.update(self._results.tally)
        return execution

    def _ended(self, execution: Execution) -> Followed:
        summary: Document | None = None
        if not execution.is_refused:
            summary = self._patiently(lambda: summary_of(self._place, self._run))
        state, summary = current(execution, summary=summary, plan=self._plan)
        if not self._has_watched and (summary is None or summary.get("dry_run")):
            self._patiently(self._results.look)
        tally = self._results.tally
        summed_up = summary or tally.summary(self._run, plan=self._plan, state=state)
        return Followed(execution, summed_up, self._plan, tally)

    def _patiently(self, look: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `look` returns
        """Look, and look again while AWS is out of reach or refuses for the moment."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return look()
            except UnavailableError as error:
                wait = self._pauses.refused.wait_after(attempt)
                if wait is None:
                    raise UnavailableError(
                        f"{error.line()}; given up after {attempt} looks in a row. {goes_on(self._run)}"
                    ) from error
                if attempt == 1:
                    self._display.say(f"{error.line()}; looking again")
                self._pauses.sleep(wait)
            except (DeniedError, UnexpectedAnswerError):
                self._display.say(goes_on(self._run))
                raise


def last_execution(place: MaintenancePlace, run: str, *, plan: Document | None = None) -> Execution:
    """Return the last execution of a run; raises NotFoundError where there is none."""
    plan = plan or plan_of(place, run)
    found = executions_of(place, run, planned=planned_executions(plan))
    if not found:
        raise unknown(run)
    return found[-1]


def expected_items(plan: Document) -> int | None:
    """Return how many records a run looks at, where that is known: of one tenant it is not."""
    job = plan.get("job")
    chosen = job.get("filter") if isinstance(job, dict) else None
    if isinstance(chosen, dict) and chosen.get("tenant") is not None:
        return None
    items = plan.get("items")
    # Of a new table DynamoDB says 0 for some hours.
    return items if isinstance(items, int) and items > 0 else None


def goes_on(run: str) -> str:
    """Say that a run goes on, and how to get at it."""
    return f"The run itself goes on: `sealed maintenance follow {run}`, or `stop {run}`"
