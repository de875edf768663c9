"""State machines run here as Step Functions runs them: maps, loops, tries, thresholds, stops."""

import json
import time
from threading import enumerate as threads
from typing import Any
from uuid import uuid4

import pytest

from local.embedded import EmbeddedAws
from tests.local.actors import allow, document
from tests.local.stepfunctions_stack import Stack, deployed, log_group, until


def invocations(aws: EmbeddedAws) -> int:
    return sum(each.operation == "Invoke" for each in aws.requests("lambda"))


def threads_named(*names: str) -> list[str]:
    return [each.name for each in threads() if each.name.startswith(names)]


@pytest.fixture
def stack(aws: EmbeddedAws) -> Stack:
    # Functions of a test before may work on.
    until(lambda: not threads_named("execution-", "map-", "task-"))
    return deployed(aws)


def test_a_distributed_map_works_on_many_items_side_by_side(stack: Stack) -> None:
    execution, ended = stack.run(["sleep:0.2"] * 20, concurrency=10)
    assert ended["status"] == "SUCCEEDED"
    results = stack.results()
    assert sorted(results) == [f"results/{number:07d}/00001.json" for number in range(20)]
    spans = [(each["began"], each["ended"]) for each in results.values()]
    assert any(one < other < end for one, end in spans for other, _ in spans)
    counts = stack.map_run(execution)
    assert counts["status"] == "SUCCEEDED"
    assert counts["maxConcurrency"] == 10
    assert {name: counts["itemCounts"][name] for name in ("total", "succeeded", "pending", "running")} == {
        "total": 20,
        "succeeded": 20,
        "pending": 0,
        "running": 0,
    }


def test_what_is_in_the_context_reaches_the_function(stack: Stack) -> None:
    execution = stack.start([""], name=f"named-{int(time.time())}")
    stack.ended(execution)
    [planned] = [
        json.loads(event["taskSucceededEventDetails"]["output"])
        for event in stack.client.get_execution_history(executionArn=execution)["events"]
        if event["type"] == "TaskSucceeded"
    ]
    began = stack.client.describe_execution(executionArn=execution)["startDate"]
    assert planned["Payload"]["name"] == execution.rpartition(":")[2]
    assert planned["Payload"]["began"].endswith("Z")
    assert planned["Payload"]["began"].startswith(began.strftime("%Y-%m-%dT"))


def test_a_choice_leads_back_to_the_task(stack: Stack) -> None:
    _, ended = stack.run(["steps:5", "", "steps:3"])
    assert ended["status"] == "SUCCEEDED"
    steps = [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 1), (2, 1), (2, 2), (2, 3)]
    assert sorted(stack.results()) == [f"results/{segment:07d}/{step:05d}.json" for segment, step in steps]


def over_items(stack: Stack, child: dict[str, Any], *, count: int) -> dict[str, Any]:
    """Run a map of one state over so many items, one after the other."""
    described = stack.client.describe_state_machine(stateMachineArn=stack.machine)
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "One"}
    each = {**processor, "States": {"One": {"Type": "Pass", "End": True, **child}}}
    last = {"ResultPath": None, "End": True}
    segments = {"Type": "Map", "Label": "S", "MaxConcurrency": 1, "ItemProcessor": each, **last}
    machine = {"StartAt": "All", "States": {"All": {**segments, "ToleratedFailurePercentage": 5}}}
    name = f"{stack.name}-{uuid4().hex[:8]}"
    policy = f"arn:aws:states:*:*:stateMachine:{name}"
    stack.aws.client("iam").put_role_policy(
        RoleName=described["roleArn"].rpartition("/")[2],
        PolicyName=name,
        PolicyDocument=document(allow("states:StartExecution", resource=policy)),
    )
    made = stack.client.create_state_machine(
        name=name, definition=json.dumps(machine), roleArn=described["roleArn"]
    )["stateMachineArn"]
    items = json.dumps(list(range(count)))
    return stack.ended(stack.client.start_execution(stateMachineArn=made, input=items)["executionArn"])


def test_a_long_map_goes_no_deeper(stack: Stack) -> None:
    """Each child is one more of the same kind, not one more call within the last."""
    assert over_items(stack, {"Result": 0}, count=1500)["status"] == "SUCCEEDED"


def test_the_results_of_a_map_must_be_small_together_even_where_nobody_takes_them(stack: Stack) -> None:
    ended = over_items(stack, {"Result": "x" * 1000}, count=300)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_function_that_raises_is_tried_as_often_as_retry_says(aws: EmbeddedAws, stack: Stack) -> None:
    aws.hasten_waits(0.01)
    before = invocations(aws)
    execution, ended = stack.run(["fail", ""], tolerated=50)
    assert ended["status"] == "SUCCEEDED"
    assert invocations(aws) - before == 1 + 1 + 3
    counts = stack.map_run(execution)["itemCounts"]
    assert (counts["failed"], counts["succeeded"], counts["total"]) == (1, 1, 2)


def test_an_error_that_retry_does_not_name_is_not_tried_again(aws: EmbeddedAws, stack: Stack) -> None:
    before = invocations(aws)
    execution, _ = stack.run(["refuse"], tolerated=100)
    assert invocations(aws) - before == 2
    run = stack.map_run(execution)
    listed = stack.client.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    [child] = [stack.client.describe_execution(executionArn=each["executionArn"]) for each in listed]
    assert child["error"] == "SegmentRefused"
    assert json.loads(child["cause"])["errorMessage"] == "not this one"


@pytest.mark.parametrize(("failing", "status"), [(1, "SUCCEEDED"), (2, "SUCCEEDED"), (3, "FAILED")])
def test_a_map_fails_when_more_than_the_tolerated_part_fails(stack: Stack, failing: int, status: str) -> None:
    execution, ended = stack.run(["refuse"] * failing + [""] * (10 - failing), tolerated=20, concurrency=1)
    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
        assert ended["cause"] == "The specified tolerated failure threshold was exceeded"
        counts = stack.map_run(execution)["itemCounts"]
        assert (counts["failed"], counts["aborted"], counts["succeeded"]) == (3, 7, 0)


def test_without_tolerance_the_first_failure_ends_the_map_and_what_runs_in_it(stack: Stack) -> None:
    stack.run([""])
    began = time.monotonic()
    execution, ended = stack.run(["sleep:10", "refuse", "", ""], concurrency=2)
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    assert time.monotonic() - began < 8
    counts = stack.map_run(execution)
    assert counts["status"] == "FAILED"
    assert counts["itemCounts"]["aborted"] >= 1


def test_a_stop_is_at_once_and_nothing_more_begins(aws: EmbeddedAws, stack: Stack) -> None:
    before = invocations(aws)
    execution = stack.start(["sleep:1"] * 30, concurrency=4)
    until(lambda: stack.map_run(execution)["itemCounts"]["running"] == 4)
    stopped = stack.client.stop_execution(executionArn=execution, error="Enough", cause="a test")
    found = stack.client.describe_execution(executionArn=execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Enough", "a test")
    assert found["stopDate"] == stopped["stopDate"]
    until(lambda: not threads_named("map-", "execution-"))
    counts = stack.map_run(execution)
    assert counts["status"] == "ABORTED"
    assert counts["itemCounts"]["running"] == counts["itemCounts"]["pending"] == 0
    assert counts["itemCounts"]["aborted"] + counts["itemCounts"]["succeeded"] == 30
    # The functions that worked work on, as in AWS: the planning one is done, and there were four.
    until(lambda: not threads_named("task-"))
    assert invocations(aws) - before == 5
    assert stack.client.describe_execution(executionArn=execution)["status"] == "ABORTED"
    last = stack.client.get_execution_history(executionArn=execution, maxResults=1000)["events"][-1]
    assert last["type"] in ("ExecutionAborted", "TaskSucceeded")


def test_a_stop_cuts_the_wait_for_the_next_try_short(aws: EmbeddedAws, stack: Stack) -> None:
    aws.hasten_waits(100)
    execution = stack.start(["fail"])
    until(lambda: stack.map_run(execution)["itemCounts"]["running"] == 1 and not threads_named("task-"))
    stack.client.stop_execution(executionArn=execution)
    until(lambda: not threads_named("execution-", "map-", "task-"))
    assert stack.map_run(execution)["itemCounts"]["aborted"] == 1


@pytest.mark.parametrize(("do", "error"), [("die", "Runtime.ExitError"), ("sleep:30", "Sandbox.Timedout")])
def test_a_function_that_dies_or_takes_too_long_has_the_error_that_lambda_gives(
    stack: Stack, do: str, error: str
) -> None:
    if do != "die":
        stack.aws.client("lambda").update_function_configuration(FunctionName=stack.name, Timeout=1)
    execution, _ = stack.run([do], tolerated=100)
    stack.aws.client("lambda").update_function_configuration(FunctionName=stack.name, Timeout=20)
    run = stack.map_run(execution)
    [child] = stack.client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    found = stack.client.describe_execution(executionArn=child["executionArn"])
    assert found["error"] == error
    assert json.loads(found["cause"])["errorType"] == error


def test_a_process_that_is_killed_from_outside_fails_its_task(aws: EmbeddedAws, stack: Stack) -> None:
    execution = stack.start(["sleep:15"], tolerated=100)
    until(lambda: stack.map_run(execution)["itemCounts"]["running"] == 1)
    until(lambda: aws.kill_function(stack.name) == 1)
    stack.ended(execution)
    run = stack.map_run(execution)
    [child] = stack.client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    found = stack.client.describe_execution(executionArn=child["executionArn"])
    assert found["error"] == "Runtime.ExitError"
    assert "signal: killed" in found["cause"]


@pytest.mark.parametrize(("code", "status"), [("TooManyRequestsException", 429), ("ServiceException", 500)])
def test_an_error_of_lambdas_own_has_its_name(aws: EmbeddedAws, stack: Stack, code: str, status: int) -> None:
    aws.hasten_waits(0.01)
    aws.fail_next("lambda", "Invoke", code=code, skip=1)
    _, ended = stack.run([""])
    assert ended["status"] == "SUCCEEDED"
    statuses = [each.status for each in aws.requests("lambda") if each.operation == "Invoke"]
    assert statuses[-3:] == [200, status, 200]
    aws.fail_next("lambda", "Invoke", code=code, skip=1, times=3)
    execution, _ = stack.run([""], tolerated=100)
    run = stack.map_run(execution)
    [child] = stack.client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    history = stack.client.get_execution_history(executionArn=child["executionArn"])["events"]
    errors = [each["taskFailedEventDetails"]["error"] for each in history if each["type"] == "TaskFailed"]
    assert errors == [f"Lambda.{code}"] * 3


def test_a_name_is_taken_once(stack: Stack) -> None:
    name = f"once-{int(time.time() * 1000)}"
    stack.ended(stack.start([""], name=name))
    with pytest.raises(stack.client.exceptions.ExecutionAlreadyExists):
        stack.start([""], name=name)


def test_executions_are_listed_by_how_they_ended(stack: Stack) -> None:
    good, _ = stack.run([""])
    bad, _ = stack.run(["refuse"])
    running = stack.start(["sleep:5"])
    listed = {
        status: [
            each["executionArn"]
            for page in stack.client.get_paginator("list_executions").paginate(
                stateMachineArn=stack.machine, statusFilter=status
            )
            for each in page["executions"]
        ]
        for status in ("SUCCEEDED", "FAILED", "RUNNING", "ABORTED")
    }
    stack.client.stop_execution(executionArn=running)
    assert good in listed["SUCCEEDED"]
    assert bad in listed["FAILED"]
    assert listed["RUNNING"] == [running]


def test_a_manifest_that_is_not_there_fails_the_map(stack: Stack) -> None:
    given = {"bucket": stack.bucket, "manifest_key": "none.json", "concurrency": 1}
    given["tolerated_failure_percentage"] = 0
    started = stack.client.start_execution(stateMachineArn=stack.machine, input=json.dumps(given))
    ended = stack.ended(started["executionArn"])
    assert ended["error"] == "States.ItemReaderFailed"
    # As S3 says it to who may not list the bucket.
    assert "s3:ListBucket" in ended["cause"]


def test_what_an_execution_does_is_in_its_log(aws: EmbeddedAws, stack: Stack) -> None:
    execution, _ = stack.run([""])
    events = aws.client("logs").filter_log_events(logGroupName=log_group(stack.name))["events"]
    lines = [json.loads(event["message"]) for event in events]
    own = [line for line in lines if line["execution_arn"] == execution]
    assert [own[0]["type"], own[-1]["type"]] == ["ExecutionStarted", "ExecutionSucceeded"]
    assert any("/Segments:" in line["execution_arn"] for line in lines)
    for line in lines:
        assert not {"input", "output", "parameters"} & line.get("details", {}).keys()
