"""Who may publish alarms and who may not, and what the operators' page shows."""

import json
import re
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly

TOPICS = {"alarms": "storage", "alarms-of-keys": "audit"}
"""The topics without their prefix, and the key that each lies under."""


def topic(assembly: Assembly, name: str) -> tuple[str, dict[str, Any]]:
    (found,) = [
        (logical_id, one["Properties"])
        for logical_id, one in assembly.resources("AWS::SNS::Topic").items()
        if one["Properties"]["TopicName"] == f"{assembly.prefix}-{name}"
    ]
    return found


def arn(assembly: Assembly, name: str) -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{assembly.prefix}-{name}"


def topic_policy(assembly: Assembly, name: str) -> dict[str, dict[str, Any]]:
    (found,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in assembly.resources("AWS::SNS::TopicPolicy").values()
        if one["Properties"]["Topics"] == [arn(assembly, name)]
    ]
    return {one["Sid"]: one for one in found}


@pytest.mark.parametrize("name", TOPICS)
def test_each_topic_lies_under_its_key(assembly: Assembly, name: str) -> None:
    _, found = topic(assembly, name)
    assert found["KmsMasterKeyId"] == assembly.key(TOPICS[name])["Arn"]


@pytest.mark.parametrize("name", TOPICS)
def test_only_our_alarms_and_rules_publish(assembly: Assembly, name: str) -> None:
    policy = topic_policy(assembly, name)
    allowed = {sid for sid, one in policy.items() if one["Effect"] == "Allow"}
    assert allowed == {"AlarmsMayPublish", "RulesMayPublish"}
    for sid in allowed:
        assert policy[sid]["Action"] == "sns:Publish"
        assert policy[sid]["Resource"] == arn(assembly, name)
    assert policy["AlarmsMayPublish"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert policy["AlarmsMayPublish"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{assembly.prefix}-*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert policy["RulesMayPublish"]["Principal"] == {"Service": "events.amazonaws.com"}


@pytest.mark.parametrize("name", TOPICS)
def test_a_rule_that_is_not_ours_is_denied_where_eventbridge_names_it(assembly: Assembly, name: str) -> None:
    """A condition on the permission itself would lose every alarm: EventBridge need not fill it in."""
    policy = topic_policy(assembly, name)
    assert "Condition" not in policy["RulesMayPublish"]
    denied = policy["NoOtherRuleMayPublish"]
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] == {"Service": "events.amazonaws.com"}
    assert denied["Action"] == "sns:Publish"
    assert denied["Condition"] == {
        "Null": {"aws:SourceArn": "false"},
        "ArnNotLike": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{assembly.prefix}-*"},
    }


@pytest.mark.parametrize("name", TOPICS)
def test_nobody_publishes_without_tls(assembly: Assembly, name: str) -> None:
    (denied,) = [
        one
        for one in topic_policy(assembly, name).values()
        if one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] == "*"
    assert denied["Action"] == "sns:Publish"


def test_what_is_not_delivered_is_kept_for_two_weeks_and_not_under_the_topics_key(
    assembly: Assembly,
) -> None:
    (queue,) = assembly.resources("AWS::SQS::Queue").values()
    assert queue["Properties"]["SqsManagedSseEnabled"] is True
    assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 86400
    (policy,) = assembly.resources("AWS::SQS::QueuePolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (left,) = [one for one in statements if one["Effect"] == "Allow"]
    assert left["Principal"] == {"Service": "events.amazonaws.com"}
    assert left["Action"] == "sqs:SendMessage"
    assert left["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{assembly.prefix}-*"}
    }
    (denied,) = [one for one in statements if one["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_operators_page_shows_what_the_functions_measure(assembly: Assembly) -> None:
    (found,) = assembly.resources("AWS::CloudWatch::Dashboard").values()
    assert found["Properties"]["DashboardName"] == f"{assembly.prefix}-operations"
    body = json.loads(found["Properties"]["DashboardBody"])
    assert len(body["widgets"]) == 8
    text = json.dumps(body)
    searched = set(re.findall(r'MetricName=\\*"(\w+)\\*"', text))
    assert searched == {"Requests", "Latency", "KmsCalls"}
    for metric in ("5XXError", "4XXError", "Throttles", "Errors", "IntegrityFailure", "KmsThrottled"):
        assert f'"{metric}"' in text
