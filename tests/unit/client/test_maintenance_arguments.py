"""`sealed maintenance`: wrong arguments and settings, and what a run is started with."""

from typing import Any

import pytest

from client.arguments import parser
from client.entry import main
from client.reencryptionruns import RUN_ID, new_run_id
from tests.unit.client.maintenance_runs import RUN, Deployment, sealed

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VERSION = "94f2a17c-1c5e-4c0a-9d61-02c2f2a8f0d4"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "COMMAND"),
        ("reencrypt --tenant a/b", "not a tenant id"),
        ("reencrypt --written-before soon", "is no time"),
        ("reencrypt --written-before 9999-01-01", "is in the future"),
        ("reencrypt --strategy both", "invalid choice"),
        ("reencrypt --kms-key alias/envelope", "full ARN of a KMS key"),
        ("reencrypt --branch-key-version 5", "version of a branch key, a UUID"),
        ("reencrypt --segments 0", "whole number from 1 to 100000"),
        ("reencrypt --segments 100001", "whole number from 1 to 100000"),
        ("reencrypt --concurrency 1001", "whole number from 1 to 1000"),
        ("reencrypt --read-units 0", "whole number from 1"),
        ("reencrypt --write-units 1.5", "whole number from 1"),
        ("reencrypt --tolerated-failures 101", "whole number from 0 to 100"),
        ("reencrypt --tolerated-failures -1", "tolerated-failures"),
        ("reencrypt --json --output table", "not allowed with"),
        ("reencrypt --timeout 0", "give seconds"),
        ("follow", "RUN"),
        ("follow ../plan", "not the name of a run"),
        (f"follow {RUN}-r2", "not the name of a run"),
        ("stop 20260501", "not the name of a run"),
        ("resume x", "not the name of a run"),
        ("show x", "not the name of a run"),
        ("runs --limit 0", "whole number from 1 to 1000"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence_and_exit_code_2(
    words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["maintenance", *words.split()])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (f"--kms-key {KEY} --strategy tenant", "--kms-key is about records of the strategy `record`"),
        (f"--branch-key-version {VERSION} --strategy record", "records of the strategy `tenant`"),
        (f"--branch-key-version {VERSION} --kms-key {KEY}", "give one of them"),
        ("--prices p.json", "--prices goes with --dry-run"),
        ("--dry-run --prices /nonexistent/p.json", "/nonexistent/p.json cannot be read"),
        ("--region us-east-1", "--region us-east-1 is not where"),
    ],
)
def test_arguments_that_contradict_start_nothing(
    deployment: Deployment, words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(capsys, "reencrypt", *words.split())
    assert done.code == 2
    assert says in done.err
    assert deployment.started() == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SEALED_REENCRYPTION_STATE_MACHINE_ARN", None, "the output ReencryptionStateMachineArn"),
        ("SEALED_MAINTENANCE_BUCKET", "", "the output MaintenanceBucketName"),
        ("SEALED_REENCRYPTION_STATE_MACHINE_ARN", "arn:x", "is not the ARN of a state machine"),
        ("SEALED_MAINTENANCE_BUCKET", "Bad/Name", "is not the name of a bucket"),
    ],
)
def test_wrong_settings_are_named(
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str | None,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    done = sealed(capsys, "runs")
    assert done.code == 2
    assert name in done.err
    assert says in done.err


def test_without_credentials_it_says_so(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as changed:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            changed.delenv(name, raising=False)
        changed.setenv("AWS_EC2_METADATA_DISABLED", "true")
        changed.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        done = sealed(capsys, "runs")
    assert done.code == 6
    assert "no credentials" in done.err


def test_a_machine_that_is_not_there_is_told(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEALED_REENCRYPTION_STATE_MACHINE_ARN", deployment.machine + "-other")
    for words in (["reencrypt"], ["runs"]):
        done = sealed(capsys, *words)
        assert done.code == 3
        assert "there is no such state machine" in done.err


def test_a_bucket_that_is_not_there_is_told(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEALED_MAINTENANCE_BUCKET", "another-bucket")
    done = sealed(capsys, "runs")
    assert done.code == 3
    assert "there is no such bucket" in done.err


def test_a_run_is_started_with_what_the_planner_takes(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(capsys, "reencrypt", "--detach")
    ((name, job),) = deployment.started()
    assert RUN_ID.fullmatch(name)
    assert job == {
        "run": name,
        "resume": False,
        "dry_run": False,
        "segments": None,
        "concurrency": 10,
        "tolerated_failure_percentage": 5,
        "read_units_per_second": None,
        "write_units_per_second": None,
        "filter": {
            "tenant": None,
            "written_before": None,
            "strategy": None,
            "kms_key": None,
            "branch_key_version": None,
        },
    }
    assert done.code == 0
    assert done.json()["run"] == name
    assert done.json()["execution"].endswith(f":execution:sealed-dev-reencryption:{name}")
    assert done.json()["state"] == "running"
    assert f"sealed maintenance follow {name}" in done.err


def test_every_option_reaches_the_planner(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--tenant acme --written-before 2026-05-01T10:00:00+02:00 --strategy record --segments 7 --dry-run"
    )
    words += f" --concurrency 3 --read-units 100 --write-units 50 --tolerated-failures 0 --kms-key {KEY}"
    sealed(capsys, "reencrypt", *words.split(), "--detach")
    ((_, job),) = deployment.started()
    del job["run"]
    assert job == {
        "resume": False,
        "dry_run": True,
        "segments": 7,
        "concurrency": 3,
        "tolerated_failure_percentage": 0,
        "read_units_per_second": 100,
        "write_units_per_second": 50,
        "filter": {
            "tenant": "acme",
            # In the form that a record's own time has, so that texts compare as times.
            "written_before": "2026-05-01T08:00:00.000000Z",
            "strategy": "record",
            "kms_key": KEY,
            "branch_key_version": None,
        },
    }
    sealed(capsys, "reencrypt", "--branch-key-version", VERSION, "--strategy", "tenant", "--detach")
    assert deployment.started()[-1][1]["filter"]["branch_key_version"] == VERSION


def test_names_of_runs_differ_and_begin_with_the_time() -> None:
    names = {new_run_id() for _ in range(100)}
    assert len(names) == 100
    assert all(RUN_ID.fullmatch(name) for name in names)


@pytest.mark.parametrize("command", ["", "reencrypt", "follow", "stop", "resume", "runs", "show"])
def test_each_command_has_a_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["maintenance", *command.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "example" in shown
    if command:
        assert "exit codes:" in shown
        assert " 11  a re-encryption ended, and left some records as they were" in shown
        assert " 12  a re-encryption failed" in shown


def test_options_may_stand_before_the_command(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments: Any = parser().parse_args(["--region", "eu-west-1", "maintenance", "runs"])
    assert arguments.region == "eu-west-1"
    with pytest.raises(SystemExit) as ended:
        main(["--profile", "absent", "maintenance", "runs"])
    assert ended.value.code == 2
    assert "absent" in capsys.readouterr().err
