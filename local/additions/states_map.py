"""Step Functions: a distributed map runs its children side by side, counts them, and fails when too many do.

moto lets any number of children fail, starts new ones after a stop, and goes one call deeper with each child.
Source: Step Functions Developer Guide, "Using Map state in Distributed mode", "Setting failure thresholds for
Distributed Map states", "Viewing a Distributed Map Run execution", "Step Functions service quotas".
"""

import uuid
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
    MapRunFailedEventDetails,
    MapRunStatus,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.additions import stepfunctions
from local.additions.states_waiting import StoppedError, wait_within

# "10,000 parallel child workflow executions"; here each is a thread.
_MOST_AT_ONCE = 1000
# "Maximum input or output size for a task, state, or execution: 256 KiB".
_LARGEST_RESULT = 256 * 1024
# moto says of its details that each of them is always there.
_DETAILS: Any = EventDetails
_COUNTERS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}
_FAILED = ("FAILED", "TIMED_OUT")
_EXCEEDED = StatesErrorNameType.StatesExceedToleratedFailureThreshold
_TOO_MANY_FAILED = "The specified tolerated failure threshold was exceeded"


class Child:
    """A child execution, with what DescribeExecution and ListExecutions want to know of one."""

    def __init__(self, *, execution_arn: str, machine_arn: str, given: Any) -> None:  # noqa: ANN401
        self.execution_arn = execution_arn
        self.state_machine_arn = machine_arn
        self.name = execution_arn.rpartition(":")[2]
        self.start_date = datetime.now(UTC)
        self.stop_date: datetime | None = None
        self.status: str = ExecutionStatus.RUNNING.value
        self.error: str | None = None
        self.cause: str | None = None
        self.output: str | None = None
        self.output_details = {"included": True}
        self._given = given
        self.events: EventManager | None = None

    @property
    def execution_input(self) -> str:
        """The input, as text."""
        return str(to_json_str(self._given, separators=(",", ":")))

    def as_listed(self) -> dict[str, Any]:
        """Return what ListExecutions says of it."""
        found = {
            "executionArn": self.execution_arn,
            "name": self.name,
            "startDate": self.start_date,
            "stateMachineArn": self.state_machine_arn,
            "status": self.status,
        }
        return found if self.stop_date is None else {**found, "stopDate": self.stop_date}

    def as_result(self) -> dict[str, Any]:
        """Return what stands in the map's result for a child that has not succeeded."""
        return {
            "ExecutionArn": self.execution_arn,
            "Input": self.execution_input,
            "Name": self.name,
            "StartDate": self.start_date.isoformat(),
            "StateMachineArn": self.state_machine_arn,
            "Status": self.status,
            "Error": self.error,
            "Cause": self.cause,
        }


class MapRun:
    """One run of a distributed map."""

    def __init__(
        self,
        component: distributed.DistributedIterationComponent,
        env: Environment,
        given: distributed.DistributedIterationComponentEvalInput,
        items: list[Any],
    ) -> None:
        self._env, self._given, self._record = env, given, given.map_run_record
        self._program = component._get_iteration_program()
        self._selector = component._create_worker(
            env=env, eval_input=given, job_pool=JobPool(job_program=self._program, job_inputs=[])
        )
        self._items = items
        self._results: list[Any] = [None] * len(items)
        self._lock = Lock()
        self._next = self._ended = self._failed = 0
        self._over = Event()
        self._exceeded = False
        self._running: set[Environment] = set()
        #: Each child that was started, in the order of their beginnings.
        self.children: list[Child] = []
        self._record.__dict__["children"] = self.children
        self._machine = stepfunctions.find_machine(self._record.map_state_machine_arn)

    def run(self) -> list[Any]:
        """Run all children, and return their results.

        Raises
        ------
        StoppedError
            The execution was stopped.
        FailureEventException
            More children failed than may, or their results are too large together.
        """
        self._ask_to_begin()
        total = len(self._items)
        self._count("total", total)
        self._count("pending", total)
        at_once = min(self._record.max_concurrency or _MOST_AT_ONCE, _MOST_AT_ONCE, total)
        for number in range(at_once):
            Thread(target=self._work, name=f"map-{self._given.state_name}-{number}", daemon=True).start()
        try:
            if total:
                wait_within(self._env, self._over)
        except StoppedError:
            self._abandon()
            self._record.set_stop(status=MapRunStatus.ABORTED)
            raise
        self._look(stop=False)
        if self._exceeded:
            self._abandon()
            raise self._failure(_EXCEEDED, _TOO_MANY_FAILED)
        if len(str(to_json_str(self._results))) > _LARGEST_RESULT:
            raise self._failure(
                StatesErrorNameType.StatesStatesDataLimitExceeded,
                f"The state/task '{self._given.state_name}' returned a result with a size exceeding the "
                "maximum number of bytes service limit.",
            )
        return self._results

    def _ask_to_begin(self) -> None:
        around = stepfunctions.surroundings()
        if around is not None and self._machine is not None:
            try:
                around.begin_children(self._machine)
            except stepfunctions.NotAllowedError as error:
                raise self._failure(StatesErrorNameType.StatesPermissions, str(error.message)) from error

    def _look(self, *, stop: bool) -> None:
        around = stepfunctions.surroundings()
        if around is not None and self._machine is not None and self.children:
            arn = self.children[-1].execution_arn
            around.look_at_children(self._machine, arn, stop=stop)

    def _abandon(self) -> None:
        """Stop the children that run; those that have not begun never will."""
        with self._lock:
            left, self._next = len(self._items) - self._next, len(self._items)
            running = list(self._running)
        self._count("pending", -left)
        self._count("aborted", left)
        self._look(stop=True)
        for frame in running:
            frame.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._over.is_set() or self._next == len(self._items):
                    return
                index, self._next = self._next, self._next + 1
                frame = self._env.open_inner_frame(EventHistoryContext.of_program_start())
                self._running.add(frame)
            self._count("pending", -1)
            self._count("running", 1)
            child = self._child(frame)
            self.children.append(child)
            self._results[index] = self._evaluate(frame, child, index)
            self._env.delete_frame(frame)
            self._count("running", -1)
            self._count(_COUNTERS[child.status], 1)
            self._end(frame, child)

    def _end(self, frame: Environment, child: Child) -> None:
        with self._lock:
            self._running.discard(frame)
            self._ended += 1
            self._failed += child.status in _FAILED
            self._exceeded = self._exceeded or self._too_many_failed()
            if self._exceeded or self._ended == len(self._items):
                self._over.set()

    def _too_many_failed(self) -> bool:
        """Compare with the thresholds; the one that a machine does not give is 0, which is then no limit."""
        count, percentage = self._record.tolerated_failure_count, self._record.tolerated_failure_percentage
        above_count = self._failed > count
        above_percentage = self._failed * 100 > percentage * len(self._items)
        if count and percentage:
            return above_count or above_percentage
        return above_count and above_percentage

    def _child(self, frame: Environment) -> Child:
        """Make a child execution of a frame, with a name and a history of its own."""
        context, machine = frame.states.context_object.context_object_data, self._record.map_state_machine_arn
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{uuid.uuid4()}"
        child = Child(execution_arn=arn, machine_arn=machine, given=None)
        context["Execution"] = {**context["Execution"], "Id": arn, "Name": child.name}
        log = self._env.cloud_watch_logging_session
        child.events = frame.event_manager = EventManager(
            cloud_watch_logging_session=None if log is None else log.of_child(arn)  # type: ignore[attr-defined]
        )
        return child

    def _evaluate(self, frame: Environment, child: Child, index: int) -> Any:  # noqa: ANN401
        data, item = frame.states.context_object.context_object_data, self._items[index]
        try:
            data["Map"] = MapData(Item=ItemData(Index=index, Value=item))
            frame.states.reset(item)
            frame.stack.append(frame.states.get_input())
            self._selector._eval_input(env_frame=frame)
            child._given = data["Execution"]["Input"] = frame.states.get_input()
            self._program.eval(frame)
        except FailureEventException as error:
            frame.set_error(error.get_execution_failed_event_details() or {})
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the child that failed
            frame.set_error({"error": "States.Runtime", "cause": f"{type(error).__name__}: {error}"})
        ended, child.stop_date = frame._program_state, datetime.now(UTC)
        if isinstance(ended, ProgramError):
            details = ended.error or {}
            child.status = "FAILED"
            child.error, child.cause = details.get("error"), details.get("cause")
        elif isinstance(ended, ProgramTimedOut):
            child.status, child.error = "TIMED_OUT", "States.Timeout"
        elif isinstance(ended, ProgramStopped):
            child.status = "ABORTED"
        else:
            # The history of what went well is not worth its memory.
            child.status, child.events = "SUCCEEDED", None
            return frame.states.get_input()
        return child.as_result()

    def _count(self, name: str, number: int) -> None:
        for counter in (self._record.item_counter, self._record.execution_counter):
            getattr(counter, name).count(number)

    def _failure(self, kind: StatesErrorNameType, cause: str) -> FailureEventException:
        error = StatesErrorName(typ=kind)
        details = MapRunFailedEventDetails(error=error.error_name, cause=cause)
        return FailureEventException(
            FailureEvent(
                env=self._env,
                error_name=error,
                event_type=HistoryEventType.MapRunFailed,
                event_details=_DETAILS(mapRunFailedEventDetails=details),
            )
        )


def install() -> None:
    """Change how moto runs a distributed map."""

    def _map_run(
        self: distributed.DistributedIterationComponent,
        env: Environment,
        eval_input: distributed.DistributedIterationComponentEvalInput,
    ) -> None:
        items = env.stack.pop()
        if not env.is_running():
            # The execution was stopped while its items were read, and this is something else.
            raise StoppedError
        env.stack.append(MapRun(self, env, eval_input, items).run())

    distributed.DistributedIterationComponent._map_run = _map_run  # type: ignore[method-assign]
