"""EventBridge: rules match as its user guide says, reach SNS topics, and obey their state.

- Patterns are matched by ``local.event_pattern``; one that EventBridge would not take is refused.
- A disabled rule does nothing. Events of CloudTrail about management calls that only read reach a rule only
  in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.
- Topics, queues and log groups receive what a rule's target asks for; other targets are moto's.
- ``PutEvents`` refuses sources that begin with ``aws.``, as in AWS; ``put_event`` takes what AWS would send.
"""

import copy
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern, EventsBackend, Rule, events_backends
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from local import event_pattern
from local.additions.cloudformation import Properties, Where
from local.additions.stack_updates import changeable
from local.event_input import target_input

Event = Mapping[str, Any]

_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_LOGGER = logging.getLogger("local.events")


def install() -> None:
    """Change moto's EventBridge."""
    changeable("AWS::Events::Rule", "EventPattern", apply=_change_pattern)
    _match_as_eventbridge_does()
    _send_to_topics()
    _refuse_sources_of_aws()


def put_event(event: Event, *, account: str, region: str) -> None:
    """Put an event on the default bus as a service of AWS does: whole, and with any source."""
    regions = events_backends[account]
    if region not in regions:
        # A caller can sign for a Region that does not exist, where no bus is.
        return
    for rule in list(regions[region].event_buses["default"].rules.values()):
        rule.send_to_targets(dict(event))  # type: ignore[arg-type]


def _match_as_eventbridge_does() -> None:
    def matches_event(self: EventPattern, event: Event) -> bool:
        pattern = self.get_pattern()
        return not pattern or event_pattern.matches(pattern, event)

    def load(raw_pattern: str | None) -> EventPattern:
        loaded = original(raw_pattern)
        if raw_pattern:
            try:
                event_pattern.check(loaded.get_pattern())
            except event_pattern.EventPatternError as error:
                raise InvalidEventPatternException(reason=str(error)) from error
        return loaded

    original = EventPattern.load
    EventPattern.matches_event = matches_event  # type: ignore[method-assign]
    EventPattern.load = staticmethod(load)  # type: ignore[method-assign]


def _change_pattern(rule: Rule, properties: Properties, _where: Where) -> None:
    rule.event_pattern = EventPattern.load(json.dumps(properties["EventPattern"]))


def _send_to_topics() -> None:
    original: Callable[..., None] = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002
        event = _as_sent(original_event)
        if not _listens(self, event) or not self.event_pattern.matches_event(event):  # type: ignore[arg-type]
            return
        for target in list(self.targets):
            service = target["Arn"].split(":")[2]
            if service in _SEND:
                _send(target, target_input(target, event, rule=self.arn), event)
            else:
                alone = copy.copy(self)
                alone.targets = [target]
                original(alone, original_event, transform_input)

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]


def _as_sent(event: Event) -> dict[str, Any]:
    """Write an event of moto's as EventBridge sends it: the time is text, and nothing of moto's is in it."""
    sent = {name: value for name, value in event.items() if name not in ("ingestion-time", "archive-arn")}
    if isinstance(sent.get("time"), (int, float)):
        sent["time"] = datetime.fromtimestamp(sent["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return sent


def _listens(rule: Rule, event: Event) -> bool:
    if not rule.state.startswith("ENABLED"):
        return False
    detail = event.get("detail")
    if not isinstance(detail, dict) or not str(event.get("detail-type", "")).endswith("via CloudTrail"):
        return True
    only_reads = detail.get("readOnly") is True and detail.get("managementEvent") is not False
    return rule.state == _WITH_READS or not only_reads


def _send(target: Event, message: str, event: Event) -> None:
    """Send to a target; what has none goes to the target's queue of undelivered events."""
    if _SEND[target["Arn"].split(":")[2]](target, message):
        return
    undelivered = target.get("DeadLetterConfig", {}).get("Arn")
    if undelivered is None or not _send_to_queue({"Arn": undelivered}, json.dumps(event)):
        _LOGGER.warning("an event was lost: there is no %s", target["Arn"])


def _send_to_topic(target: Event, message: str) -> bool:
    arn = target["Arn"]
    topic = sns_backends[arn.split(":")[4]][arn.split(":")[3]].topics.get(arn)
    if topic is not None:
        topic.publish(message)
    return topic is not None


def _send_to_queue(target: Event, message: str) -> bool:
    _, _, _, region, account, name = target["Arn"].split(":")
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    with suppress(QueueDoesNotExist):
        sqs_backends[account][region].send_message(name, message, group_id=group)
        return True
    return False


def _send_to_log_group(target: Event, message: str) -> bool:
    region, account = target["Arn"].split(":")[3:5]
    group = target["Arn"].split(":log-group:")[1].removesuffix(":*")
    backend, stream = logs_backends[account][region], str(uuid.uuid4())
    written = {"timestamp": int(time.time() * 1000), "message": message}
    with suppress(ResourceNotFoundException):
        backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, [written])
        return True
    return False


_SEND: Mapping[str, Callable[[Event, str], bool]] = {
    "sns": _send_to_topic,
    "sqs": _send_to_queue,
    "logs": _send_to_log_group,
}


def _refuse_sources_of_aws() -> None:
    original = EventsBackend.put_events
    refusal = {"ErrorCode": "NotAuthorizedForSource", "ErrorMessage": "Not authorized for the source."}

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        taken = [event for event in events if not str(event.get("Source", "")).startswith("aws.")]
        answers = iter(original(self, taken))
        return [next(answers) if event in taken else dict(refusal) for event in events]

    EventsBackend.put_events = put_events  # type: ignore[method-assign]
