"""Step Functions: tasks call in the role of their machine, and errors have the names that AWS gives them.

moto writes what a task was given into its log whenever one fails: here it does not.
Source: Step Functions Developer Guide, "Handling errors in Step Functions workflows", "Handle transient
Lambda service exceptions", "Integrating AWS SDK services".
"""

import json
import sys
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component import eval_component
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import (
    ItemReader,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
    LambdaFunctionErrorException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.backend.execution import Execution

from local.additions import stepfunctions

# moto says of its details that each of them is always there.
_DETAILS: Any = EventDetails
_INTERPRETER = "moto.stepfunctions.parser."
_ALL = StatesErrorName(typ=StatesErrorNameType.StatesALL)
# What States.ALL does not catch.
_TERMINAL = ("States.DataLimitExceeded", "States.Runtime")
_WITHOUT_TYPE = (
    "The cause could not be determined because Lambda did not return an error type. Returned payload: "
)


class _Forgetful(list[Any]):
    """Keeps nothing: moto remembers every thread it ever started."""

    def append(self, _thread: Any) -> None:  # noqa: ANN401
        """Do nothing."""


def install() -> None:
    """Change how moto's tasks call, and how it names their errors."""
    forgetful = _Forgetful()
    for name, module in list(sys.modules.items()):
        if name.startswith(_INTERPRETER):
            if hasattr(module, "boto_client_for"):
                vars(module)["boto_client_for"] = client_for
            if hasattr(module, "TMP_THREADS"):
                vars(module)["TMP_THREADS"] = forgetful
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES["s3"] = "S3"
    # A Fail state may raise anew what a Catch has caught, `States.…` too.
    CustomErrorName.__init__ = ErrorName.__init__  # type: ignore[method-assign]
    eval_component.LOG.disabled = True
    _name_errors()
    _spare_terminal_errors()
    original = ItemReader._eval_body

    def read(self: ItemReader, env: Environment) -> None:
        try:
            original(self, env)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise FailureEventException(_reader_failed(env, str(error))) from error

    ItemReader._eval_body = read  # type: ignore[method-assign]


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ANN401, ARG001
    """Return a client of a service in the role of the state machine."""
    around = stepfunctions.surroundings()
    if around is None or state_credentials is None:
        message = "Nobody has said in which surroundings state machines work."
        raise RuntimeError(message)
    role = str(state_credentials.role_arn)
    try:
        return around.client(service, role=role, machine=getattr(state_credentials.role_arn, "machine", None))
    except stepfunctions.NotAllowedError as error:
        refusal = {"Code": "AccessDeniedException", "Message": str(error)}
        metadata = {"HTTPStatusCode": 403, "RequestId": str(uuid.uuid4())}
        raise ClientError({"Error": refusal, "ResponseMetadata": metadata}, "AssumeRole") from error  # type: ignore[typeddict-item]


class RoleOf(str):
    """A role's ARN that knows for which state machine it is taken."""

    __slots__ = ("machine",)
    machine: str

    def __deepcopy__(self, _memo: object) -> "RoleOf":
        return self


def role_of(execution: Execution) -> RoleOf:
    """Return the role of an execution."""
    role = RoleOf(execution.role_arn)
    role.machine = execution.state_machine.arn
    return role


def _name_errors() -> None:
    of_lambda, of_services = StateTaskServiceLambda._from_error, StateTaskServiceAwsSdk._from_error

    def lambda_error(self: StateTaskServiceLambda, env: Environment, ex: Exception) -> FailureEvent:
        _with_request_id(ex)
        if isinstance(ex, LambdaFunctionErrorException) and not _error_type(ex.payload):
            return _failed(self, env, "Lambda.Unknown", f"{_WITHOUT_TYPE}{ex.payload}")
        if isinstance(ex, BotoCoreError):
            return _failed(self, env, "Lambda.SdkClientException", str(ex))
        return of_lambda(self, env, ex)

    def service_error(self: StateTaskServiceAwsSdk, env: Environment, ex: Exception) -> FailureEvent:
        _with_request_id(ex)
        if isinstance(ex, BotoCoreError):
            service = self._normalise_service_error_name(self.resource.api_name)
            return _failed(self, env, f"{service}.SdkClientException", str(ex))
        return of_services(self, env, ex)

    StateTaskServiceLambda._from_error = lambda_error  # type: ignore[method-assign]
    StateTaskServiceAwsSdk._from_error = service_error  # type: ignore[method-assign]


def _spare_terminal_errors() -> None:
    original = ErrorEqualsDecl._eval_body

    def equals(self: ErrorEqualsDecl, env: Environment) -> None:
        if _ALL in self.error_names and getattr(env.stack[-1], "error_name", None) in _TERMINAL:
            env.stack[-1] = False
            return
        original(self, env)

    ErrorEqualsDecl._eval_body = equals  # type: ignore[method-assign]


def _with_request_id(error: Exception) -> None:
    """Give a refusal an id: moto wants one, and what is refused here has none."""
    if isinstance(error, ClientError):
        error.response["ResponseMetadata"].setdefault("RequestId", str(uuid.uuid4()))


def _error_type(payload: str) -> str:
    try:
        found = json.loads(payload)
    except ValueError:
        return ""
    return str(found.get("errorType") or "") if isinstance(found, dict) else ""


def _failed(task: StateTaskService, env: Environment, error: str, cause: str) -> FailureEvent:
    details = TaskFailedEventDetails(
        error=error,
        cause=cause,
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
    )
    return FailureEvent(
        env=env,
        error_name=CustomErrorName(error),
        event_type=HistoryEventType.TaskFailed,
        event_details=_DETAILS(taskFailedEventDetails=details),
    )


def _reader_failed(env: Environment, cause: str) -> FailureEvent:
    error = StatesErrorName(typ=StatesErrorNameType.StatesItemReaderFailed)
    details = TaskFailedEventDetails(error=error.error_name, cause=cause)
    return FailureEvent(
        env=env,
        error_name=error,
        event_type=HistoryEventType.TaskFailed,
        event_details=_DETAILS(taskFailedEventDetails=details),
    )
