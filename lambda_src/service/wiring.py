"""What a container makes once, when it starts: settings, clients, key store, keyring, encryptor.

Nothing random is drawn here, and no key or session is fetched: a container may be started from a snapshot of
another's memory. Branch keys that were opened, and sessions that were begun, before a snapshot are forgotten
when it is restored.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from service.aws_clients import sts_client
from service.compartment import Compartment, make_compartment
from service.configuration import Configuration, SessionConfiguration, read_configuration
from service.telemetry import Telemetry
from service.tenant_sessions import TenantSessions, begin_session
from service.time_limit import TimeLimit


@dataclass(frozen=True, slots=True)
class Container:
    """All that a function's routes work with.

    `own` works with the function's own role. What is about one tenant works with what `of` gives.
    """

    configuration: Configuration
    own: Compartment
    sessions: TenantSessions[Compartment] | None
    telemetry: Telemetry
    time_limit: TimeLimit

    def of(self, tenant: str) -> Compartment:
        """Give what a tenant's requests are served with: in a session of its own, if the settings want one.

        Raises
        ------
        TenantSessionError
            STS gives none.
        """
        return self.own if self.sessions is None else self.sessions.of(tenant)

    def forget_branch_keys(self) -> None:
        """Forget every branch key that was opened; sessions, which have their own, begin anew."""
        self.own.cache.clear()
        if self.sessions is not None:
            self.sessions.clear()


def start() -> Container:
    """Make it all from the function's environment.

    Raises
    ------
    ConfigurationError
        When a setting is absent or has the wrong form.
    """
    # When a log line cannot be written, Python would print the exception in progress instead, with its text.
    logging.raiseExceptions = False
    configuration = read_configuration(os.environ)
    time_limit = TimeLimit()
    own = make_compartment(configuration, time_limit)
    _after_restore(own.cache.clear)
    sessions = None
    if configuration.sessions is not None:
        sessions = _tenant_sessions(configuration.sessions, configuration, time_limit)
        _after_restore(sessions.clear)
    return Container(
        configuration=configuration,
        own=own,
        sessions=sessions,
        telemetry=Telemetry(time_limit),
        time_limit=time_limit,
    )


def _tenant_sessions(
    settings: SessionConfiguration, configuration: Configuration, time_limit: TimeLimit
) -> TenantSessions[Compartment]:
    sts, once = sts_client(time_limit), sts_client(time_limit, attempts=1)
    return TenantSessions(
        lambda tenant: begin_session(sts, settings.role_arn, tenant),
        lambda tenant: begin_session(once, settings.role_arn, tenant),
        lambda credentials: make_compartment(configuration, time_limit, credentials),
        max_entries=settings.entries,
    )


def _after_restore(action: Callable[[], None]) -> None:
    """Let Lambda's runtime call `action` in each container that begins with a snapshot."""
    try:
        # Lambda's runtime brings it along.
        from snapshot_restore_py import (  # type: ignore[import-untyped] # noqa: PLC0415
            register_after_restore,
        )
    except ImportError:
        return
    register_after_restore(action)
