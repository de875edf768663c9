"""What state machines call, carried out in their roles: functions, and AWS's services."""

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.clients import Clients
from local.enforcement import Enforcement
from local.enforcement.acts_of_services import RefusedError, call_function, take_role
from local.enforcement.identities import Identity
from local.functions import Functions
from local.runtime_api import Outcome

_STATES = "states.amazonaws.com"
# The machine itself says what is tried again.
_CONFIG = Config(connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 1})


class MachineCalls:
    """Calls of the machines of one deployment.

    Parameters
    ----------
    clients
        Of the emulator.
    functions
        The deployed functions.
    enforcement
        Judges the calls of functions; the others pass the emulator's gate.
    """

    def __init__(self, clients: Clients, functions: Functions, enforcement: Enforcement) -> None:
        self._clients = clients
        self._functions = functions
        self._enforcement = enforcement
        self._lock = Lock()
        self._made: dict[tuple[str, str], Any] = {}

    def client(self, service: str, *, role_arn: str) -> Any:  # noqa: ANN401 - each service's has its own type
        """Return a client that calls as a machine's role."""
        with self._lock:
            if (service, role_arn) not in self._made:
                self._made[service, role_arn] = self._client(service, role_arn)
            return self._made[service, role_arn]

    def invoke(self, parameters: Mapping[str, Any], *, role_arn: str) -> dict[str, Any]:
        """Call a function as a machine's role, and answer as Lambda's Invoke does.

        Raises
        ------
        ClientError
            The role may not be taken, or may not call the function.
        """
        name = str(parameters["FunctionName"]).rpartition(":function:")[2]
        try:
            role = self._role(role_arn)
            call_function(self._enforcement, role, name, region=self._clients.region)
        except RefusedError as refused:
            raise _denied(str(refused)) from None
        payload = parameters.get("Payload", b"{}")
        outcome = self._functions.invoke(name, payload if isinstance(payload, bytes) else payload.encode())
        return _answer(outcome)

    def _role(self, role_arn: str) -> Identity:
        return take_role(
            self._enforcement, _STATES, role_arn, session="machine", source=self._machine_of(role_arn)
        )

    def _machine_of(self, role_arn: str) -> str | None:
        states = self._clients.client("stepfunctions")
        for listed in states.list_state_machines()["stateMachines"]:
            arn = str(listed["stateMachineArn"])
            if states.describe_state_machine(stateMachineArn=arn)["roleArn"] == role_arn:
                return arn
        return None

    def _client(self, service: str, role_arn: str) -> Any:  # noqa: ANN401 - each service's has its own type
        self._role(role_arn)
        assumed = self._clients.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="machine")
        key = assumed["Credentials"]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=self._clients.region,
            endpoint_url=self._clients.endpoint,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key["SessionToken"],
            config=_CONFIG,
        )


def _answer(outcome: Outcome) -> dict[str, Any]:
    if outcome.kind == "response":
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": _parsed(outcome.body)}
    told = _parsed(outcome.body) if outcome.kind in ("error", "init-error") else _ended(outcome.kind)
    return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": told}


def _ended(kind: str) -> dict[str, str]:
    """What Lambda says of a process that ended, or was ended."""
    if kind == "timeout":
        return {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out"}
    return {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited without providing a reason"}


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(body) if body else None


def _denied(message: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": "AccessDeniedException", "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": 403,
                "RequestId": "embedded",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Invoke",
    )
