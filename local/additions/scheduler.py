"""EventBridge Scheduler: groups and schedules come from templates.

No time passes here: a schedule is run on request, by `EmbeddedAws.run_schedule`.
"""

from dataclasses import dataclass
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from local.additions.cloudformation import Created, Properties, Where, supply


@dataclass(frozen=True, slots=True)
class Target:
    """What a schedule calls, with which input, in which role; and the ARN of its group."""

    arn: str
    role_arn: str
    input: str
    group_arn: str


def install() -> None:
    """Add the resource types."""
    supply("AWS::Scheduler::ScheduleGroup", _group, attributes=("Arn",))
    supply("AWS::Scheduler::Schedule", _schedule, attributes=("Arn",))


def target_of(name: str, *, account: str, region: str) -> Target:
    """Return what a schedule calls, in whichever group it is.

    Raises
    ------
    LookupError
        There is no such schedule, or it is disabled.
    """
    for group in _schedulers(account, region).schedule_groups.values():
        schedule = group.schedules.get(name)
        if schedule is not None and schedule.state == "ENABLED":
            target: dict[str, Any] = schedule.target
            return Target(
                arn=target["Arn"],
                role_arn=target["RoleArn"],
                input=target.get("Input", "{}"),
                group_arn=group.arn,
            )
    message = f"there is no enabled schedule {name!r}"
    raise LookupError(message)


def _schedulers(account: str, region: str) -> EventBridgeSchedulerBackend:
    found: EventBridgeSchedulerBackend = scheduler_backends[account][region]
    return found


def _group(properties: Properties, where: Where) -> Created:
    name = properties["Name"]
    group = _schedulers(where.account, where.region).create_schedule_group(
        name=name, tags=list(properties.get("Tags", []))
    )
    return Created(name, {"Arn": group.arn})


def _schedule(properties: Properties, where: Where) -> Created:
    target = dict(properties["Target"])
    retries = target.get("RetryPolicy")
    if retries is not None:
        target["RetryPolicy"] = {name: int(value) for name, value in retries.items()}
    window = dict(properties["FlexibleTimeWindow"])
    if "MaximumWindowInMinutes" in window:
        window["MaximumWindowInMinutes"] = int(window["MaximumWindowInMinutes"])
    # moto's annotations know of no parameter that may be absent; its code does.
    optional: dict[str, Any] = {
        "description": properties.get("Description"),
        "end_date": properties.get("EndDate"),
        "kms_key_arn": properties.get("KmsKeyArn"),
        "schedule_expression_timezone": properties.get("ScheduleExpressionTimezone"),
        "start_date": properties.get("StartDate"),
        "state": properties.get("State"),
    }
    schedule = _schedulers(where.account, where.region).create_schedule(
        flexible_time_window=window,
        group_name=properties.get("GroupName", "default"),
        name=properties["Name"],
        schedule_expression=properties["ScheduleExpression"],
        target=target,
        action_after_completion=None,
        **optional,
    )
    return Created(properties["Name"], {"Arn": schedule.arn})
