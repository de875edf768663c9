"""Step Functions: how executions begin, go on and end in moto's interpreter, made as AWS does.

In moto an execution that is stopped goes on until its task is done, and may then have failed instead; one
that begins cannot be described yet; each state and each child of a map is a thread, remembered for ever. Here
a stop is at once, for everything below; only a task that calls has a thread. A function that works when its
execution is stopped works on, as in AWS, and nobody waits for it.

Loaded when first needed: see `stepfunctions.backend`.
"""

import copy
import re
import uuid
from datetime import UTC, datetime
from functools import cache
from threading import Event, RLock, Thread
from typing import Any

from moto.core.base_backend import BackendDict
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import (
    ExecutionStartedEventDetails,
    ExecutionStatus,
    HistoryEventExecutionDataDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from local.additions import states_map, states_tasks, states_waiting, stepfunctions
from local.additions.states_log import log_of
from local.additions.states_map import Child
from local.additions.states_waiting import StoppedError, wait_within

# moto says of its details that each of them is always there.
_DETAILS: Any = EventDetails
_ONE_AT_A_TIME = RLock()
_END_SECONDS = 2.0
# moto's grammar wants a percentage with a decimal point.
_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?![\d.])')


@cache
def backends() -> BackendDict[StepFunctionsParserBackend]:
    """Return moto's backends with the interpreter, changed."""
    for part in (states_waiting, states_tasks, states_map):
        part.install()
    _begin_and_end()
    _evaluate()
    _answer()
    return stepfunctions_parser_backends


def stop_all() -> None:
    """End every execution, and wait a moment until it has."""
    threads = []
    for regions in list(stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for execution in backend._get_executions():
                if execution.exec_status is ExecutionStatus.RUNNING:
                    _stop(execution, error=None, cause=None)
                thread: Thread | None = execution.__dict__.get("thread")
                threads.append(thread)
    for thread in threads:
        if thread is not None:
            thread.join(_END_SECONDS)


def _begin_and_end() -> None:
    original_create = StepFunctionsParserBackend.create_state_machine
    original_start: Any = StepFunctionsParserBackend.start_execution
    original_parse = AmazonStateLanguageParser.parse
    original_reflect: Any = BaseExecutionWorkerCommunication._reflect_execution_status

    def create_state_machine(self: StepFunctionsParserBackend, **given: Any) -> StateMachine:  # noqa: ANN401
        machine = original_create(self, **given)
        _consent(self, machine)
        return machine

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        named = name or str(uuid.uuid4())
        self._validate_name(named)
        machine = self.describe_state_machine(state_machine_arn)
        with _ONE_AT_A_TIME:
            try:
                started: Execution = original_start(
                    self, state_machine_arn, named, execution_input, trace_header
                )
            except stepfunctions.NotAllowedError:
                machine.executions[:] = [each for each in machine.executions if each.exec_status is not None]  # type: ignore[attr-defined]
                raise
        return started

    def stop_execution(
        self: StepFunctionsParserBackend,
        execution_arn: str,
        error: str | None = None,
        cause: str | None = None,
    ) -> Any:  # noqa: ANN401
        execution = self.describe_execution(execution_arn)
        if execution.status == ExecutionStatus.RUNNING and isinstance(execution, Execution):
            _stop(execution, error=error, cause=cause)
        return execution

    def reflect(self: BaseExecutionWorkerCommunication) -> None:
        with _ONE_AT_A_TIME:
            if self.execution.exec_status is ExecutionStatus.RUNNING:
                original_reflect(self)

    StepFunctionsParserBackend.create_state_machine = create_state_machine  # type: ignore[method-assign, assignment]
    StepFunctionsParserBackend.start_execution = start_execution  # type: ignore[method-assign]
    StepFunctionsParserBackend.stop_execution = stop_execution  # type: ignore[method-assign, assignment]
    BaseExecutionWorkerCommunication._reflect_execution_status = reflect  # type: ignore[method-assign]
    Execution.start = _start  # type: ignore[method-assign, assignment]
    AmazonStateLanguageParser.parse = staticmethod(  # type: ignore[method-assign]
        cache(lambda definition: original_parse(_WHOLE_PERCENTAGE.sub(r"\1.0", definition)))
    )


def _consent(backend: StepFunctionsParserBackend, machine: StateMachine) -> None:
    around = stepfunctions.surroundings()
    if around is None:
        return
    try:
        around.create(stepfunctions.machine_of(machine))
    except stepfunctions.NotAllowedError:
        backend.state_machines.remove(machine)
        raise


def _start(execution: Execution) -> None:
    """Begin an execution: when this returns it can be described, and stopped."""
    machine: Any = execution.state_machine
    around = stepfunctions.surroundings()
    logged = around is None or around.begin(stepfunctions.machine_of(machine))
    execution.role_arn = states_tasks.role_of(execution)
    if logged:
        execution._cloud_watch_logging_session = log_of(  # type: ignore[assignment]
            execution.exec_arn, machine=machine.arn, logging=machine.loggingConfiguration
        )
    worker = execution.exec_worker = execution._get_start_execution_worker()
    program = worker._get_evaluation_entrypoint()
    env = worker.env = worker._get_evaluation_environment()
    env.next_state_name = program.start_at.start_at_name  # type: ignore[attr-defined]
    data: dict[str, Any] = env.states.context_object.context_object_data["Execution"]  # type: ignore[assignment]
    began = execution.start_date.astimezone(UTC).isoformat(timespec="milliseconds")
    data["StartTime"] = began.replace("+00:00", "Z")
    execution.exec_status = ExecutionStatus.RUNNING
    thread = Thread(target=_run, args=(worker, program), name=f"execution-{execution.name}", daemon=True)
    execution.__dict__["thread"] = thread
    thread.start()


def _run(worker: ExecutionWorker, program: Any) -> None:  # noqa: ANN401
    env = worker.env
    if env is None:
        return
    begun = ExecutionStartedEventDetails(
        input=to_json_str(worker._evaluation_details.execution_details.inpt),
        inputDetails=HistoryEventExecutionDataDetails(truncated=False),
        roleArn=str(worker._evaluation_details.aws_execution_details.role_arn),
    )
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionStarted,
        event_details=_DETAILS(executionStartedEventDetails=begun),
        update_source_event_id=False,
    )
    program.eval(env)
    worker._execution_communication.terminated()


def _stop(execution: Execution, *, error: str | None, cause: str | None) -> None:
    """Stop an execution, and all that it does in states and maps."""
    now = datetime.now(UTC)
    with _ONE_AT_A_TIME:
        if execution.exec_status is not ExecutionStatus.RUNNING:
            return
        execution.exec_status, execution.stop_date = ExecutionStatus.ABORTED, now
        execution.error, execution.cause = error, cause
    if execution.exec_worker is not None:
        execution.exec_worker.stop(stop_date=now, error=error, cause=cause)


def _evaluate() -> None:
    """Let programs and states be evaluated without a thread where none is needed."""
    original = CommonStateField.eval

    def eval_state(self: CommonStateField, env: Environment) -> None:
        try:
            original(self, env)
        except StoppedError:
            return  # the program sees that it runs no more

    CommonStateField.eval = eval_state  # type: ignore[method-assign, assignment]
    Program.eval = _eval_program  # type: ignore[method-assign]
    ExecutionState._evaluate_with_timeout = _evaluate_with_timeout  # type: ignore[method-assign]


def _eval_program(self: Program, env: Environment) -> None:
    if env._program_state is None or env.is_running():
        env.next_state_name = self.start_at.start_at_name
    if self.timeout_seconds is None:
        self._eval_body(env)
        return
    thread = Thread(target=self._eval_body, args=(env,), name="program", daemon=True)
    thread.start()
    thread.join(self.timeout_seconds.timeout_seconds)
    if thread.is_alive():
        env.set_timed_out()
        thread.join()


def _evaluate_with_timeout(self: ExecutionState, env: Environment) -> None:
    """Carry out what a state does, and put its result in its place."""
    self.timeout.eval(env=env)
    seconds = env.stack.pop()
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    if isinstance(self, StateMap) and self.timeout.is_default_value():
        try:
            self._eval_execution(frame)
        finally:
            frame.set_ended()
            env.close_frame(frame)
    else:
        _carry_out(self, env, frame, seconds=seconds)
    result = frame.stack.pop()
    env.stack.append(result)
    if not self._is_language_query_jsonpath():
        env.states.set_result(result)
    for part in (self.assign_decl, self.result_selector):
        if part:
            part.eval(env=env)
    if self.result_path:
        self.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def _carry_out(state: ExecutionState, env: Environment, frame: Environment, *, seconds: float) -> None:
    """Carry out what a state does, for so long at most, in a thread that is left behind when that ends."""
    done, raised = Event(), list[BaseException]()

    def work() -> None:
        try:
            state._eval_execution(frame)
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - it is raised where the state is evaluated
            raised.append(error)
        finally:
            done.set()

    Thread(target=work, name=f"task-{state.name}", daemon=True).start()
    try:
        finished = wait_within(env, done, seconds=seconds)
    finally:
        frame.set_ended()
        env.close_frame(frame)
    if raised:
        raise raised[0]
    if not finished:
        raise EvalTimeoutError


def _answer() -> None:
    """Find children of maps too, and executions that have only begun."""
    describe = StepFunctionsParserBackend.describe_execution
    history = StepFunctionsParserBackend.get_execution_history

    def describe_execution(self: StepFunctionsParserBackend, execution_arn: str) -> Any:  # noqa: ANN401
        if "/" not in execution_arn:
            return describe(self, execution_arn)
        for child in (each for record in _records(self) for each in _children(record)):
            if child.execution_arn == execution_arn:
                return child
        raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution_arn}'")

    def get_execution_history(self: StepFunctionsParserBackend, execution_arn: str) -> Any:  # noqa: ANN401
        found = describe_execution(self, execution_arn)
        if isinstance(found, Child):
            return {"events": found.events.get_event_history() if found.events is not None else []}
        return history(self, execution_arn)

    StepFunctionsParserBackend.describe_execution = describe_execution  # type: ignore[method-assign, assignment]
    StepFunctionsParserBackend.get_execution_history = get_execution_history  # type: ignore[method-assign]
    Execution.status = property(  # type: ignore[method-assign, assignment]
        lambda self: (self.exec_status or ExecutionStatus.RUNNING).value
    )


def _records(backend: StepFunctionsParserBackend) -> list[Any]:
    return [
        record
        for execution in backend._get_executions()
        if execution.exec_worker is not None and execution.exec_worker.env is not None
        for record in execution.exec_worker.env.map_run_record_pool_manager.get_all()
    ]


def _children(record: Any) -> list[Child]:  # noqa: ANN401 - moto's MapRunRecord
    return list(record.__dict__.get("children", ()))


def children_of(backend: StepFunctionsParserBackend, map_run_arn: str) -> list[Child]:
    """Return the children that a map run has started, latest first."""
    for record in _records(backend):
        if record.map_run_arn == map_run_arn:
            return _children(record)[::-1]
    return []
