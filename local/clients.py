"""Clients of the emulator: for its operators (deployment, status, tests), the machine itself, and callers."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from local.principals import OPERATOR_KEY

# Reading a service's description is most of what a client costs: it is read once.
_DESCRIPTIONS = create_loader()
_CONFIG = Config(connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 1})
# A function works for 15 minutes at most.
_PATIENT = Config(
    connect_timeout=5,
    read_timeout=930,
    retries={"total_max_attempts": 1},
    max_pool_connections=1000,
    parameter_validation=False,
)


class AccessKey(Protocol):
    """Somebody's access key."""

    @property
    def access_key(self) -> str:
        """The id."""

    @property
    def secret_key(self) -> str:
        """The secret."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes boto3 clients that talk to one emulator, whatever the person's AWS configuration says."""

    endpoint: str
    region: str
    key: str = OPERATOR_KEY
    secret: str = field(default=OPERATOR_KEY, repr=False)
    token: str | None = field(default=None, repr=False)

    def of(self, key: AccessKey) -> "Clients":
        """Return clients that call as somebody else."""
        return Clients(self.endpoint, self.region, key.access_key, key.secret_key)

    def patient_client(self, service: str) -> Any:  # noqa: ANN401
        """Return a client that waits for a function as long as one may work, for many at once."""
        return _client(service, self.endpoint, self.region, self.key, self.secret, self.token, _PATIENT)

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service's client has its own type
        """Return a client of ``service``."""
        return _client(service, self.endpoint, self.region, self.key, self.secret, self.token)


@lru_cache(maxsize=64)
def _client(
    service: str,
    endpoint: str,
    region: str,
    key: str,
    secret: str,
    token: str | None,
    config: Config = _CONFIG,
) -> Any:  # noqa: ANN401
    core = botocore.session.Session()
    core.register_component("data_loader", _DESCRIPTIONS)
    session = boto3.session.Session(
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        region_name=region,
        botocore_session=core,
    )
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]
