"""State machines at work in the embedded AWS: in their roles, by calls that are judged and recorded.

A role is taken for a while, as Step Functions does, if its trust policy lets it; each call is judged anew.
"""

import secrets
import time
from threading import Lock
from typing import Any

from moto.sts.models import AssumedRole, sts_backends

from local.additions.stepfunctions import Machine, NotAllowedError
from local.clients import Clients
from local.emulator import ACCOUNT
from local.enforcement import Enforcement, acts_of_step_functions
from local.enforcement.acts_of_services import RefusedError

_SESSION_SECONDS = 3600
_RENEWED_AFTER_SECONDS = 3000.0


class StateMachines:
    """The surroundings of the state machines of one emulator.

    Parameters
    ----------
    clients
        Of the emulator, whoever calls by them.
    enforcement
        Of the emulator.
    """

    def __init__(self, clients: Clients, enforcement: Enforcement) -> None:
        self._clients = clients
        self._enforcement = enforcement
        self._lock = Lock()
        self._sessions: dict[tuple[str, str | None], tuple[float, Clients]] = {}

    def client(self, service: str, *, role: str, machine: str | None) -> Any:  # noqa: ANN401
        """Return a client of a service in a machine's role."""
        with self._lock:
            since, clients = self._sessions.get((role, machine), (float("-inf"), None))
            if clients is None or time.monotonic() - since > _RENEWED_AFTER_SECONDS:
                clients = self._take(role, machine)
                self._sessions[role, machine] = time.monotonic(), clients
            return clients.patient_client(service)

    def forget(self) -> None:
        """Forget every role that was taken."""
        with self._lock:
            self._sessions.clear()

    def create(self, machine: Machine) -> None:
        """Do what is done when a machine is created or changed."""
        try:
            acts_of_step_functions.create(self._enforcement, machine)
        except RefusedError as error:
            raise NotAllowedError(str(error)) from error

    def begin(self, machine: Machine) -> bool:
        """Do what is done when an execution begins, and tell whether its log can be written."""
        try:
            return acts_of_step_functions.begin(self._enforcement, machine)
        except RefusedError as error:
            raise NotAllowedError(str(error)) from error

    def begin_children(self, machine: Machine) -> None:
        """Do what is done before a map starts its children."""
        try:
            acts_of_step_functions.begin_children(self._enforcement, machine)
        except RefusedError as error:
            raise NotAllowedError(str(error)) from error

    def look_at_children(self, machine: Machine, child: str, *, stop: bool) -> None:
        """Do what is done when a map has come to its end, or is to come to it."""
        acts_of_step_functions.look_at_children(self._enforcement, machine, child, stop=stop)

    def _take(self, role: str, machine: str | None) -> Clients:
        try:
            acts_of_step_functions.take(self._enforcement, machine, role)
        except RefusedError as error:
            raise NotAllowedError(str(error)) from error
        session: AssumedRole = sts_backends[ACCOUNT]["aws"].assume_role(
            region_name=self._clients.region,
            role_session_name=secrets.token_hex(16),
            role_arn=role,
            policy="",
            duration=_SESSION_SECONDS,
            external_id="",
        )
        session.invoked_by = acts_of_step_functions.SERVICE  # type: ignore[attr-defined]
        return Clients(
            self._clients.endpoint,
            self._clients.region,
            session.access_key_id,
            session.secret_access_key,
            session.session_token,
        )
