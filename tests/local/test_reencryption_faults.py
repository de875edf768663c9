"""Re-encryption while AWS throttles and fails, keys are refused and tenants go: complete, and once each."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.local.names import PREFIX
from tests.local.reencryption_runs import (
    BY_RECORD,
    BY_TENANT,
    Runs,
    Table,
    new_run,
    strategy_tenant_for,
    took,
    writes_by_role,
)
from tests.local.test_trail import Archive

TENANTS = [f"faulty-{number}" for number in range(4)]
#: `make reencryption` asks for 4,000.
COUNT = int(os.environ.get("SEALED_RECORDS_IN_TROUBLE", "200"))
#: What waiting costs a run however many records it has: the longest of its retries.
_WAITS_SECONDS = 5


@pytest.fixture(scope="module")
def table(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Table]:
    """A deployment that writes by the strategy `tenant` from now on."""
    with strategy_tenant_for(aws, branch_keys, TENANTS):
        yield Table(aws)


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


def test_with_one_call_in_fifty_throttled_and_one_in_two_hundred_failing_it_takes_at_most_twice_as_long(
    aws: EmbeddedAws, filled: Table
) -> None:
    at_ease = took(Runs(aws).run(segments=8, concurrency=2, seconds=60))
    filled.empty()
    filled.fill(TENANTS, count=COUNT)
    archive = Archive(aws)
    aws.forget_trail()
    for service, throttled, failed in (
        ("dynamodb", "ThrottlingException", "InternalServerError"),
        ("kms", "ThrottlingException", "KMSInternalException"),
        ("lambda", "TooManyRequestsException", "ServiceException"),
        ("s3", "SlowDown", "InternalError"),
    ):
        aws.trouble(service, one_in=50, codes=[throttled], seed=1)
        aws.trouble(service, one_in=200, codes=[failed], seed=2)
    summary = Runs(aws).run(segments=8, concurrency=2, seconds=60)
    aws.clear_faults()
    assert (summary["state"], summary["counts"]["rewritten"]) == ("complete", COUNT)
    check_once_each(aws, archive, filled)
    print(f"{COUNT} records: {at_ease:.1f} s at ease, {took(summary):.1f} s troubled")
    assert took(summary) <= 2 * at_ease + _WAITS_SECONDS


def at_work(aws: EmbeddedAws, runs: Runs, run: str, **given: Any) -> str:
    """Start a run, and return its execution when it is in the middle."""
    given = {"segments": 4, "concurrency": 2, "write_units_per_second": 60, "seconds": 1, **given}
    execution = runs.start(run=run, **given)
    while not runs.results(run):
        assert aws.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "RUNNING"
        time.sleep(0.05)
    return execution


def test_a_key_that_is_disabled_in_the_middle_is_waited_for(aws: EmbeddedAws, filled: Table) -> None:
    archive, runs, run = Archive(aws), Runs(aws), new_run()
    aws.hasten_waits(0.05)
    execution = at_work(aws, runs, run)
    kms, key = aws.client("kms"), aws.outputs["EnvelopeKeyArn"]
    kms.disable_key(KeyId=key)
    time.sleep(1.5)
    still_old = filled.providers()[BY_RECORD]
    kms.enable_key(KeyId=key)
    assert runs.ended(execution)["status"] == "SUCCEEDED"
    summary = runs.summary(run)
    assert (summary["state"], summary["refused_total"]) == ("complete", 0)
    assert still_old
    check_once_each(aws, archive, filled)


def test_a_tenant_that_is_shredded_in_the_middle_does_not_come_back_and_keeps_nobody_else(
    aws: EmbeddedAws, filled: Table, branch_keys: Any
) -> None:
    gone = "shredded-meanwhile"
    assert branch_keys.create(gone).status == 201
    filled.empty()
    filled.fill([*TENANTS, gone], count=COUNT)
    runs, run = Runs(aws), new_run()
    execution = at_work(aws, runs, run)
    assert branch_keys.shred(gone, delete_records="true").status == 200
    assert runs.ended(execution)["status"] == "SUCCEEDED"
    summary = runs.summary(run)
    assert summary["state"] == "complete"
    assert {(found["tenant"], found["reason"]) for found in summary["refused"]} <= {(gone, "shredded")}
    assert {item["tenant"]["S"] for item in filled.items()} == set(TENANTS)
    assert set(filled.providers()) == {BY_TENANT}


def test_more_failed_segments_than_are_tolerated_end_a_run_and_fewer_do_not(
    aws: EmbeddedAws, filled: Table
) -> None:
    runs = Runs(aws)
    aws.hasten_waits(0.01)
    for tolerated, error, through in (
        (0, "States.ExceedToleratedFailureThreshold", 0),
        (30, "SegmentsFailed", 3),
    ):
        # Whichever segment comes first, as often as it is tried.
        aws.fail_next("dynamodb", "Scan", code="AccessDeniedException", times=7)
        run = new_run()
        started = runs.start(
            run=run, segments=4, concurrency=1, tolerated_failure_percentage=tolerated, dry_run=True
        )
        ended = runs.ended(started)
        assert (ended["status"], ended["error"]) == ("FAILED", error)
        summary = runs.summary(run)
        assert (summary["state"], summary["segments_done"]) == ("failed", through)
        again = runs.start(execution=f"{run}-r2", run=run, resume=True)
        assert runs.ended(again)["status"] == "SUCCEEDED"
        assert runs.summary(run)["counts"]["seen"] == COUNT


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
    aws.hasten_waits(0.05)
    summary = Runs(aws).run(segments=2, concurrency=1)
    assert (summary["state"], summary["refused_total"]) == ("complete", 0)
    check_once_each(aws, archive, filled)
