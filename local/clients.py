"""Clients of the emulator, for its own operators (deployment, status, tests), or for the machine itself."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 1})


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes boto3 clients that talk to one emulator, whatever the person's AWS configuration says."""

    endpoint: str
    region: str
    key: str = "embedded"

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service's client has its own type
        """Return a client of ``service``."""
        return _client(service, self.endpoint, self.region, self.key)


@lru_cache(maxsize=64)
def _client(service: str, endpoint: str, region: str, key: str) -> Any:  # noqa: ANN401
    session = boto3.session.Session(
        aws_access_key_id=key,
        aws_secret_access_key="embedded",  # noqa: S106 - the emulator takes any
        region_name=region,
    )
    return session.client(service, endpoint_url=endpoint, config=_CONFIG)  # type: ignore[call-overload]
