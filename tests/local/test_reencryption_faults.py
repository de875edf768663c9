"""Re-encryption while AWS throttles and fails and its functions are killed: complete, and once each."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.local.names import PREFIX
from tests.local.reencryption_runs import BY_RECORD, BY_TENANT, Runs, Table, new_run, writes_by_role
from tests.local.test_trail import Archive

TENANTS = [f"faulty-{number}" for number in range(4)]
COUNT = 200
KILLS = 4


@pytest.fixture(scope="module")
def table(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Table]:
    """A deployment that writes by the strategy `tenant` from now on."""
    for tenant in TENANTS:
        assert branch_keys.create(tenant).status == 201
    aws.change_settings({"key_strategy": "tenant"})
    yield Table(aws)
    aws.change_settings({"key_strategy": "record"})
    for tenant in TENANTS:
        branch_keys.remove(tenant)


@pytest.fixture
def filled(aws: EmbeddedAws, table: Table) -> Iterator[Table]:
    table.empty()
    table.fill(TENANTS, count=COUNT)
    aws.forget_trail()
    yield table
    aws.clear_faults()
    table.empty()


def check_once_each(aws: EmbeddedAws, archive: Archive, table: Table) -> None:
    assert table.providers() == {BY_TENANT: COUNT}
    written = writes_by_role(archive.new(), f"{PREFIX}-reencryptor")
    assert len(written) == COUNT
    assert set(written.values()) == {1}


def test_with_one_call_in_fifty_throttled_and_one_in_two_hundred_failing_it_ends_complete(
    aws: EmbeddedAws, filled: Table
) -> None:
    archive = Archive(aws)
    for service, operation in (("dynamodb", "PutItem"), ("dynamodb", "Scan"), ("kms", "Decrypt")):
        for number in range(1, 21):
            code = "InternalServerError" if number % 5 == 0 else "ThrottlingException"
            aws.fail_next(service, operation, code=code, skip=49 if operation != "Scan" else 1)
    summary = Runs(aws).run(segments=5)
    aws.clear_faults()
    assert (summary["state"], summary["counts"]["rewritten"]) == ("complete", COUNT)
    check_once_each(aws, archive, filled)


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("kms", "Decrypt", "DisabledException"),
        ("kms", "Decrypt", "AccessDeniedException"),
        ("dynamodb", "PutItem", "ThrottlingException"),
    ],
)
def test_an_outage_in_the_middle_is_waited_for(
    aws: EmbeddedAws, filled: Table, service: str, operation: str, code: str
) -> None:
    archive = Archive(aws)
    aws.fail_next(service, operation, code=code, skip=40, times=12)
    summary = Runs(aws).run(segments=2, concurrency=1)
    assert (summary["state"], summary["refused_total"]) == ("complete", 0)
    check_once_each(aws, archive, filled)


def test_killed_functions_are_called_again_and_nothing_is_rewritten_twice(
    aws: EmbeddedAws, filled: Table
) -> None:
    archive, runs, run = Archive(aws), Runs(aws), new_run()
    draw = random.Random(20261125)  # noqa: S311 - when somebody is killed is no secret
    execution = runs.start(run=run, segments=4, concurrency=2, write_units_per_second=60, seconds=2)
    killed = 0
    states = aws.client("stepfunctions")
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(draw.uniform(0.1, 0.6))
        if killed < KILLS:
            for process in aws.function_processes().get(f"{PREFIX}-reencryptor", [])[:1]:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed += 1
    assert runs.ended(execution)["status"] == "SUCCEEDED"
    assert killed == KILLS
    check_once_each(aws, archive, filled)


def test_a_machine_that_is_stopped_again_and_again_gets_there(aws: EmbeddedAws, filled: Table) -> None:
    archive, runs, run = Archive(aws), Runs(aws), new_run()
    execution = runs.start(run=run, segments=4, concurrency=2, write_units_per_second=60, seconds=1)
    for number in range(2, 5):
        time.sleep(1.5)
        runs.stop(execution)
        runs.ended(execution)
        execution = runs.start(execution=f"{run}-r{number}", run=run, resume=True)
    assert runs.ended(execution)["status"] == "SUCCEEDED"
    assert runs.summary(run)["state"] == "complete"
    assert filled.providers()[BY_RECORD] == 0
    check_once_each(aws, archive, filled)
