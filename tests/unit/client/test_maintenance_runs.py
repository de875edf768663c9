"""`sealed maintenance stop, resume, runs, show`, the end of a dry run, and how strange ids are printed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from client import tables
from tests.unit.client.maintenance_runs import (
    RUN,
    Deployment,
    Terminal,
    both,
    counts,
    sealed,
    take_turns,
)

OTHER = "20260502T080000Z-ffffffff"
STRANGE = {"tenant": "\x1b]0;owned\x07", "record": "r\x1b[2J\u202e\x9b1", "reason": "does-not-verify\r"}


def test_a_run_is_stopped_and_says_how_to_go_on(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(capsys, "stop", RUN)
    assert done.code == 0
    assert running.status(RUN) == "ABORTED"
    assert done.json()["state"] == "stopped"
    assert f"sealed maintenance resume {RUN}" in done.err


def test_a_run_that_has_ended_is_not_stopped(running: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    running.end("SUCCEEDED")
    done = sealed(capsys, "stop", RUN)
    assert (done.code, done.json()["state"]) == (0, "ended")
    assert running.status(RUN) == "SUCCEEDED"


def test_the_last_execution_is_stopped(running: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    running.end("FAILED")
    running.start(f"{RUN}-r2", run=RUN, resume=True)
    sealed(capsys, "stop", RUN)
    assert running.status(RUN) == "FAILED"
    assert running.status(f"{RUN}-r2") == "ABORTED"


def test_each_resumption_takes_the_next_number(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2, 5):
        running.end("ABORTED")
        done = sealed(capsys, "resume", RUN, "--detach")
        assert done.code == 0
        assert running.started()[-1] == (f"{RUN}-r{number}", {"run": RUN, "resume": True})
        assert done.json()["run"] == RUN
        assert done.json()["execution"].endswith(f":{RUN}-r{number}")
    assert len(running.started()) == 4


def test_numbers_go_on_when_executions_are_forgotten(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    # Step Functions keeps them for 90 days, the plan names them for ever.
    deployment.plan(executions=[RUN, f"arn:aws:states:eu-west-1:123456789012:execution:m:{RUN}-r7"])
    assert sealed(capsys, "resume", RUN, "--detach").code == 0
    assert [name for name, _ in deployment.started()] == [f"{RUN}-r8"]


def test_a_run_of_the_schedule_is_found_by_its_plan(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.start("scheduled-1")
    deployment.plan(executions=["scheduled-1"])
    done = sealed(capsys, "resume", RUN)
    assert done.code == 4
    assert "the run is at work" in done.err
    deployment.end("FAILED")
    assert sealed(capsys, "resume", RUN, "--detach").code == 0
    assert [name for name, _ in deployment.started()] == ["scheduled-1", f"{RUN}-r2"]


def test_a_run_at_work_or_complete_is_not_gone_on_with(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sealed(capsys, "resume", RUN).code == 4
    running.end("SUCCEEDED")
    running.summary()
    done = sealed(capsys, "resume", RUN)
    assert done.code == 4
    assert "is complete" in done.err
    assert len(running.started()) == 1


def test_a_run_that_was_refused_has_nothing_to_go_on_with(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.start(RUN, run=RUN)
    deployment.end("FAILED", error="RunRefused", cause='{"errorMessage": "Another run is at work."}')
    for command, code in (("resume", 3), ("show", 5), ("follow", 4)):
        done = sealed(capsys, command, RUN)
        assert done.code == code
        assert "Another run is at work." in done.err
    assert len(deployment.started()) == 1


def test_a_resumed_run_is_followed_to_its_end(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running.end("ABORTED")
    running.result(0, 1)
    take_turns(
        monkeypatch,
        both(lambda: running.result(1, 1), running.summary, lambda: running.end("SUCCEEDED")),
    )
    done = sealed(capsys, "resume", RUN)
    assert (done.code, done.json()["state"]) == (0, "complete")
    assert f"execution {RUN}-r2" in done.err


def test_runs_are_listed_newest_first_with_state_and_counts(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"202605{day:02d}T080000Z-0000000a" for day in range(1, 8)]
    for name in names[1:]:
        deployment.start(name, run=name)
    old, complete, failed, stopped, refused, running, early = names
    for name in (old, complete, failed):
        deployment.plan(name)
        deployment.summary(name, state="failed" if name == failed else "complete", refused_total=3)
    deployment.end("SUCCEEDED", name=complete)
    deployment.end("FAILED", name=failed)
    deployment.plan(stopped, job={"dry_run": True})
    deployment.end("ABORTED", name=stopped)
    deployment.end("FAILED", name=refused, error="RunRefused")
    # It failed once, and is gone on with.
    deployment.plan(running)
    deployment.summary(running, state="failed")
    deployment.end("FAILED", name=running)
    deployment.start(f"{running}-r2", run=running, resume=True)
    done = sealed(capsys, "runs")
    assert done.code == 0
    assert [(entry["run"], entry["state"]) for entry in done.lines()] == [
        (early, "running"),
        (running, "running"),
        (refused, "refused"),
        (stopped, "stopped"),
        (failed, "failed"),
        (complete, "complete"),
        (old, "complete"),
    ]
    by_run = {entry["run"]: entry for entry in done.lines()}
    assert by_run[old]["counts"]["seen"] == 100
    assert by_run[complete]["refused_total"] == 3
    assert by_run[stopped]["dry_run"] is True
    assert by_run[early]["counts"] is None
    assert by_run[early]["began"].startswith("20")


def test_only_so_many_runs_are_listed_and_it_says_so(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (RUN, OTHER):
        deployment.plan(name)
        deployment.summary(name)
    done = sealed(capsys, "runs", "--limit", "1")
    assert [entry["run"] for entry in done.lines()] == [OTHER]
    assert "1 older runs are not shown" in done.err


def test_runs_as_a_table(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there are no runs yet" in sealed(capsys, "runs", "--output", "table").err
    deployment.plan()
    deployment.summary(dry_run=True)
    first, second = sealed(capsys, "runs", "--output", "table").out.splitlines()
    assert first.split()[:2] == ["run", "state"]
    assert second.split()[:4] == [RUN, "complete", "(dry", "run)"]


def test_a_summary_is_shown_as_it_is(running: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    refused = [{"tenant": "acme", "record": f"r{number}", "reason": "shredded"} for number in range(3)]
    running.end("SUCCEEDED")
    running.summary(refused=refused, refused_total=10_003)
    done = sealed(capsys, "show", RUN, "--json")
    assert done.code == 0
    assert done.json()["refused"] == refused
    assert done.json()["refused_total"] == 10_003
    table = sealed(capsys, "show", RUN, "--output", "table").out
    assert "already right" in table
    assert ["acme", "r2", "shredded"] in [line.split() for line in table.splitlines()]
    assert "10000: the run's results in the bucket have all" in table


def test_of_a_run_at_work_what_it_has_done_is_shown(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    running.result(0, 1, counts=counts(seen=9, refused=1), refused=[STRANGE])
    running.summary(state="failed")  # of an execution before
    shown = sealed(capsys, "show", RUN).json()
    assert (shown["state"], shown["counts"]["seen"], shown["refused"]) == ("running", 9, [STRANGE])


@pytest.mark.parametrize("output", ["json", "table"])
def test_a_refused_records_id_steers_no_terminal(
    running: Deployment, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running.end("SUCCEEDED")
    running.summary(refused=[STRANGE], refused_total=1)
    for command in ("show", "follow"):
        done = sealed(capsys, command, RUN, "--output", output)
        shown = done.out + done.err
        assert "owned" in shown
        assert all(character == "\n" or character.isprintable() for character in shown)
        assert "\u202e" not in shown
        if output == "json":
            assert done.json()["refused"] == [STRANGE]


def test_markup_in_an_id_is_text(running: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    running.end("SUCCEEDED")
    entry = {"tenant": "acme", "record": "[link=https://x]r[/link]", "reason": "not-a-record"}
    running.summary(refused=[entry], refused_total=1)
    assert "[link=https://x]r[/link]" in sealed(capsys, "show", RUN, "--output", "table").out


def test_on_a_terminal_a_table_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Terminal())
    assert not tables.wants_json(None)
    assert tables.wants_json("json")


@pytest.fixture
def dry(deployment: Deployment) -> Deployment:
    """A dry run that is through: 100 records, 80 of them to rewrite, in 5 seconds of the function."""
    deployment.start(
        RUN, run=RUN, dry_run=True, concurrency=2, read_units_per_second=None, write_units_per_second=8
    )
    deployment.plan(job={"dry_run": True})
    for segment in range(2):
        deployment.result(segment, 1, dry_run=True, units={"read": 3.5, "write": 0})
    deployment.summary(dry_run=True)
    deployment.end("SUCCEEDED")
    return deployment


def test_a_dry_run_ends_with_cost_and_time(dry: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("follow", "show"):
        done = sealed(capsys, command, RUN)
        assert done.code == 0
        found = done.json()["estimate"]
        lines: dict[str, Any] = found["cost"]["lines"]
        assert lines["kms-requests"] == {"quantity": "160", "cost": "0.00048"}
        assert lines["dynamodb-read-units"]["quantity"] == "7"
        # 40,960 bytes are 40 KiB, and half a KiB is begun for each of 80 records: less than one unit each.
        assert lines["dynamodb-write-units"]["quantity"] == "80"
        assert lines["lambda-gb-seconds"]["quantity"] == "5"
        assert lines["state-transitions"]["quantity"] == str(2 * 4 + 2 + 4)
        assert found["prices"] == {"region": "us-east-1", "date": "2026-11"}
        assert found["cost"]["currency"] == "USD"
        assert Decimal(found["cost"]["total"]) == sum(Decimal(line["cost"]) for line in lines.values())
        # At 8 write units a second; by work alone it would be 5 and 2.5 seconds.
        assert found["seconds_at_concurrency"] == {"1": 10.0, "2": 10.0}


def test_a_dry_run_is_told_to_people(dry: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    table = sealed(capsys, "follow", RUN, "--output", "table").out
    lines = [line.split() for line in table.splitlines()]
    assert "to rewrite  80 of 100 records" in table.replace("   ", "  ")
    assert any(line[:2] == ["kms-requests", "160"] and line[-1] == "0.01" for line in lines)
    assert ["2", "10", "s"] in lines
    assert "us-east-1, 2026-11" in table
    assert "40960 of records to rewrite" in table


def test_prices_of_ones_own_are_taken(
    dry: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "prices.json"
    path.write_text(
        json.dumps(
            {"region": "eu-west-1", "currency": "EUR", "prices": {"kms-requests": {"amount": "1", "per": 8}}}
        )
    )
    cost = sealed(capsys, "show", RUN, "--prices", str(path)).json()["estimate"]["cost"]
    assert (cost["currency"], cost["lines"]["kms-requests"]["cost"]) == ("EUR", "20")


def test_a_dry_run_that_is_not_through_has_no_cost(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.start(RUN, run=RUN, dry_run=True)
    deployment.plan(job={"dry_run": True})
    deployment.result(0, 1, dry_run=True)
    deployment.end("ABORTED")
    done = sealed(capsys, "show", RUN)
    assert (done.json()["state"], done.json()["dry_run"]) == ("stopped", True)
    assert "estimate" not in done.json()


def test_a_dry_run_from_its_start(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def finish() -> None:
        ((name, job),) = deployment.started()
        assert job["dry_run"] is True
        deployment.plan(name)
        for segment in range(2):
            deployment.result(segment, 1, run=name, dry_run=True)
        deployment.summary(name, dry_run=True)
        deployment.end("SUCCEEDED")

    take_turns(monkeypatch, finish)
    done = sealed(capsys, "reencrypt", "--dry-run", "--quiet")
    assert done.code == 0
    assert done.json()["estimate"]["cost"]["lines"]["kms-requests"]["quantity"] == "160"
    # Segments at once as asked for, 10; the run has two segments, so it is as with two.
    assert done.json()["estimate"]["seconds_at_concurrency"] == {"1": 5.0, "10": 2.5}
    assert done.err.splitlines() == [f"run {done.json()['run']}"]


def test_the_concurrency_of_a_resumed_dry_run_is_that_of_its_plan(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Step Functions has forgotten the first execution, and what it was started with.
    deployment.plan(job={"dry_run": True}, concurrency=37, executions=[RUN])

    def finish() -> None:
        for segment in range(2):
            deployment.result(segment, 1, dry_run=True)
        deployment.summary(dry_run=True)
        deployment.end("SUCCEEDED")

    take_turns(monkeypatch, finish)
    found = sealed(capsys, "resume", RUN).json()["estimate"]
    assert list(found["seconds_at_concurrency"]) == ["1", "37"]
