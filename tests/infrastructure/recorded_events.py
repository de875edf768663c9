"""Records of CloudTrail, and which alarms of a synthesized assembly they set off.

`events/<alarm>.json` holds records in CloudTrail's shape, made up after the shapes in AWS's documentation:
what must alarm, and near misses that must not. `${...}` stands for a name or an ARN of the deployment.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.event_pattern import matches as matches_event
from local.filter_pattern import matches as matches_filter
from stacks.audit_catalogue import ALARMS
from stacks.audit_filters import metric_name
from stacks.stack_names import deployment_name
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly

EVENTS = Path(__file__).parent / "events"
PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")
OF_METRIC = {metric_name(alarm): alarm for alarm in ALARMS}
SEES_ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True, slots=True)
class Case:
    """A record, as text with placeholders."""

    about: str
    says: str
    alarms: frozenset[str]
    record: str

    def __str__(self) -> str:
        return f"{self.about}: {self.says}"


def cases() -> list[Case]:
    return [
        Case(
            about=file.stem,
            says=case["case"],
            alarms=frozenset(case["alarms"]),
            record=json.dumps(case["record"]),
        )
        for file in sorted(EVENTS.glob("*.json"))
        for case in json.loads(file.read_text())
    ]


def record_of(case: Case, *, assembly: Assembly) -> dict[str, Any]:
    """The record as it would be written in this deployment."""
    values = names(assembly)
    found: dict[str, Any] = json.loads(PLACEHOLDER.sub(lambda match: values[match[1]], case.record))
    return found


def names(assembly: Assembly) -> dict[str, str]:
    keys = {name: assembly.key(name)["Arn"] for name in ("envelope", "storage", "audit")}
    (trail,) = assembly.resources("AWS::CloudTrail::Trail").values()
    (api,) = assembly.resources("AWS::ApiGateway::RestApi")
    (access_logs,) = [name for name in assembly.resources("AWS::S3::Bucket") if "AccessLogs" in name]
    return {
        "account": ACCOUNT,
        "region": REGION,
        "stacks": deployment_name(assembly.environment),
        "prefix": assembly.prefix,
        **{duty.replace("-", "_"): assembly.worker(duty) for duty in ("writer", "reader", "tenant-admin")},
        "trail": trail["Properties"]["TrailName"],
        "archive": trail["Properties"]["S3BucketName"],
        "access_logs": f"<{access_logs}>",
        "objects": f"{assembly.prefix}-objects-{ACCOUNT}",
        "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{assembly.prefix}-alarms",
        "api": f"<{api}>",
        **{f"{name}_key": arn for name, arn in keys.items()},
        **{f"{name}_key_id": arn.rpartition("/")[2] for name, arn in keys.items()},
    }


def event_of(record: dict[str, Any]) -> dict[str, Any]:
    """The record as EventBridge hands it on."""
    service = record["eventSource"].removesuffix(".amazonaws.com")
    kind = "Service Event" if record["eventType"] == "AwsServiceEvent" else "API Call"
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": f"AWS {kind} via CloudTrail",
        "source": f"aws.{service}",
        "account": ACCOUNT,
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def rules(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The rules by their names without the prefix."""
    return {
        rule["Properties"]["Name"].removeprefix(f"{assembly.prefix}-"): rule["Properties"]
        for rule in assembly.resources("AWS::Events::Rule").values()
    }


def filters(assembly: Assembly) -> list[dict[str, Any]]:
    return [found["Properties"] for found in assembly.resources("AWS::Logs::MetricFilter").values()]


def is_seen(rule: dict[str, Any], record: dict[str, Any]) -> bool:
    """Ordinary rules see no reading management events."""
    return rule["State"] == SEES_ALL or (rule["State"] == "ENABLED" and not record["readOnly"])


def rules_set_off(assembly: Assembly, record: dict[str, Any]) -> set[str]:
    return {
        name
        for name, rule in rules(assembly).items()
        if is_seen(rule, record) and matches_event(rule["EventPattern"], event_of(record))
    }


def counted(assembly: Assembly, message: object, *, log_group: str) -> set[str]:
    """What the metric filters of a log group count of a log event, by alarm."""
    return {
        OF_METRIC[found["MetricTransformations"][0]["MetricName"]]
        for found in filters(assembly)
        if found["LogGroupName"] == log_group and matches_filter(found["FilterPattern"], json.dumps(message))
    }
