"""Where re-encryptions run: the state machine and the bucket of the MaintenanceStack, and clients of both."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.session import Session

from client.awsfailures import told
from client.credentials import credentials_of
from client.deploymentoutputs import check_bucket, check_form, check_given
from client.problems import UsageError

MACHINE, BUCKET = "SEALED_REENCRYPTION_STATE_MACHINE_ARN", "SEALED_MAINTENANCE_BUCKET"
_OUTPUTS = {MACHINE: "ReencryptionStateMachineArn", BUCKET: "MaintenanceBucketName"}
_MACHINE_ARN = re.compile(
    r"(arn:aws[a-z-]*:states:([a-z0-9-]+):([0-9]{12})):stateMachine:([A-Za-z0-9_-]{1,80})"
)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """What the MaintenanceStack's outputs say.

    Parameters
    ----------
    machine_arn
        ARN of the state machine.
    bucket
        Name of the bucket with plans, results and summaries.
    """

    machine_arn: str
    bucket: str

    @property
    def region(self) -> str:
        """The deployment's Region."""
        return self.machine_arn.split(":")[3]

    @property
    def account(self) -> str:
        """The deployment's account."""
        return self.machine_arn.split(":")[4]

    def execution_arn(self, name: str) -> str:
        """Return the ARN of the machine's execution of this name."""
        before, _, machine = self.machine_arn.rpartition(":stateMachine:")
        return f"{before}:execution:{machine}:{name}"


def settings_from(environment: Mapping[str, str]) -> MaintenanceSettings:
    """Read the settings from environment variables; raises UsageError naming what is missing or wrong."""
    check_given(environment, _OUTPUTS, place="the outputs of the MaintenanceStack")
    check_form(environment, MACHINE, _MACHINE_ARN, what="ARN of a state machine", output=_OUTPUTS[MACHINE])
    check_bucket(environment, BUCKET, output=_OUTPUTS[BUCKET])
    return MaintenanceSettings(environment[MACHINE], environment[BUCKET])


@dataclass(frozen=True, slots=True)
class MaintenancePlace:
    """What the commands work with.

    Parameters
    ----------
    states, s3
        Clients of Step Functions and S3.
    settings
        Of the deployment.
    """

    states: Any
    s3: Any
    settings: MaintenanceSettings

    @property
    def at(self) -> dict[str, str]:
        """What every call of S3 names: the bucket, and whose it must be."""
        return {"Bucket": self.settings.bucket, "ExpectedBucketOwner": self.settings.account}


def open_place(
    settings: MaintenanceSettings,
    *,
    region: str | None,
    profile: str | None,
    timeout: float,
    connections: int,
) -> MaintenancePlace:
    """Make the clients.

    Parameters
    ----------
    settings
        Of the deployment.
    region, profile
        As the options of the command give them; the machine's own Region where none is given.
    timeout
        Seconds to wait for an answer.
    connections
        How many calls of S3 are made at once.
    """
    if region is not None and region != settings.region:
        raise UsageError(f"--region {region} is not where {MACHINE} is: {settings.region}")
    with told("credentials"):
        session = Session(profile=profile)
        session.set_config_variable("region", settings.region)
        credentials_of(session)
        config = Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=connections + 1,
        )
        clients = (session.create_client(name, config=config) for name in ("stepfunctions", "s3"))
        states, s3 = clients
    return MaintenancePlace(states, s3, settings)


def opened(*, region: str | None, profile: str | None, timeout: float, connections: int) -> MaintenancePlace:
    """Return the place that environment and options name."""
    return open_place(
        settings_from(os.environ), region=region, profile=profile, timeout=timeout, connections=connections
    )
