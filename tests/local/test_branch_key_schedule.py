"""The schedule of the deployed stacks rotates what has come of age, and what it cannot rotate rings."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.embedded import EmbeddedAws

DAYS = 365
_WITHIN_SECONDS = 5


@pytest.fixture
def schedule(aws: EmbeddedAws) -> str:
    [found] = aws.client("scheduler").list_schedules()["Schedules"]
    return str(found["Name"])


def test_it_calls_the_rotation_every_day_in_a_role_of_its_own(aws: EmbeddedAws, schedule: str) -> None:
    scheduler = aws.client("scheduler")
    [listed] = scheduler.list_schedules()["Schedules"]
    described = scheduler.get_schedule(Name=schedule, GroupName=listed["GroupName"])
    assert described["ScheduleExpression"] == "rate(1 day)"
    assert described["State"] == "ENABLED"
    function = aws.outputs["RotationFunctionName"]
    assert described["Target"]["Arn"].endswith(f":function:{function}")
    assert described["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 3
    iam, role = aws.client("iam"), described["Target"]["RoleArn"].rpartition("/")[2]
    [attached] = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
    policy = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
    [statement] = policy["PolicyVersion"]["Document"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (
        "lambda:InvokeFunction",
        described["Target"]["Arn"],
    )


def test_what_has_come_of_age_is_rotated_and_records_are_read_as_before(
    aws: EmbeddedAws, branch_keys: Any, schedule: str, aged: Callable[[str, int], None]
) -> None:
    aged("old", DAYS + 1)
    aged("young", DAYS - 1)

    run = aws.run_schedule(schedule)

    assert (run["rotated"], run["failures"], run["due"], run["complete"]) == (1, 0, 0, True)
    assert len(branch_keys.describe("old").body["versions"]) == 2
    assert len(branch_keys.describe("young").body["versions"]) == 1
    assert aws.run_schedule(schedule)["rotated"] == 0


def test_one_that_cannot_be_rotated_keeps_no_other_from_its_turn_and_rings(
    aws: EmbeddedAws, branch_keys: Any, schedule: str, aged: Callable[[str, int], None]
) -> None:
    alarm = aws.outputs["RecordsTableName"].removesuffix("-records") + "-branch-key-rotation-failed"
    # The edited one has its turn first.
    aged("edited", DAYS + 9)
    aged("whole", DAYS + 1)
    item = branch_keys.items("edited")["branch:ACTIVE"]
    edited = {**item, "create-time": {"S": "2020-01-01T00:00:00.000000Z"}}
    aws.client("dynamodb").put_item(TableName=aws.outputs["KeyStoreTableName"], Item=edited)

    run = aws.run_schedule(schedule)

    assert (run["rotated"], run["failures"], run["due"]) == (1, 1, 1)
    assert len(branch_keys.describe("whole").body["versions"]) == 2
    deadline, state = time.monotonic() + _WITHIN_SECONDS, ""
    while state != "ALARM" and time.monotonic() < deadline:
        time.sleep(0.02)
        described = aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm])
        state = described["MetricAlarms"][0]["StateValue"]
    assert state == "ALARM"
    aws.evaluate_alarms(at=datetime.now(UTC) + timedelta(hours=1))


def test_a_run_without_kms_changes_nothing_and_the_next_one_makes_good(
    aws: EmbeddedAws, branch_keys: Any, schedule: str, aged: Callable[[str, int], None]
) -> None:
    aged("waiting", DAYS + 1)
    before = branch_keys.items("waiting")
    aws.fail_next("kms", "ReEncrypt", code="AccessDeniedException")
    failed = aws.run_schedule(schedule)
    assert (failed["rotated"], failed["failures"], failed["due"]) == (0, 1, 1)
    assert branch_keys.items("waiting") == before
    assert aws.run_schedule(schedule)["rotated"] == 1
