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

    def of(self, key: AccessKey) -> "Clients":
        """Return clients that call as somebody else."""
        return Clients(self.endpoint, self.region, key.access_key, key.secret_key)

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service's client has its own type
        """Return a client of ``service``."""
        return _client(service, self.endpoint, self.region, self.key, self.secret)


@lru_cache(maxsize=64)
def _client(service: str, endpoint: str, region: str, key: str, secret: str) -> Any:  # noqa: ANN401
    core = botocore.session.Session()
    core.register_component("data_loader", _DESCRIPTIONS)
    session = boto3.session.Session(
        aws_access_key_id=key, aws_secret_access_key=secret, region_name=region, botocore_session=core
    )
    return session.client(service, endpoint_url=endpoint, config=_CONFIG)  # type: ignore[call-overload]
