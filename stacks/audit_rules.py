"""The rules of EventBridge: each sends the event and the way to its runbook to the topic.

What must stay true: the message says what it means even if the event lacks a field that one expects, so the
event goes along whole; a rule that cannot publish leaves it in the queue.
"""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import audit_patterns, names
from stacks.audit_catalogue import ALARMS, description, physical_name, runbook
from stacks.audit_topic import AlarmTopic
from stacks.audit_watched import Watched
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION

# EventBridge puts the whole event in its place.
WHOLE_EVENT = "<aws.events.event.json>"
FEEDS_THE_LOG_GROUP = "management-events"


class AlarmRules(Construct):
    """A rule per kind of call."""

    def __init__(self, scope: Construct, construct_id: str, *, watched: Watched, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        patterns = audit_patterns.patterns(watched)
        if watched.settings.trail == "organization":
            patterns["iam-changed"] = audit_patterns.iam_changed(watched)
            _warn_of_iam(self, watched.settings)
        for alarm, pattern in patterns.items():
            events.CfnRule(
                self,
                "".join(part.capitalize() for part in alarm.split("-")),
                name=physical_name(watched.settings, alarm),
                description=description(alarm),
                event_pattern=pattern,
                state="ENABLED",
                targets=[
                    _target(way, sent_to=way_topic, alarm=alarm, settings=watched.settings, topic=topic)
                    for way, way_topic in _ways(alarm, topic=topic)
                ],
            )


def _ways(alarm: str, *, topic: AlarmTopic) -> list[tuple[str, sns.Topic]]:
    """Send what happens to keys by both topics: one of them may lie under the key that was disabled."""
    ways = [("topic", topic.topic)]
    return [*ways, ("topic-of-keys", topic.key_topic)] if alarm == "key-changed" else ways


def _target(
    way: str, *, sent_to: sns.Topic, alarm: str, settings: Settings, topic: AlarmTopic
) -> events.CfnRule.TargetProperty:
    return events.CfnRule.TargetProperty(
        id=way,
        arn=sent_to.topic_arn,
        input_transformer=events.CfnRule.InputTransformerProperty(input_template=message(settings, alarm)),
        retry_policy=events.CfnRule.RetryPolicyProperty(
            maximum_event_age_in_seconds=cdk.Duration.days(1).to_seconds(), maximum_retry_attempts=185
        ),
        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=topic.undelivered.queue_arn),
    )


def message(settings: Settings, alarm: str) -> str:
    """Give the template of what subscribers read."""
    text = {
        "alarm": physical_name(settings, alarm),
        "meaning": ALARMS[alarm],
        "runbook": runbook(alarm),
        "event": WHOLE_EVENT,
    }
    return json.dumps(text).replace(json.dumps(WHOLE_EVENT), WHOLE_EVENT)


def _warn_of_iam(scope: Construct, settings: Settings) -> None:
    """Say that EventBridge has IAM's events in us-east-1 only."""
    if settings.region != "us-east-1":
        cdk.Annotations.of(scope).add_warning_v2(
            "sealed-records:iam-events-elsewhere",
            f"cdk.json: environments.{settings.environment}.trail is 'organization', and EventBridge shows "
            "IAM's events in us-east-1 only: the alarm iam-changed is silent until a rule in us-east-1 for "
            "the source aws.iam has the default event bus of this Region as its target.",
        )


class ManagementEvents(Construct):
    """The log group that EventBridge fills where another trail records management events.

    Attributes: `log_group`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, audit_key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=names.management_events_log_group(settings),
            encryption_key=audit_key,
            retention=LOG_RETENTION[settings.log_retention_days],
            removal_policy=settings.removal_policy,
        )

    def feed(self, watched: Watched) -> None:
        """Send the log group what alarms count, reading events too."""
        name = physical_name(self._settings, FEEDS_THE_LOG_GROUP)
        group = f"log-group:{names.management_events_log_group(self._settings)}"
        policy = logs.CfnResourcePolicy(
            self,
            "MayWrite",
            policy_name=name,
            policy_document=cdk.Stack.of(self).to_json_string(
                {
                    "Statement": _may_write(
                        rule=watched.arn("events", f"rule/{name}"),
                        streams=[watched.arn("logs", f"{group}:*")],
                    ),
                    "Version": "2012-10-17",
                }
            ),
        )
        rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            description=(
                "What alarms count: errors of KMS, and uses of the envelope key by others than the functions."
            ),
            event_pattern=audit_patterns.management_events(watched),
            # Decrypt is a reading event, which rules in state ENABLED do not see.
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            targets=[
                events.CfnRule.TargetProperty(
                    id="log-group",
                    # Without the `:*` that other services want at the end.
                    arn=watched.arn("logs", group),
                )
            ],
        )
        rule.add_resource_dependency(policy)


def _may_write(*, rule: str, streams: Sequence[str]) -> list[object]:
    """Let EventBridge write to log streams, as its guide has it: making a stream comes without a source."""
    services = {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    return [
        {
            "Sid": "EventsMayMakeStreams",
            "Effect": "Allow",
            "Principal": services,
            "Action": "logs:CreateLogStream",
            "Resource": list(streams),
        },
        {
            "Sid": "EventsMayWrite",
            "Effect": "Allow",
            "Principal": services,
            "Action": "logs:PutLogEvents",
            "Resource": list(streams),
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        },
    ]
