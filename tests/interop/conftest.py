"""The embedded AWS and the commands around official libraries, for the tests that talk to them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.emulator import Emulator
from tests.interop.exchanges import Exchanges
from tests.interop.key_services import KeyServices
from tests.interop.official_command import (
    REGION,
    CommandLine,
    OfficialCommand,
    java_command,
    javascript_command,
)

_RECORDED = pytest.StashKey[Exchanges]()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(log_file=tmp_path_factory.mktemp("emulator") / "log")
    running.start()
    running.reset()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key_services(emulator: Emulator) -> KeyServices:
    settings: dict[str, Any] = {
        "endpoint_url": emulator.endpoint,
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    return KeyServices(boto3.client("kms", **settings), boto3.client("dynamodb", **settings))


def _started(request: pytest.FixtureRequest, line: CommandLine) -> Iterator[OfficialCommand]:
    """Nothing is started, the embedded AWS neither, where the library is not there."""
    if line.reason:
        pytest.skip(line.reason)
    with OfficialCommand(line, endpoint=request.getfixturevalue("emulator").endpoint) as command:
        yield command


@pytest.fixture(scope="module")
def java(request: pytest.FixtureRequest) -> Iterator[OfficialCommand]:
    """AWS's libraries for Java."""
    yield from _started(request, java_command())


@pytest.fixture(scope="module")
def javascript(request: pytest.FixtureRequest) -> Iterator[OfficialCommand]:
    """AWS's library for JavaScript."""
    yield from _started(request, javascript_command())


@pytest.fixture(scope="session")
def exchanges(request: pytest.FixtureRequest) -> Exchanges:
    """What has been exchanged in this run, for the table of docs/interoperability.md."""
    return request.config.stash.setdefault(_RECORDED, Exchanges())
