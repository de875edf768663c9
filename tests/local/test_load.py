"""The load test on the deployed API: all holds of it, and it finds what is done behind the service's back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.load.arguments import Options
from benchmarks.load.deployment import RunningDeployment
from benchmarks.load.load import load
from benchmarks.load.results import Run
from benchmarks.load.steps import Limits
from benchmarks.load.verdicts import verdicts
from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from tests.local.records_api import Item, RecordsApi

#: A machine that is busy with other tests is not saturated by this.
SHORT = Options(
    strategy="record",
    tenants=3,
    first_rate=12.0,
    factor=1.5,
    steps=2,
    step_seconds=2.5,
    limits=Limits(share=0.5, seconds=20.0),
)
VERIFYING = "reading every record back"
CONTRADICTED = "no answer contradicts what was acknowledged, at any rate"
FAILED = "no errors below saturation"
LOST = "every acknowledged write is verified"
FLAT = "the functions' memory is flat"


@pytest.fixture
def table(api: RecordsApi) -> Iterator[RecordsApi]:
    """The table, empty before and after."""
    yield api
    api.aws.clear_faults()
    api.empty()


def drive(aws: EmbeddedAws, meddle: Callable[[str], None] = lambda _: None) -> Run:
    """Run the load; whatever is begun is told to who meddles."""
    deployment = RunningDeployment(aws)
    return load(deployment, SHORT, command="a test", tell=lambda _, doing: meddle(doing))


def falling_short(run: Run) -> set[str]:
    return {verdict.name for verdict in verdicts(run) if not verdict.holds}


def test_all_verdicts_hold_of_a_deployment_that_works(aws: EmbeddedAws, table: RecordsApi) -> None:
    run = drive(aws)

    assert falling_short(run) == set()
    assert len(run.steps) == 2
    assert {kind for step in run.steps for kind in step.kinds} == {
        "create",
        "replace",
        "read",
        "page",
        "delete",
    }
    found = run.verification
    assert found.acknowledged == found.verified > found.read > found.present > 0
    assert len(table.items()) == found.present
    assert [each.refused for each in found.outdated] == [each.tried for each in found.outdated]
    assert all(each.tried > 0 for each in found.outdated)
    processes = {name.split()[0] for name in run.snapshots[-1].functions}
    assert processes >= {aws.outputs["ReaderFunctionName"], aws.outputs["WriterFunctionName"]}


def test_a_lost_record_a_lost_update_and_a_deletion_undone_are_found(
    aws: EmbeddedAws, table: RecordsApi
) -> None:
    before: list[Item] = []
    spoilt: dict[str, str] = {}

    def spoil(doing: str) -> None:
        if doing.startswith(("12.0", "18.0")):
            before.extend(table.items())
        if doing == VERIFYING:
            spoilt.update(spoil_each_way(table, before))

    run = drive(aws, spoil)

    assert set(spoilt) == {"is not there", "holds write", "its deletion was acknowledged"}
    assert falling_short(run) == {LOST}
    findings = run.verification.findings
    assert len(findings) == 3
    for said, where in spoilt.items():
        assert [finding for finding in findings if said in finding and where in finding]
    assert run.verification.verified == run.verification.acknowledged - 3


def spoil_each_way(table: RecordsApi, before: list[Item]) -> dict[str, str]:
    """Spoil a record in each of three ways; return what must be said of which."""
    now = {place(item): item for item in table.items()}
    replaced = [item for item in before if now.get(place(item), item)["revision"] != item["revision"]]
    deleted = [item for item in before if place(item) not in now]
    others = [item for name, item in now.items() if name != place(replaced[0])]
    spoilt = {
        "is not there": others[0],
        "holds write": replaced[0],
        "its deletion was acknowledged": deleted[0],
    }
    remove(table, others[0])
    table.plant(replaced[0])
    table.plant(deleted[0])
    return {said: place(item) for said, item in spoilt.items()}


def place(item: Item) -> str:
    return f"{item['tenant']['S']}/{item['record']['S']}"


def remove(table: RecordsApi, item: Item) -> None:
    key = {name: item[name] for name in ("tenant", "record")}
    name = table.aws.outputs["RecordsTableName"]
    table.aws.client("dynamodb").delete_item(TableName=name, Key=key)


def test_records_that_vanish_while_it_runs_are_found_by_the_requests_after(
    aws: EmbeddedAws, table: RecordsApi
) -> None:
    def vanish(doing: str) -> None:
        if doing.startswith("18.0"):
            table.empty()

    run = drive(aws, vanish)

    assert falling_short(run) >= {CONTRADICTED, FAILED, LOST}
    wrong = {name for step in run.steps for name in step.wrong}
    assert "read: 404 record-not-found" in wrong
    assert "replace: 412 revision-mismatch" in wrong


def test_writes_without_an_answer_are_errors_and_leave_two_possibilities(
    aws: EmbeddedAws, table: RecordsApi
) -> None:
    def lose(doing: str) -> None:
        if doing.startswith("18.0"):
            # The SDK tries three times: of up to four writers at once, one has three of these.
            aws.fail_next("dynamodb", "PutItem", answer_lost=True, times=9)

    run = drive(aws, lose)

    assert falling_short(run) == {FAILED}
    assert sum(sum(step.errors.values()) for step in run.steps) == run.verification.doubtful >= 1
    assert run.verification.findings == ()


def test_a_process_that_is_killed_and_replaced_is_not_flat_memory(
    aws: EmbeddedAws, table: RecordsApi
) -> None:
    killed: list[int] = []

    def kill(doing: str) -> None:
        if doing.startswith("18.0"):
            killed.append(aws.function_processes()[aws.outputs["ReaderFunctionName"]][0])
            os.kill(killed[0], signal.SIGKILL)

    run = drive(aws, kill)

    assert FLAT in falling_short(run)
    assert run.growth is not None
    assert run.growth.ended == (f"{aws.outputs['ReaderFunctionName']} {killed[0]}",)


def test_nothing_is_left_behind_when_the_command_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.load", "--quick"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: any(tmp_path.glob("embedded-aws-*/functions/*.log")), seconds=120)
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not list(tmp_path.glob("embedded-aws-*")), seconds=30)
    time.sleep(1)
    assert list(tmp_path.iterdir()) == []


def wait_until(holds: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
