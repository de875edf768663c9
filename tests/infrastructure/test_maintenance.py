"""What happens by itself: one function, started every day, by a role that can do nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly, Resource


@pytest.fixture
def maintained(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", branch_key_rotation_days=90)


def only(assembly: Assembly, kind: str) -> dict[str, Any]:
    [found] = assembly.resources(kind).values()
    return dict(found["Properties"])


def rotation(assembly: Assembly) -> Resource:
    [found] = [
        function
        for function in assembly.resources("AWS::Lambda::Function").values()
        if function["Properties"]["FunctionName"] == f"{assembly.prefix}-rotation"
    ]
    return found


def test_it_runs_every_day_and_is_tried_again(maintained: Assembly) -> None:
    schedule = only(maintained, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["State"] == "ENABLED"
    [group] = maintained.resources("AWS::Scheduler::ScheduleGroup")
    assert schedule["GroupName"] == f"<{group}>"
    assert schedule["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 6 * 3600,
        "MaximumRetryAttempts": 3,
    }
    assert schedule["Target"]["Arn"].endswith(f":function:{maintained.prefix}-rotation")


def test_its_role_starts_this_function_and_may_nothing_else(maintained: Assembly) -> None:
    [statement] = maintained.identity_statements("scheduler")
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == only(maintained, "AWS::Scheduler::Schedule")["Target"]["Arn"]
    assert "*" not in statement["Resource"]


def test_only_the_scheduler_takes_the_role_and_for_this_group_alone(maintained: Assembly) -> None:
    name = only(maintained, "AWS::Scheduler::ScheduleGroup")["Name"]
    [role] = [
        found["Properties"]
        for found in maintained.resources("AWS::IAM::Role").values()
        if found["Properties"].get("RoleName") == f"{maintained.prefix}-scheduler"
    ]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}}


def test_one_run_at_a_time_with_time_for_it(maintained: Assembly) -> None:
    function = rotation(maintained)["Properties"]
    assert function["ReservedConcurrentExecutions"] == 1
    assert function["Timeout"] == 300
    assert function["Environment"]["Variables"]["BRANCH_KEY_ROTATION_DAYS"] == "90"
    assert function["Role"].endswith(f":role/{maintained.prefix}-tenant-admin")


def test_without_the_setting_there_is_nothing_of_it(changed: Callable[..., Assembly]) -> None:
    without = changed("prod", branch_key_rotation_days=None)
    assert not without.resources("AWS::Scheduler::Schedule")
    assert "rotation" not in without.functions
    names = [f["Properties"].get("FunctionName") for f in without.resources("AWS::Lambda::Function").values()]
    assert f"{without.prefix}-rotation" not in names
