"""Everything is encrypted anew by the deployed state machine and functions, while the API serves."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.local.names import PREFIX
from tests.local.object_commands import Commands
from tests.local.reencryption_runs import (
    BY_RECORD,
    BY_TENANT,
    Runs,
    Table,
    busy,
    check_busy,
    new_run,
    strategy_tenant_for,
    took,
    writes_by_role,
)
from tests.local.test_trail import Archive

#: `make reencryption` asks for 20,000.
COUNT = int(os.environ.get("SEALED_RECORDS", "400"))
POISONED = 20
TENANTS = [f"many-{number}" for number in range(8)]


@pytest.fixture(scope="module")
def tenants(aws: EmbeddedAws, branch_keys: Any) -> Iterator[list[str]]:
    """Tenants with branch keys; the deployment writes by the strategy `tenant` from now on."""
    with strategy_tenant_for(aws, branch_keys, TENANTS):
        yield TENANTS


@pytest.fixture
def runs(aws: EmbeddedAws, tenants: list[str]) -> Runs:
    return Runs(aws)


@pytest.fixture
def table(aws: EmbeddedAws, tenants: list[str]) -> Iterator[Table]:
    found = Table(aws)
    found.empty()
    yield found
    found.empty()


def test_all_records_change_their_strategy_while_they_are_read_and_written(
    aws: EmbeddedAws, runs: Runs, table: Table, tenants: list[str], branch_keys: Any
) -> None:
    table.fill(tenants, count=COUNT)
    archive = Archive(aws)
    aws.forget_trail()
    with busy(branch_keys, tenants, count=COUNT) as working:
        summary = runs.run()
    check_busy(working, branch_keys)
    assert table.providers() == {BY_TENANT: COUNT + len(working.created)}
    counts = summary["counts"]
    # What writers replaced or created before the run came by was right already.
    assert counts["seen"] == counts["rewritten"] + counts["right"]
    assert COUNT <= counts["seen"] <= COUNT + len(working.created)
    written = writes_by_role(archive.new(), f"{PREFIX}-reencryptor")
    assert set(written.values()) == {1}
    assert len(written) == counts["rewritten"]
    assert (summary["state"], summary["refused_total"]) == ("complete", 0)
    print(f"{COUNT} records in {took(summary):.0f} s; meanwhile {dict(working.answers)}")


def test_a_second_run_rewrites_nothing_and_a_dry_run_writes_nothing(
    aws: EmbeddedAws, runs: Runs, table: Table, tenants: list[str]
) -> None:
    table.fill(tenants, count=60)
    before = list(table.items())
    dry = runs.run(dry_run=True)
    assert (dry["counts"]["rewritten"], dry["units"]["write"]) == (60, 0)
    assert list(table.items()) == before
    assert runs.run()["counts"]["rewritten"] == 60
    again = runs.run()
    assert (again["counts"]["rewritten"], again["counts"]["right"], again["units"]["write"]) == (0, 60, 0)


def test_the_command_starts_follows_and_tells(
    sealed_here: Commands, table: Table, tenants: list[str]
) -> None:
    table.fill(tenants, count=40)
    dry = sealed_here("maintenance", "reencrypt", "--dry-run", caller="admin").document()
    assert (dry["counts"]["rewritten"], dry["units"]["write"]) == (40, 0)
    assert dry["estimate"]
    done = sealed_here("maintenance", "reencrypt", caller="admin").document()
    assert (done["state"], done["counts"]["rewritten"]) == ("complete", 40)
    shown = sealed_here("maintenance", "show", done["run"], caller="admin").document()
    assert shown["counts"] == done["counts"]
    refused = sealed_here("maintenance", "resume", "20200101T000000Z-00000000", caller="admin")
    assert refused.code == 3, refused


def test_a_tenants_caller_may_not_start_one(sealed_here: Commands) -> None:
    refused = sealed_here("maintenance", "reencrypt")
    assert refused.code == 6, refused


def test_a_filter_reaches_one_tenant(runs: Runs, table: Table, tenants: list[str]) -> None:
    table.fill(tenants, count=80)
    summary = runs.run(filter={"tenant": tenants[3]})
    assert (summary["segments"], summary["counts"]["rewritten"]) == (1, 10)
    assert table.providers() == {BY_TENANT: 10, BY_RECORD: 70}


def test_poisoned_records_are_told_exactly_and_all_others_are_rewritten(
    runs: Runs, table: Table, tenants: list[str]
) -> None:
    table.fill(tenants, count=COUNT)
    poisoned = list(table.items())[:: COUNT // POISONED]
    assert len(poisoned) == POISONED
    for item in poisoned:
        flipped = bytearray(item["n"]["B"])
        flipped[-1] ^= 1
        table.put({**item, "n": {"B": bytes(flipped)}})
    summary = runs.run()
    told = sorted((found["tenant"], found["record"], found["reason"]) for found in summary["refused"])
    assert told == sorted((item["tenant"]["S"], item["record"]["S"], "does-not-verify") for item in poisoned)
    assert table.providers() == {BY_TENANT: COUNT - POISONED, BY_RECORD: POISONED}


def test_an_empty_table_is_through_at_once(runs: Runs, table: Table) -> None:
    summary = runs.run()
    assert (summary["state"], summary["counts"]["seen"]) == ("complete", 0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"dryrun": True}, "the input has no member 'dryrun'"),
        ({"segments": 0}, "segments must be a whole number"),
        ({"run": new_run(), "resume": True}, "there is no run"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_with_a_sentence(
    runs: Runs, given: dict[str, Any], sentence: str
) -> None:
    ended = runs.ended(runs.start(**given))
    assert (ended["status"], ended["error"]) == ("FAILED", "RunRefused")
    assert sentence in ended["cause"]


def test_a_second_run_is_refused_while_one_works_and_a_stopped_one_is_gone_on_with(
    aws: EmbeddedAws, runs: Runs, table: Table, tenants: list[str]
) -> None:
    table.fill(tenants, count=120)
    archive, run = Archive(aws), new_run()
    aws.forget_trail()
    # Slow enough to be met at work.
    first = runs.start(run=run, segments=2, concurrency=1, write_units_per_second=20, seconds=2)
    while not runs.results(run):
        assert aws.client("stepfunctions").describe_execution(executionArn=first)["status"] == "RUNNING"
    refused = runs.ended(runs.start())
    assert refused["error"] == "RunRefused"
    assert f"run {run} is at work" in refused["cause"]
    runs.stop(first)
    assert runs.ended(first)["status"] == "ABORTED"
    assert table.providers()[BY_RECORD]
    again = runs.start(execution=f"{run}-r2", run=run, resume=True)
    assert runs.ended(again)["status"] == "SUCCEEDED"
    assert table.providers() == {BY_TENANT: 120}
    summary = runs.summary(run)
    assert (summary["state"], len(summary["executions"])) == ("complete", 2)
    # By both executions together.
    written = writes_by_role(archive.new(), f"{PREFIX}-reencryptor")
    assert len(written) == 120
    assert set(written.values()) == {1}


def test_records_go_back_to_the_strategy_record_but_for_those_of_a_tenant_that_is_shredded(
    aws: EmbeddedAws, runs: Runs, table: Table, tenants: list[str], branch_keys: Any
) -> None:
    gone = "many-shredded"
    assert branch_keys.create(gone).status == 201
    table.fill([*tenants, gone], count=90)
    assert runs.run()["counts"]["rewritten"] == 90
    assert branch_keys.shred(gone).status == 200
    aws.change_settings({"key_strategy": "record", "writer_keeps_branch_keys": True})
    summary = runs.run()
    aws.change_settings({"key_strategy": "tenant", "writer_keeps_branch_keys": False})
    assert summary["counts"]["rewritten"] == 80
    assert {(found["tenant"], found["reason"]) for found in summary["refused"]} == {(gone, "shredded")}
    assert table.providers() == {BY_RECORD: 80, BY_TENANT: 10}
    assert branch_keys.records(gone).get("r-000008").status == 410
    assert branch_keys.records(tenants[0]).get("r-000000").body == {"n": 0}
