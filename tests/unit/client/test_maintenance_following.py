"""`sealed maintenance`: a run is followed while its results arrive, to each of its ends."""

import io
import json
from functools import partial
from typing import Any

import pytest

from client import maintenance
from client.following import Pauses, expected_items
from client.problems import UnexpectedAnswerError
from client.rundisplay import Pace, duration, run_display
from client.runresults import Results, Tally
from tests.unit.client.maintenance_runs import (
    BUCKET,
    RUN,
    Deployment,
    Terminal,
    answer,
    counts,
    sealed,
    take_turns,
)
from tests.unit.client.maintenance_runs import both as all_of
from tests.unit.service.faults import Faults


def fetches(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the keys that the command fetches from the bucket."""
    asked: list[str] = []
    place = deployment.place()
    place.s3.meta.events.register(
        "before-parameter-build.s3.GetObject", lambda params, **_: asked.append(params["Key"])
    )
    monkeypatch.setattr(maintenance, "opened", lambda **_: place)
    return asked


def test_a_run_is_started_and_followed_to_its_summary(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def named(act: Any) -> Any:
        return lambda: act(run=deployment.started()[0][0])

    turns = take_turns(
        monkeypatch,
        named(deployment.plan),
        named(partial(deployment.result, 0, 1)),
        all_of(
            named(partial(deployment.result, 1, 1)),
            named(deployment.summary),
            lambda: deployment.end("SUCCEEDED"),
        ),
    )
    done = sealed(capsys, "reencrypt")
    assert turns.all_done
    assert done.code == 0
    ((name, _),) = deployment.started()
    summary = json.loads(
        deployment.s3.get_object(Bucket=BUCKET, Key=f"runs/{name}/summary.json")["Body"].read()
    )
    assert done.json() == summary
    assert done.err.splitlines()[0] == f"run {name}"


def test_each_result_is_fetched_once(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fetches(running, monkeypatch)
    take_turns(
        monkeypatch,
        partial(running.result, 1, 1, done=False),
        partial(running.result, 0, 1),
        lambda: None,
        partial(running.result, 1, 2),
        all_of(running.summary, lambda: running.end("SUCCEEDED")),
    )
    assert sealed(capsys, "follow", RUN).code == 0
    results = [key for key in asked if "/results/" in key]
    assert sorted(results) == sorted(set(results))
    assert len(results) == 3
    assert asked.count(f"runs/{RUN}/plan.json") <= 2


def test_results_add_up_and_segments_that_are_through_are_not_listed_again(running: Deployment) -> None:
    results = Results(running.place(), RUN)
    assert results.look() == 0
    for segment in range(5):
        running.result(segment, 1)
    running.result(5, 1, done=False, counts=counts(seen=7, refused=1, conflicts=2, right=4), kms_calls=1)
    assert results.look() == 6
    assert results.look() == 0
    listed: list[Any] = []
    results._place.s3.meta.events.register(
        "before-parameter-build.s3.ListObjectsV2", lambda params, **_: listed.append(params["StartAfter"])
    )
    running.result(5, 2)
    assert results.look() == 1
    assert listed == [f"runs/{RUN}/results/0000005/"]
    assert results.tally.counts == counts(seen=307, rewritten=240, right=64, refused=1, conflicts=2)
    assert results.tally.kms_calls == 481
    assert results.tally.segments_done == {0, 1, 2, 3, 4, 5}
    assert results.tally.function_seconds == 7 * 2.5


@pytest.mark.parametrize(
    "broken", [{}, [], {**answer(0, 1), "counts": {}}, {**answer(0, 1), "began": "yesterday"}]
)
def test_what_is_no_answer_is_told_and_not_counted_in_part(running: Deployment, broken: Any) -> None:
    running.put(RUN, "results/0000000/00001.json", broken)
    results = Results(running.place(), RUN)
    with pytest.raises(UnexpectedAnswerError, match=r"0000000/00001\.json"):
        results.look()
    assert results.tally == Tally()


def test_an_answer_that_was_broken_counts_once_it_is_whole(running: Deployment) -> None:
    running.put(RUN, "results/0000000/00001.json", [])
    results = Results(running.place(), RUN)
    with pytest.raises(UnexpectedAnswerError):
        results.look()
    running.result(0, 1)
    assert results.look() == 1


def test_the_planners_refusal_is_told_as_a_sentence(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cause = {
        "errorMessage": "Another run is at work: 2026\x1b[2J.",
        "errorType": "RunRefused",
        "requestId": "r",
    }
    take_turns(monkeypatch, lambda: deployment.end("FAILED", error="RunRefused", cause=json.dumps(cause)))
    done = sealed(capsys, "reencrypt")
    # Something is in the way: the input itself is in order.
    assert done.code == 4
    assert "sealed: the run was refused: Another run is at work: 2026?[2J.\n" in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"seen": 50, "filtered": 50}, "No record matches the filter"),
        ({"seen": 0}, "No record was there to look at"),
        ({"seen": 50, "filtered": 49, "right": 1}, None),
    ],
)
def test_a_filter_that_means_nothing_is_told(
    running: Deployment, capsys: pytest.CaptureFixture[str], found: dict[str, int], sentence: str | None
) -> None:
    running.summary(counts=counts(**found))
    running.end("SUCCEEDED")
    done = sealed(capsys, "follow", RUN)
    assert done.code == 0
    if sentence is None:
        assert "No record" not in done.err
    else:
        assert sentence in done.err


def test_a_bare_cause_is_told_as_well(running: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    running.end("FAILED", error="Refused", cause="segments must be at most 100000")
    done = sealed(capsys, "follow", RUN)
    assert done.code == 5
    assert "the run was refused: segments must be at most 100000" in done.err


def test_refused_records_have_an_exit_code_of_their_own(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = [{"tenant": "acme", "record": "r1", "reason": "does-not-verify"}]
    running.summary(refused=refused, refused_total=1, counts=counts(seen=100, right=99, refused=1))
    running.end("SUCCEEDED")
    done = sealed(capsys, "follow", RUN)
    assert done.code == 11
    assert done.json()["refused"] == refused
    assert "1 records were left as they were" in done.err


@pytest.mark.parametrize("state", ["failed", "unfinished"])
def test_a_run_that_failed_says_why_and_how_to_go_on(
    running: Deployment, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running.summary(state=state, segments_done=1)
    running.end("FAILED", error="Tolerated", cause="more than 5 % of the segments failed")
    done = sealed(capsys, "follow", RUN)
    assert done.code == 12
    assert done.json()["state"] == state
    assert "more than 5 % of the segments failed" in done.err
    assert f"sealed maintenance resume {RUN}" in done.err


def test_a_run_without_all_of_its_segments_is_not_done(
    running: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    running.summary(state="unfinished", segments_done=1)
    running.end("SUCCEEDED")
    done = sealed(capsys, "follow", RUN)
    assert done.code == 12
    assert "Not all of its segments are through" in done.err


def test_a_run_that_somebody_stopped_shows_what_it_did_not_an_older_summary(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running.summary(state="failed")
    running.result(0, 1)
    take_turns(monkeypatch, lambda: running.end("ABORTED"))
    done = sealed(capsys, "follow", RUN)
    assert done.code == 12
    assert done.json()["state"] == "stopped"
    assert (done.json()["segments_done"], done.json()["counts"]["seen"]) == (1, 50)
    assert "The run was stopped" in done.err


def test_of_a_run_that_has_ended_no_result_is_fetched(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running.result(0, 1)
    running.summary()
    running.end("SUCCEEDED")
    asked = fetches(running, monkeypatch)
    assert sealed(capsys, "follow", RUN).code == 0
    assert not any("/results/" in key for key in asked)


def test_an_unknown_run_is_told(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("follow", "stop", "resume", "show"):
        done = sealed(capsys, command, RUN)
        assert done.code == 3
        assert f"there is no run {RUN}" in done.err
    assert deployment.started() == []


def throttled(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, *, times: int) -> Faults:
    monkeypatch.setattr("client.maintenanceplace._ATTEMPTS", 1)
    place = deployment.place()
    faults = Faults(place.states, "DescribeExecution")
    faults.answer(400, "ThrottlingException", times=times)
    monkeypatch.setattr(maintenance, "opened", lambda **_: place)
    return faults


def test_throttled_looks_are_made_again_more_and_more_seldom(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running.summary()
    running.end("SUCCEEDED")
    throttled(running, monkeypatch, times=3)
    turns = take_turns(monkeypatch, *[lambda: None] * 3)
    done = sealed(capsys, "follow", RUN)
    assert done.code == 0
    assert turns.waits == [2.0, 4.0, 8.0]
    assert done.err.count("ThrottlingException") == 1


def test_after_repeated_failures_it_gives_up_and_says_that_the_run_goes_on(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = throttled(running, monkeypatch, times=99)
    take_turns(monkeypatch, *[lambda: None] * 3)
    done = sealed(capsys, "follow", RUN)
    assert done.code == 7
    assert faults.attempts == 4
    assert "given up after 4 looks in a row. The run itself goes on" in done.err
    assert f"sealed maintenance follow {RUN}" in done.err
    assert running.status(RUN) == "RUNNING"


def test_a_denied_look_ends_at_once_and_says_that_the_run_goes_on(
    running: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = running.place()
    faults = Faults(place.states, "DescribeExecution")
    faults.answer(400, "AccessDeniedException")
    monkeypatch.setattr(maintenance, "opened", lambda **_: place)
    done = sealed(capsys, "follow", RUN)
    assert (done.code, faults.attempts) == (6, 1)
    assert "The run itself goes on" in done.err


def test_what_was_just_started_may_not_be_found_yet(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = deployment.place()
    Faults(place.states, "StartExecution").answer(400, "ThrottlingException", times=1)
    Faults(place.states, "DescribeExecution").answer(400, "ExecutionDoesNotExist", times=1)
    monkeypatch.setattr(maintenance, "opened", lambda **_: place)

    def end() -> None:
        (name, _), *_ = deployment.started()
        deployment.plan(name)
        deployment.summary(name)
        deployment.end("SUCCEEDED")

    take_turns(monkeypatch, end)
    assert sealed(capsys, "reencrypt").code == 0


def test_looks_are_bounded_in_rate() -> None:
    pauses = Pauses()
    assert pauses.after(looked=0.1, watched=0) == 2
    assert pauses.after(looked=0.1, watched=300) == 7
    assert pauses.after(looked=0.1, watched=10**6) == 15
    # A look at very many results takes long: half of the time is left to others.
    assert pauses.after(looked=40, watched=10**6) == 40


def shown_by(stream: Any, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False) -> str:
    now = [100.0]
    monkeypatch.setattr("client.rundisplay.time.monotonic", lambda: now[0])
    tally = Tally()
    with run_display(name=RUN, quiet=quiet, stream=stream) as display:
        display.expect(items=1000, segments=4)
        display.update(tally)
        now[0] += 11
        for segment in range(2):
            tally.add(answer(segment, 1, counts=counts(seen=55, rewritten=40, right=10, refused=5)))
        display.update(tally)
        display.say("said")
    return str(stream.getvalue())


def test_elsewhere_than_on_a_terminal_lines_tell_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_by(io.StringIO(), monkeypatch)
    assert shown == (
        f"{RUN}: 110 of some 1000 looked at, 80 rewritten, 20 already right, 10 refused, 2/4 segments, "
        "10/s, 1 min 29 s left\nsaid\n"
    )


def test_on_a_terminal_a_bar_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shown = shown_by(Terminal(), monkeypatch)
    for part in ("110/1000", "80 rewritten, 20 already right, 10 refused", "10/s", "1 min 29 s left", "said"):
        assert part in shown


def test_quiet_shows_only_what_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_by(Terminal(), monkeypatch, quiet=True) == "said\n"


def test_the_pace_is_that_of_what_was_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("client.rundisplay.time.monotonic", lambda: now[0])
    pace = Pace()
    pace.measure(1_000_000)
    assert pace.left(1_000_000, of=2_000_000) == ""
    now[0] = 10
    pace.measure(1_001_000)
    assert pace.rate == 100
    assert pace.left(1_001_000, of=1_002_000) == "10 s left"
    assert pace.left(1_001_000, of=None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (61, "1 min 1 s"), (3599.6, "1 h 0 min"), (200_000, "2 d 7 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("plan", "items"),
    [
        ({"items": 5, "job": {"filter": {}}}, 5),
        ({"items": 5, "job": {"filter": {"tenant": None}}}, 5),
        ({"items": 5, "job": {"filter": {"tenant": "acme"}}}, None),
        ({"items": 0, "job": {"filter": {}}}, None),
        ({}, None),
    ],
)
def test_how_many_records_there_are_is_shown_where_it_is_known(plan: Any, items: int | None) -> None:
    assert expected_items(plan) == items
