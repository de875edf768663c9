"""Ctrl-C while a run is followed, in a process of its own: the run goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.unit.client.maintenance_runs import BUCKET, DEFINITION, REGION, ROLE

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@contextmanager
def served() -> Iterator[Any]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()
    finally:
        server.stop()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The state machine and the bucket, in AWS as moto serves it on loopback."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with served() as (host, port):
        url = f"http://{host}:{port}"
        clients: list[Any] = [
            boto3.client(name, endpoint_url=url, region_name=REGION) for name in ("stepfunctions", "s3")
        ]
        states, s3 = clients
        machine = states.create_state_machine(name="reencryption", definition=DEFINITION, roleArn=ROLE)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEALED_"))}
        yield {
            **kept,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": url,
            "AWS_CONFIG_FILE": "/nonexistent",
            "SEALED_REENCRYPTION_STATE_MACHINE_ARN": machine["stateMachineArn"],
            "SEALED_MAINTENANCE_BUCKET": BUCKET,
        }


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    # As from a terminal: what runs the tests in the background may ignore Ctrl-C, and would hand that on.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "client", "maintenance", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def executions(environment: dict[str, str]) -> list[Any]:
    states: Any = boto3.client(
        "stepfunctions", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=REGION
    )
    machine = environment["SEALED_REENCRYPTION_STATE_MACHINE_ARN"]
    found: list[Any] = states.list_executions(stateMachineArn=machine)["executions"]
    return found


def test_ctrl_c_leaves_the_run_going_and_says_how_to_get_at_it(environment: dict[str, str]) -> None:
    running = start(environment, "reencrypt")
    ends = time.monotonic() + 30
    while not executions(environment):
        assert running.poll() is None
        assert time.monotonic() < ends
        time.sleep(0.1)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    ((run, status),) = [(entry["name"], entry["status"]) for entry in executions(environment)]
    assert status == "RUNNING"
    for command in ("follow", "stop", "resume"):
        assert f"sealed maintenance {command} {run}" in err
    stopping = start(environment, "stop", run)
    stopping.communicate(timeout=30)
    assert stopping.returncode == 0
    assert [entry["status"] for entry in executions(environment)] == ["ABORTED"]
