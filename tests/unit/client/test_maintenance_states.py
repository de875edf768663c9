"""A run of re-encryption is in the same state wherever it is shown."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.unit.client.maintenance_runs import RUN, Deployment, sealed


def _planner_broke(deployment: Deployment) -> None:
    deployment.start(RUN, run=RUN)
    deployment.end("FAILED", error="States.Timeout")


def _gone_on_with(deployment: Deployment, status: str, error: str | None = None) -> None:
    """A run that failed, and whose second execution ended so."""
    deployment.start(RUN, run=RUN)
    deployment.plan()
    deployment.end("FAILED", error="Tolerated")
    deployment.summary(state="failed")
    deployment.start(f"{RUN}-r2", run=RUN, resume=True)
    deployment.end(status, error=error)


def _stopped_after_its_summary(deployment: Deployment) -> None:
    deployment.start(RUN, run=RUN)
    deployment.plan()
    deployment.summary()
    deployment.end("ABORTED")


def _of_the_schedule(deployment: Deployment, status: str) -> None:
    deployment.start("scheduled-1")
    deployment.plan(executions=["scheduled-1"])
    if status != "RUNNING":
        deployment.end(status)


def _forgotten(deployment: Deployment) -> None:
    deployment.plan()


@pytest.mark.parametrize(
    ("prepare", "state"),
    [
        (_planner_broke, "failed"),
        (partial(_gone_on_with, status="FAILED", error="RunRefused"), "failed"),
        (partial(_gone_on_with, status="ABORTED"), "stopped"),
        (_stopped_after_its_summary, "complete"),
        (partial(_of_the_schedule, status="RUNNING"), "running"),
        (partial(_of_the_schedule, status="ABORTED"), "stopped"),
        (partial(_of_the_schedule, status="FAILED"), "failed"),
        (partial(_of_the_schedule, status="TIMED_OUT"), "failed"),
        (_forgotten, "unfinished"),
    ],
)
def test_a_runs_state_is_the_same_word_wherever_it_is_shown(
    deployment: Deployment,
    prepare: Callable[[Deployment], None],
    state: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepare(deployment)
    assert {entry["run"]: entry["state"] for entry in sealed(capsys, "runs").lines()} == {RUN: state}
    assert sealed(capsys, "show", RUN).json()["state"] == state


@pytest.mark.parametrize("prepare", [partial(_gone_on_with, status="ABORTED"), _stopped_after_its_summary])
def test_follow_says_so_too_and_names_no_way_on_that_is_refused(
    deployment: Deployment, prepare: Callable[[Deployment], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(deployment)
    followed = sealed(capsys, "follow", RUN)
    assert followed.json()["state"] == sealed(capsys, "show", RUN).json()["state"]
    assert (followed.code == 0) is (followed.json()["state"] == "complete")
    goes_on = f"sealed maintenance resume {RUN}" in followed.err
    assert goes_on is (sealed(capsys, "resume", RUN, "--detach").code == 0)
