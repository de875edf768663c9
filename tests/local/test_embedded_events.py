"""EventBridge in the embedded AWS: events reach the topics, queues and log groups that rules name."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.event_input import EventInputError, target_input
from local.subscriber import Subscriber, subscribe

RULE = "events-test"
CALL = {
    "version": "0",
    "id": "11111111-2222-3333-4444-555555555555",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.kms",
    "account": "123456789012",
    "time": "2026-01-02T03:04:05Z",
    "region": "eu-central-1",
    "resources": [],
    "detail": {
        "eventName": "DisableKey",
        "eventSource": "kms.amazonaws.com",
        "readOnly": False,
        "managementEvent": True,
        "resources": [{"ARN": "key-1"}, {"ARN": "key-2"}],
    },
}


@pytest.fixture
def topic(aws: EmbeddedAws) -> str:
    return str(aws.client("sns").create_topic(Name="events-test")["TopicArn"])


@pytest.fixture
def subscriber(aws: EmbeddedAws, topic: str) -> Subscriber:
    return subscribe(aws, topic)


@pytest.fixture
def rule(aws: EmbeddedAws, topic: str) -> Iterator[Any]:
    """Make the rule; other targets and another state can be given."""
    events = aws.client("events")

    def put(pattern: dict[str, Any], *, state: str = "ENABLED", **target: Any) -> None:
        events.put_rule(Name=RULE, EventPattern=json.dumps(pattern), State=state)
        events.put_targets(Rule=RULE, Targets=[{"Id": "target", "Arn": topic, **target}])

    yield put
    events.remove_targets(Rule=RULE, Ids=["target"])
    events.delete_rule(Name=RULE)


def test_an_event_that_matches_reaches_the_topics_subscriber_whole(
    aws: EmbeddedAws, rule: Any, subscriber: Subscriber
) -> None:
    rule({"source": ["aws.kms"], "detail": {"resources": {"ARN": ["key-2"]}}})
    aws.put_event(CALL)
    aws.put_event({**CALL, "source": "aws.s3"})
    aws.put_event({**CALL, "detail": {**CALL["detail"], "resources": [{"ARN": "key-3"}]}})  # type: ignore[dict-item]
    assert subscriber.messages() == [CALL]


def test_an_application_puts_events_of_its_own_only(
    aws: EmbeddedAws, rule: Any, subscriber: Subscriber
) -> None:
    rule({"detail-type": ["made"]})
    entries = [
        {"Source": source, "DetailType": "made", "Detail": json.dumps({"by": source})}
        for source in ("aws.kms", "shop")
    ]
    answer = aws.client("events").put_events(Entries=entries)
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["NotAuthorizedForSource", None]
    [message] = subscriber.messages()
    assert message["detail"] == {"by": "shop"}
    assert message["account"] == "123456789012"
    assert message["time"].endswith("Z")


def test_a_disabled_rule_does_nothing(aws: EmbeddedAws, rule: Any, subscriber: Subscriber) -> None:
    rule({"source": ["aws.kms"]}, state="DISABLED")
    aws.put_event(CALL)
    assert subscriber.messages() == []


@pytest.mark.parametrize(
    ("state", "times"), [("ENABLED", 0), ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", 1)]
)
def test_management_calls_that_only_read_reach_rules_that_ask_for_them(
    aws: EmbeddedAws, rule: Any, subscriber: Subscriber, state: str, times: int
) -> None:
    rule({"source": ["aws.kms"]}, state=state)
    detail: Any = CALL["detail"]
    aws.put_event({**CALL, "detail": {**detail, "eventName": "Decrypt", "readOnly": True}})
    assert len(subscriber.messages()) == times


def test_a_target_receives_what_its_template_makes_of_the_event(
    aws: EmbeddedAws, rule: Any, subscriber: Subscriber
) -> None:
    template = (
        '{"what": "<name> of <absent>.", "which": <resources>, "rule": "<aws.events.rule-name>", '
        '"event": <aws.events.event.json>}'
    )
    paths = {"name": "$.detail.eventName", "resources": "$.detail.resources", "absent": "$.detail.absent"}
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    rule({"source": ["aws.kms"]}, InputTransformer=transformer)
    aws.put_event(CALL)
    [message] = subscriber.messages()
    assert message == {
        "what": "DisableKey of .",
        "which": [{"ARN": "key-1"}, {"ARN": "key-2"}],
        "rule": RULE,
        "event": CALL,
    }


def test_a_template_that_makes_no_json_is_an_error() -> None:
    target = {"InputTransformer": {"InputTemplate": '{"event": "<aws.events.event.json>"}'}}
    with pytest.raises(EventInputError):
        target_input(target, CALL, rule="arn:aws:events:eu-central-1:123456789012:rule/r")


def test_a_target_receives_a_part_or_a_constant() -> None:
    assert target_input({"InputPath": "$.detail.eventName"}, CALL, rule="r") == '"DisableKey"'
    assert target_input({"InputPath": "$"}, CALL, rule="r") == json.dumps(CALL)
    assert target_input({"Input": '{"a": 1}'}, CALL, rule="r") == '{"a": 1}'


def test_what_the_topic_cannot_take_waits_in_the_queue_of_undelivered_events(
    aws: EmbeddedAws, rule: Any
) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="undelivered-test")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    absent = "arn:aws:sns:eu-central-1:123456789012:absent"
    rule({"source": ["aws.kms"]}, Arn=absent, DeadLetterConfig={"Arn": arn})
    aws.put_event(CALL)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == CALL


def test_a_log_group_receives_events(aws: EmbeddedAws, rule: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/events/events-test")
    group = f"arn:aws:logs:{aws.region}:123456789012:log-group:/aws/events/events-test"
    rule({"source": ["aws.kms"]}, Arn=group)
    aws.put_event(CALL)
    [event] = logs.filter_log_events(logGroupName="/aws/events/events-test")["events"]
    assert json.loads(event["message"]) == CALL


def test_what_is_no_pattern_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client("events").put_rule(Name="refused", EventPattern='{"source": [{"begins": "aws"}]}')
    assert caught.value.response["Error"]["Code"] == "InvalidEventPatternException"
