"""Step Functions: machines of templates are run by moto's interpreter, and what they call is handed to us.

moto's interpreter calls AWS with keys of nobody's, and functions by an API of Lambda's that moto answers from
Docker. Here it calls in the machine's role (`local/state_machines.py`), so that each call is judged and
recorded. What is not applied: encryption, logs and traces of executions.
"""

import sys
from collections.abc import Mapping
from typing import Any, Protocol

from moto.core.config import default_user_config
from moto.stepfunctions import models
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.utils import boto_client

from local.additions.cloudformation import Properties, Where, extend, truth
from local.additions.stack_updates import changeable


class Calls(Protocol):
    """What carries out what machines call."""

    def client(self, service: str, *, role_arn: str) -> Any:  # noqa: ANN401 - each service's has its own type
        """Return a client that calls as a machine's role."""

    def invoke(self, parameters: Mapping[str, Any], *, role_arn: str) -> dict[str, Any]:
        """Call a function as a machine's role, and answer as Lambda's Invoke does."""


_calls: list[Calls] = []


def hand_calls_to(calls: Calls | None) -> None:
    """Say who carries out what machines call; None: nobody any more."""
    _calls[:] = [] if calls is None else [calls]


def install() -> None:
    """Let machines be executed, with the attributes and properties that moto leaves out."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # Templates make machines in the other of moto's two stores.
    models.stepfunctions_backends = parser_models.stepfunctions_parser_backends  # type: ignore[assignment]
    StateMachine.get_cfn_attribute = _attribute  # type: ignore[method-assign]
    StateMachine.has_cfn_attr = classmethod(  # type: ignore[method-assign, assignment]
        lambda _cls, attr: attr in ("Arn", "Name", "StateMachineRevisionId")
    )
    extend(StateMachine, _properties)
    changeable("AWS::StepFunctions::StateMachine", "DefinitionString", apply=_change)
    # Each module has a name of its own for it.
    original = boto_client.boto_client_for
    for module in list(sys.modules.values()):
        if getattr(module, "boto_client_for", None) is original:
            module.boto_client_for = _client  # type: ignore[attr-defined]
    lambda_eval_utils._invoke_lambda_function = _invoke


def _attribute(self: StateMachine, attribute_name: str) -> str:
    return {"Arn": self.arn, "Name": self.name, "StateMachineRevisionId": "INITIAL"}[attribute_name]


def _properties(machine: StateMachine, properties: Properties, _where: Where) -> None:
    machine.type = machine.sm_type = properties.get("StateMachineType", "STANDARD")
    logging, encryption = (properties.get(f"{kind}Configuration") or {} for kind in ("Logging", "Encryption"))
    groups = [each["CloudWatchLogsLogGroup"]["LogGroupArn"] for each in logging.get("Destinations", [])]
    machine.loggingConfiguration = {
        "level": logging.get("Level", "OFF"),
        "includeExecutionData": truth(logging.get("IncludeExecutionData")),
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}} for group in groups],
    }
    machine.tracingConfiguration = {
        "enabled": truth((properties.get("TracingConfiguration") or {}).get("Enabled"))
    }
    machine.encryptionConfiguration = {
        "type": encryption.get("Type", "AWS_OWNED_KEY"),
        "kmsKeyId": encryption.get("KmsKeyId"),
        "kmsDataKeyReusePeriodSeconds": int(encryption.get("KmsDataKeyReusePeriodSeconds", 300)),
    }


def _change(machine: StateMachine, properties: Properties, _where: Where) -> None:
    machine.definition = properties["DefinitionString"]


def _client(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ANN401, ARG001 - moto's
    (calls,) = _calls
    return calls.client(service, role_arn=state_credentials.role_arn)


def _invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001
    (calls,) = _calls
    return calls.invoke(parameters, role_arn=state_credentials.role_arn)
