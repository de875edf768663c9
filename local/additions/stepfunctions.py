"""Step Functions: state machines come from templates, and moto's interpreter runs them.

moto's interpreter is off unless asked for, its CloudFormation knows neither how a machine is logged, traced
and encrypted nor its ARN, and its executions cannot be told apart while they begin. How states are carried
out otherwise than moto does is in `states_interpreter` and `states_map`.

The interpreter takes a second to load: that waits until there is a state machine.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from moto.cloudformation.exceptions import ValidationError
from moto.core.exceptions import AWSError, ServiceException
from moto.core.responses import ActionResult
from moto.s3.models import s3_backends
from moto.stepfunctions import responses
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.responses import StepFunctionResponse

from local.additions.cloudformation import Properties, Where, truth
from local.additions.stack_updates import changeable

_CHANGEABLE = (
    "DefinitionString",
    "DefinitionSubstitutions",
    "EncryptionConfiguration",
    "LoggingConfiguration",
    "RoleArn",
    "Tags",
    "TracingConfiguration",
)
_ATTRIBUTES = ("Arn", "Name", "StateMachineRevisionId")
_SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")
#: The part of its time that a wait takes.
PACE = [1.0]
_LOADING = Lock()
_CHILDREN_LISTED = 100


@dataclass(frozen=True, slots=True)
class Machine:
    """What Step Functions needs to know of a state machine to work in its role."""

    arn: str
    role: str
    key: str | None
    log_group: str | None
    traced: bool


class NotAllowedError(AWSError):
    """A state machine's role may not do, or not be taken for, what there is to do; the message says what."""

    TYPE = "AccessDeniedException"
    STATUS = 400


class Surroundings(Protocol):
    """The rest of AWS, as Step Functions meets it: in the role of a state machine."""

    def client(self, service: str, *, role: str, machine: str | None) -> Any:  # noqa: ANN401
        """Return a client of a service in a machine's role; NotAllowedError says why there is none."""

    def create(self, machine: Machine) -> None:
        """Do what is done when a machine is created or changed; NotAllowedError if its role may not."""

    def begin(self, machine: Machine) -> bool:
        """Do what is done when an execution begins, and tell whether its log can be written.

        NotAllowedError if it cannot begin.
        """

    def begin_children(self, machine: Machine) -> None:
        """Do what is done before a map starts its children; NotAllowedError if the role may not."""

    def look_at_children(self, machine: Machine, child: str, *, stop: bool) -> None:
        """Do what is done when a map has come to its end, or is to come to it."""


_SURROUNDINGS: list[Surroundings] = []


def install() -> None:
    """Add the resource type, and change how executions begin and end."""
    moto_backend = responses.get_backend

    def get_backend(account: str, region: str) -> Any:  # noqa: ANN401 - moto's
        # Without surroundings there is nothing to run a machine in: moto answers by itself.
        return (backend if _SURROUNDINGS else moto_backend)(account, region)

    responses.get_backend = get_backend
    StateMachine.create_from_cloudformation_json = staticmethod(_from_template)  # type: ignore[method-assign]
    StateMachine.delete_from_cloudformation_json = staticmethod(_delete)  # type: ignore[method-assign, assignment]
    StateMachine.has_cfn_attr = classmethod(lambda _cls, attr: attr in _ATTRIBUTES)  # type: ignore[method-assign, assignment]
    StateMachine.get_cfn_attribute = _attribute  # type: ignore[method-assign]
    changeable("AWS::StepFunctions::StateMachine", *_CHANGEABLE, apply=_change)
    stop_execution = StepFunctionResponse.stop_execution
    list_executions = StepFunctionResponse.list_executions

    def stop_and_say_why(self: StepFunctionResponse) -> ActionResult:
        return _stop_execution(self) if _SURROUNDINGS else stop_execution(self)

    def list_executions_or_children(self: StepFunctionResponse) -> ActionResult:
        return _list_children(self) if self._get_param("mapRunArn") else list_executions(self)

    StepFunctionResponse.stop_execution = stop_and_say_why  # type: ignore[method-assign]
    StepFunctionResponse.list_executions = list_executions_or_children  # type: ignore[method-assign]


def work_in(surroundings: Surroundings) -> Callable[[], None]:
    """Let executions work in these surroundings; return what ends them all, and that."""
    _SURROUNDINGS.append(surroundings)

    def leave() -> None:
        stop_all()
        _SURROUNDINGS.remove(surroundings)

    return leave


def surroundings() -> Surroundings | None:
    """Return the surroundings, if anybody gave any."""
    return _SURROUNDINGS[-1] if _SURROUNDINGS else None


def backend(account: str, region: str) -> Any:  # noqa: ANN401 - moto's, which is loaded when first needed
    """Return the backend that runs state machines."""
    with _LOADING:
        from local.additions import states_interpreter  # noqa: PLC0415 - see above

        return states_interpreter.backends()[account][region]


def machine_of(found: Any) -> Machine:  # noqa: ANN401 - moto's
    """Describe a state machine of moto's."""
    logging, encryption = found.loggingConfiguration or {}, found.encryptionConfiguration or {}
    groups = [
        each.get("cloudWatchLogsLogGroup", {}).get("logGroupArn") for each in logging.get("destinations", [])
    ]
    return Machine(
        arn=found.arn,
        role=found.roleArn,
        key=encryption.get("kmsKeyId") if encryption.get("type") == "CUSTOMER_MANAGED_KMS_KEY" else None,
        log_group=groups[0] if groups and logging.get("level", "OFF") != "OFF" else None,
        traced=truth((found.tracingConfiguration or {}).get("enabled", False)),
    )


def find_machine(arn: str) -> Machine | None:
    """Return the state machine that an ARN is of, or that the execution or the map run it names is of."""
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "states":
        return None
    name = parts[6].partition("/")[0]
    known = backend(parts[4], parts[3]).state_machines
    return next((machine_of(each) for each in known if each.name == name), None)


def stop_all() -> None:
    """End every execution at once."""
    # What was never loaded has nothing to end.
    interpreter = sys.modules.get("local.additions.states_interpreter")
    if interpreter is not None:
        interpreter.stop_all()


def hasten_waits(factor: float) -> None:
    """Let executions wait this part of the time between tries and in Wait states."""
    PACE[0] = factor


def _stop_execution(self: StepFunctionResponse) -> ActionResult:
    """Answer StopExecution; moto drops why."""
    stopped = self.stepfunction_backend.stop_execution(  # type: ignore[call-arg]
        self._get_param("executionArn"), error=self._get_param("error"), cause=self._get_param("cause")
    )
    return ActionResult({"stopDate": stopped.stop_date})


def _list_children(self: StepFunctionResponse) -> ActionResult:
    """Answer ListExecutions for the children of a map run."""
    from local.additions import states_interpreter  # noqa: PLC0415 - loaded by now

    wanted, first = self._get_param("statusFilter"), int(self._get_param("nextToken") or 0)
    most = self._get_int_param("maxResults") or _CHILDREN_LISTED
    found = states_interpreter.children_of(
        backend(self.current_account, self.region), self._get_param("mapRunArn")
    )
    listed = [child.as_listed() for child in found if wanted in (None, child.status)]
    following = str(first + most) if first + most < len(listed) else None
    return ActionResult({"executions": listed[first : first + most], "nextToken": following})


def _from_template(
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_kwargs: Any,  # noqa: ANN401
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    tags = [{"key": each["Key"], "value": each["Value"]} for each in properties.get("Tags", [])]
    with _refusals_of(resource_name):
        made: StateMachine = backend(account_id, region_name).create_state_machine(
            name=properties.get("StateMachineName", resource_name),
            definition=_definition(properties, account_id),
            roleArn=properties["RoleArn"],
            tags=tags,
            sm_type=properties.get("StateMachineType"),
            **_configuration(properties),
        )
    return made


@contextmanager
def _refusals_of(name: str) -> Iterator[None]:
    """Say of a machine that cannot be what CloudFormation says of a resource."""
    try:
        yield
    except (AWSError, ServiceException) as error:
        raise ValidationError(name, message=str(error.message)) from error


def _change(machine: StateMachine, properties: Properties, where: Where) -> None:
    found = backend(where.account, where.region)
    with _refusals_of(where.logical_id):
        found.update_state_machine(
            machine.arn,
            definition=_definition(properties, where.account),
            role_arn=properties["RoleArn"],
            **{
                re.sub(r"C", "_c", name, count=1): value for name, value in _configuration(properties).items()
            },
        )
    tags = [{"key": each["Key"], "value": each["Value"]} for each in properties.get("Tags", [])]
    found.tagger.tag_resource(machine.arn, tags)


def _delete(resource_name: str, _json: Any, account_id: str, region_name: str) -> None:  # noqa: ANN401
    backend(account_id, region_name).delete_state_machine(resource_name)


def _attribute(self: StateMachine, attribute_name: str) -> str:
    values = {"Arn": self.arn, "Name": self.name, "StateMachineRevisionId": "INITIAL"}
    return values[attribute_name]


def _configuration(properties: Properties) -> dict[str, Any]:
    """Write a template's configuration of a machine in the API's words."""
    names = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    given = {name: properties.get(name[0].upper() + name[1:]) for name in names}
    found = {name: _as_api(value) for name, value in given.items() if value is not None}
    logging, encryption = found.get("loggingConfiguration"), found.get("encryptionConfiguration")
    if logging is not None:
        logging["includeExecutionData"] = truth(logging.get("includeExecutionData", False))
    if "tracingConfiguration" in found:
        found["tracingConfiguration"] = {"enabled": truth(found["tracingConfiguration"].get("enabled"))}
    if encryption is not None and "kmsDataKeyReusePeriodSeconds" in encryption:
        seconds = int(encryption["kmsDataKeyReusePeriodSeconds"])
        encryption["kmsDataKeyReusePeriodSeconds"] = seconds
    return found


def _as_api(value: Any) -> Any:  # noqa: ANN401 - a property's value
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _as_api(inner) for name, inner in value.items()}
    return [_as_api(each) for each in value] if isinstance(value, list) else value


def _definition(properties: Properties, account: str) -> str:
    """Return a machine's definition, wherever the template has it, with its substitutions made."""
    if "Definition" in properties:
        text = json.dumps(properties["Definition"])
    elif "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        stored = s3_backends[account]["aws"].get_object(place["Bucket"], place["Key"])
        if stored is None:
            message = f"there is no definition at s3://{place['Bucket']}/{place['Key']}"
            raise LookupError(message)
        text = stored.value.decode()
    else:
        text = str(properties["DefinitionString"])
    substitutions = properties.get("DefinitionSubstitutions", {})
    return _SUBSTITUTION.sub(lambda found: str(substitutions.get(found[1], found[0])), text)
