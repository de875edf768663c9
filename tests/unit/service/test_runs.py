"""Runs of re-encryption: what they may be asked for, that one works at a time, where each goes on."""

import json
from collections.abc import Callable
from itertools import pairwise
from operator import itemgetter
from typing import Any
from uuid import uuid4

import boto3
import pytest

from service.machine_errors import RunRefused
from service.run_input import RunInput, parse_run_input
from service.run_planning import Execution, RunPlanner, TableSize, summarize
from service.run_store import RunStore
from tests.unit.service.conftest import REGION
from tests.unit.service.functions import LambdaContext, Service, load

RUN = "20261125T080000Z-0a1b2c3d"
OTHER = "20261125T090000Z-ffffffff"


@pytest.fixture
def store(aws: None) -> RunStore:
    bucket = f"runs-{uuid4().hex[:8]}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return RunStore(s3, bucket)


def execution(name: str = RUN) -> Execution:
    return Execution(arn=f"arn:{name}", name=name, began="2026-11-25T08:00:00.123Z")


def planner(store: RunStore, *, running: tuple[str, ...] = (), size: TableSize | None = None) -> RunPlanner:
    size = size or TableSize(items=5, bytes=5000)
    return RunPlanner(store, table_size=lambda: size, is_running=lambda arn: arn in running)


def manifest(store: RunStore, plan: dict[str, Any]) -> Any:
    answer = store._s3.get_object(Bucket=store.bucket, Key=plan["manifest_key"])
    return json.loads(answer["Body"].read())


def ended(store: RunStore, segment: int, *, step: int = 1, done: bool = True, **changes: Any) -> None:
    """Store the answer of a call."""
    key = f"runs/{RUN}/results/{segment:07d}/{step:05d}.json"
    after = None if done else {"tenant": "acme", "record": f"r-{step}"}
    answer = {
        "segment": segment,
        "done": done,
        "next": {"segment": segment, "start_key": after, "step": step + 1},
        "counts": {"seen": 10, "rewritten": 7},
        "bytes": {"seen": 1000, "rewritten": 700},
        "units": {"read": 1.5, "write": 7},
        "kms_calls": 3,
        "refused": [],
        **changes,
    }
    store._s3.put_object(Bucket=store.bucket, Key=key, Body=json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (None, "the input must be a JSON object"),
        ([], "the input must be a JSON object"),
        ({"dryrun": True}, "the input has no member 'dryrun'"),
        ({"dry_run": "yes"}, "dry_run must be true or false"),
        ({"dry_run": 1}, "dry_run must be true or false"),
        ({"resume": True}, "resume: name the run"),
        ({"run": "my run"}, "run must be a run's id"),
        ({"segments": 0}, "segments must be a whole number from 1 to 100000"),
        ({"segments": 1.5}, "segments must be a whole number"),
        ({"segments": True}, "segments must be a whole number"),
        ({"concurrency": 1001}, "concurrency must be a whole number from 1 to 1000"),
        ({"concurrency": None}, "concurrency must be"),
        (
            {"tolerated_failure_percentage": 101},
            "tolerated_failure_percentage must be a number from 0 to 100",
        ),
        ({"read_units_per_second": 0}, "read_units_per_second must be a number"),
        ({"write_units_per_second": float("nan")}, "write_units_per_second must be a number"),
        ({"seconds": 900}, "seconds must be a number from 1 to 840"),
        ({"filter": []}, "filter must be a JSON object"),
        ({"filter": {"tenants": "acme"}}, "filter has no member 'tenants'"),
        ({"filter": {"tenant": "a/b"}}, "filter.tenant must be a tenant's id"),
        ({"filter": {"written_before": "yesterday"}}, "filter.written_before must be a time in UTC"),
        ({"filter": {"written_before": "2026-13-01T00:00:00Z"}}, "filter.written_before must be a time"),
        ({"filter": {"written_before": "2026-01-01T00:00:00+01:00"}}, "filter.written_before must be"),
        ({"filter": {"strategy": "both"}}, "filter.strategy must be record or tenant"),
        ({"filter": {"strategy": ["record"]}}, "filter.strategy must be"),
        ({"filter": {"kms_key": "alias/key"}}, "filter.kms_key must be a full KMS key ARN"),
        ({"filter": {"branch_key_version": "1"}}, "filter.branch_key_version must be a branch key's version"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(given: Any, sentence: str) -> None:
    with pytest.raises(RunRefused) as refused:
        parse_run_input(given)
    assert sentence in str(refused.value)


def test_all_that_may_be_given_is_taken() -> None:
    chosen = {
        "tenant": "acme",
        "written_before": "2026-01-31T12:00:00Z",
        "strategy": "record",
        "kms_key": "arn:aws:kms:eu-central-1:123456789012:key/abc",
        "branch_key_version": str(uuid4()),
    }
    given = {
        "run": RUN,
        "resume": False,
        "dry_run": True,
        "segments": 7,
        "concurrency": 3,
        "tolerated_failure_percentage": 2.5,
        "read_units_per_second": 300,
        "write_units_per_second": 30,
        "seconds": 60,
        "filter": chosen,
    }
    found = parse_run_input(given)
    assert found.chosen == {**chosen, "written_before": "2026-01-31T12:00:00.000000Z"}
    job = found.job(segments=7)
    assert (job["read_units_per_second"], job["write_units_per_second"]) == (100, 10)
    assert job["segments"] == 7
    assert parse_run_input({}) == parse_run_input({"segments": None, "filter": None}) == RunInput()


def test_what_goes_on_takes_all_else_from_its_plan() -> None:
    given = {"run": RUN, "resume": True, "dry_run": True, "filter": {"tenant": "acme"}}
    with pytest.raises(RunRefused, match="leave out dry_run, filter"):
        parse_run_input(given)
    assert parse_run_input({"run": RUN, "resume": True}).resume
    with pytest.raises(RunRefused, match="seconds must be"):
        parse_run_input({"seconds": 10**400})


@pytest.mark.parametrize(
    ("gibibytes", "concurrency", "segments"),
    [(0, 1, 1), (0, 10, 10), (1, 10, 100), (100, 10, 1600), (10_000, 10, 10_000)],
)
def test_segments_are_planned_from_the_size_of_the_table(
    store: RunStore, gibibytes: int, concurrency: int, segments: int
) -> None:
    size = TableSize(items=1, bytes=gibibytes * 2**30)
    plan = planner(store, size=size).plan(RunInput(run=RUN, concurrency=concurrency), execution())
    listed = [entry["segment"] for entry in manifest(store, plan)]
    assert sorted(listed) == list(range(segments))
    assert plan["job"]["segments"] == segments
    # Neighbours share a partition of the table: they are not worked on at the same time.
    assert segments < 100 or min(abs(this - following) for this, following in pairwise(listed)) > 10


def test_one_tenant_is_one_segment(store: RunStore) -> None:
    plan = planner(store).plan(RunInput(run=RUN, segments=50, chosen={"tenant": "acme"}), execution())
    assert len(manifest(store, plan)) == plan["job"]["segments"] == 1


def test_planning_an_execution_again_changes_nothing(store: RunStore) -> None:
    first = planner(store).plan(RunInput(run=RUN), execution())
    again = planner(store, running=(execution().arn,)).plan(RunInput(run=RUN), execution())
    assert first == again
    assert (store.plan(RUN) or {})["executions"] == [execution().arn]


def test_a_second_run_is_refused_while_the_first_works(store: RunStore) -> None:
    planner(store).plan(RunInput(run=RUN), execution())
    working = planner(store, running=(execution().arn,))
    with pytest.raises(RunRefused, match=f"run {RUN} is at work"):
        working.plan(RunInput(run=OTHER), execution(OTHER))
    assert store.plan(OTHER) is None
    planner(store).plan(RunInput(run=OTHER), execution(OTHER))
    assert (held := store.lock()) is not None
    assert held.run == OTHER


@pytest.mark.parametrize("held_before", [False, True])
def test_of_two_that_plan_at_once_one_is_refused(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, *, held_before: bool
) -> None:
    if held_before:
        planner(store).plan(RunInput(run="20250101T000000Z-00000000"), execution("older"))
    take, raced = store.take_lock, []

    def take_lock(**lock: Any) -> bool:
        if not raced:
            raced.append(True)
            assert take(**{**lock, "run": OTHER, "execution": execution(OTHER).arn})
        return take(**lock)

    monkeypatch.setattr(store, "take_lock", take_lock)
    with pytest.raises(RunRefused, match=f"run {OTHER} is at work"):
        planner(store, running=(execution(OTHER).arn,)).plan(RunInput(run=RUN), execution())


def test_a_run_goes_on_where_each_segment_ended(store: RunStore) -> None:
    planner(store).plan(RunInput(run=RUN, segments=4, dry_run=True), execution())
    ended(store, 0)
    ended(store, 1, done=False)
    ended(store, 1, step=2, done=False)
    ended(store, 3, done=False)
    ended(store, 3, step=2)
    resumed = execution(f"{RUN}-r2")
    plan = planner(store).plan(RunInput(run=RUN, resume=True, segments=99), resumed)
    assert sorted(manifest(store, plan), key=itemgetter("segment")) == [
        {"segment": 1, "start_key": {"tenant": "acme", "record": "r-2"}, "step": 3},
        {"segment": 2, "start_key": None, "step": 1},
    ]
    # The rest comes from the plan.
    assert (plan["job"]["dry_run"], plan["job"]["segments"]) == (True, 4)
    assert plan["manifest_key"].endswith("manifest-2.json")


def test_a_run_that_exists_is_not_begun_again_and_one_that_does_not_is_not_gone_on_with(
    store: RunStore,
) -> None:
    planner(store).plan(RunInput(run=RUN), execution())
    with pytest.raises(RunRefused, match="there is a run"):
        planner(store).plan(RunInput(run=RUN), execution("another"))
    with pytest.raises(RunRefused, match="there is no run"):
        planner(store).plan(RunInput(run=OTHER, resume=True), execution("another"))


def test_a_run_that_a_schedule_began_is_named_after_its_execution(store: RunStore) -> None:
    plan = planner(store).plan(RunInput(), execution("8d1c6c9e-scheduled"))
    assert plan["run"].startswith("20261125T080000Z-")
    parse_run_input({"run": plan["run"]})


def test_a_summary_adds_up_and_tells_the_refused(store: RunStore) -> None:
    planner(store).plan(RunInput(run=RUN, segments=2), execution())
    refused = [{"tenant": "acme", "record": "r-9", "reason": "does-not-verify"}]
    ended(store, 0, done=False, refused=refused)
    ended(store, 0, step=2)
    summary = summarize(store, RUN, ended="later")
    assert (summary["state"], summary["segments_done"]) == ("failed", 1)
    ended(store, 1, refused=refused)
    summary = summarize(store, RUN, ended="later")
    assert (summary["state"], summary["segments_done"], summary["refused_total"]) == ("complete", 2, 2)
    assert summary["refused"] == refused * 2
    assert summary["counts"] == {"seen": 30, "rewritten": 21}
    assert summary["units"] == {"read": 4.5, "write": 21}
    assert summary["kms_calls"] == 9


@pytest.fixture
def function(store: RunStore, start: Callable[..., Service]) -> Any:
    start(MAINTENANCE_BUCKET=store.bucket)
    (loaded,) = load("service.planner")
    return loaded


def event(**changes: Any) -> dict[str, Any]:
    arn = f"arn:aws:states:{REGION}:123456789012:execution:reencryption:{RUN}"
    return {
        "operation": "plan",
        "input": {"run": RUN},
        "execution": arn,
        "name": RUN,
        "machine": arn.replace("execution", "stateMachine"),
        "began": "2026-11-25T08:00:00.123Z",
        **changes,
    }


def test_the_function_plans_and_sums_up(function: Any, store: RunStore) -> None:
    plan = function.handler(event(), LambdaContext())
    assert len(manifest(store, plan)) == 10
    for segment in range(10):
        ended(store, segment)
    summary = function.handler({"operation": "summarize", "run": RUN}, LambdaContext())
    assert (summary["state"], summary["counts"]["seen"]) == ("complete", 100)
    assert "refused" not in summary


def test_the_function_refuses_with_a_sentence_and_fails_without_one(
    function: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunRefused, match="segments must be a whole number") as refused:
        function.handler(event(input={"segments": -1}), LambdaContext())
    assert refused.value.__cause__ is None
    with pytest.raises(RunRefused, match="names no run"):
        function.handler({"operation": "summarize", "run": "../x"}, LambdaContext())
    monkeypatch.setattr(function._store, "bucket", "absent-bucket-of-somebody")
    with pytest.raises(Exception, match=r"^planning$") as failed:
        function.handler(event(), LambdaContext())
    assert type(failed.value).__name__ == "Unavailable"
    assert "absent-bucket" not in capsys.readouterr().out


def test_an_execution_that_step_functions_has_forgotten_does_not_hold_the_lock(
    function: Any, store: RunStore
) -> None:
    function.handler(event(), LambdaContext())
    other = event(name=OTHER, input={"run": OTHER})
    other["execution"] = other["execution"].replace(RUN, OTHER)
    assert function.handler(other, LambdaContext())["run"] == OTHER
