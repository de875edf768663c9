"""CloudWatch in the embedded AWS: log lines become metrics, and metrics put alarms into their states."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local import embedded_metrics
from local.embedded import EmbeddedAws
from local.subscriber import Subscriber, subscribe

NAMESPACE = "MetricsTest"


@pytest.fixture
def subscriber(aws: EmbeddedAws) -> Subscriber:
    return subscribe(aws, topic(aws))


def topic(aws: EmbeddedAws) -> str:
    return str(aws.client("sns").create_topic(Name="metrics-test")["TopicArn"])


@pytest.fixture
def alarm(aws: EmbeddedAws) -> Iterator[Any]:
    """Make the alarm on a metric of its own; return the metric's name."""
    cloudwatch, metric = aws.client("cloudwatch"), f"Count-{uuid4()}"

    def put(**changed: Any) -> str:
        description = {
            "AlarmName": "metrics-test",
            "Namespace": NAMESPACE,
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 3.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [topic(aws)],
        }
        cloudwatch.put_metric_alarm(**(description | changed))
        return metric

    yield put
    cloudwatch.delete_alarms(AlarmNames=["metrics-test"])


def state(aws: EmbeddedAws) -> str:
    described = aws.client("cloudwatch").describe_alarms(AlarmNames=["metrics-test"])["MetricAlarms"]
    return str(described[0]["StateValue"])


def put(aws: EmbeddedAws, metric: str, value: float, **datum: Any) -> None:
    data = [{"MetricName": metric, "Value": value, **datum}]
    aws.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


def write(aws: EmbeddedAws, group: str, *lines: object) -> None:
    logs, stream = aws.client("logs"), str(uuid4())
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    messages = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def total(aws: EmbeddedAws, namespace: str, metric: str, **dimensions: str) -> float:
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_an_alarm_rings_once_and_tells_its_topic(
    aws: EmbeddedAws, alarm: Any, subscriber: Subscriber
) -> None:
    metric = alarm()
    assert state(aws) == "INSUFFICIENT_DATA"
    at = datetime.now(UTC)
    put(aws, metric, 2, Timestamp=at)
    assert state(aws) == "OK"
    assert subscriber.notifications() == []
    put(aws, metric, 1, Timestamp=at)
    put(aws, metric, 1, Timestamp=at)
    assert state(aws) == "ALARM"
    [notification] = subscriber.notifications()
    message = json.loads(notification["Message"])
    assert notification["Subject"] == 'ALARM: "metrics-test" in eu-central-1'
    assert (message["AlarmName"], message["NewStateValue"]) == ("metrics-test", "ALARM")
    assert message["OldStateValue"] == "OK"
    # Ten minutes later nothing has happened any more.
    aws.evaluate_alarms(at=at + timedelta(minutes=10))
    assert state(aws) == "OK"


def test_other_dimensions_are_another_metric(aws: EmbeddedAws, alarm: Any) -> None:
    metric = alarm(Dimensions=[{"Name": "operation", "Value": "get"}])
    put(aws, metric, 9)
    put(aws, metric, 9, Dimensions=[{"Name": "operation", "Value": "put"}])
    assert state(aws) in ("INSUFFICIENT_DATA", "OK")
    put(aws, metric, 9, Dimensions=[{"Name": "operation", "Value": "get"}])
    assert state(aws) == "ALARM"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
    ],
)
def test_missing_data_counts_as_the_alarm_says(
    aws: EmbeddedAws, alarm: Any, missing: str, expected: str
) -> None:
    alarm(TreatMissingData=missing)
    aws.evaluate_alarms()
    assert state(aws) == expected


def test_so_many_of_the_last_periods_must_be_over_the_threshold(aws: EmbeddedAws, alarm: Any) -> None:
    metric = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    now = datetime.now(UTC)
    put(aws, metric, 9, Timestamp=now)
    assert state(aws) == "OK"
    put(aws, metric, 9, Timestamp=now - timedelta(minutes=2))
    assert state(aws) == "ALARM"


@pytest.mark.parametrize(
    "changed",
    [
        {"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"},
        {"Statistic": "p99"},
        {"MetricName": None, "Metrics": [{"Id": "e", "Expression": "m / 2", "ReturnData": True}]},
    ],
)
def test_an_alarm_that_cannot_be_evaluated_here_is_refused(
    aws: EmbeddedAws, alarm: Any, changed: dict[str, Any]
) -> None:
    description = {
        "AlarmName": "refused",
        "Namespace": NAMESPACE,
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    } | changed
    if changed.get("Metrics"):
        for name in ("Namespace", "MetricName", "Statistic", "Period"):
            del description[name]
    with pytest.raises(ClientError, match="evaluated here"):
        aws.client("cloudwatch").put_metric_alarm(**description)
    assert aws.client("cloudwatch").describe_alarms(AlarmNames=["refused"])["MetricAlarms"] == []


def test_a_state_that_an_operator_sets_runs_the_actions(
    aws: EmbeddedAws, alarm: Any, subscriber: Subscriber
) -> None:
    alarm()
    aws.client("cloudwatch").set_alarm_state(
        AlarmName="metrics-test", StateValue="ALARM", StateReason="a drill"
    )
    assert [message["NewStateReason"] for message in subscriber.messages()] == ["a drill"]


def test_lines_that_match_a_filter_are_counted_and_alarm(
    aws: EmbeddedAws, alarm: Any, subscriber: Subscriber
) -> None:
    metric, logs = alarm(), aws.client("logs")
    logs.create_log_group(logGroupName="metrics-test")
    logs.put_metric_filter(
        logGroupName="metrics-test",
        filterName="denied",
        filterPattern='{ $.errorCode = "AccessDenied*" }',
        metricTransformations=[
            {"metricName": metric, "metricNamespace": NAMESPACE, "metricValue": "$.count"}
        ],
    )
    write(
        aws, "metrics-test", {"errorCode": "Throttled", "count": 7}, "no JSON", {"errorCode": "AccessDenied"}
    )
    assert total(aws, NAMESPACE, metric) == 0
    write(aws, "metrics-test", {"errorCode": "AccessDeniedException", "count": 3})
    assert total(aws, NAMESPACE, metric) == 3
    assert [message["NewStateValue"] for message in subscriber.messages()] == ["ALARM"]


def test_what_is_no_filter_pattern_is_refused(aws: EmbeddedAws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="metrics-test-refused")
    with pytest.raises(ClientError) as caught:
        logs.put_metric_filter(
            logGroupName="metrics-test-refused",
            filterName="f",
            filterPattern="{ $.errorCode EXISTS }",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def embedded(*, dimensions: list[list[str]], **root: Any) -> dict[str, Any]:
    metrics = [{"Name": "Requests", "Unit": "Count"}]
    directive = {"Namespace": "EmbeddedTest", "Dimensions": dimensions, "Metrics": metrics}
    return {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, **root}


def test_lines_in_the_embedded_metric_format_become_metrics(aws: EmbeddedAws) -> None:
    aws.client("logs").create_log_group(logGroupName="metrics-test-embedded")
    line = embedded(
        dimensions=[["service"], ["service", "operation"]], service="s", operation="get", Requests=2
    )
    write(aws, "metrics-test-embedded", line, {**line, "operation": "put", "Requests": [1, 1, 1]})
    assert total(aws, "EmbeddedTest", "Requests", service="s", operation="get") == 2
    assert total(aws, "EmbeddedTest", "Requests", service="s", operation="put") == 3


@pytest.mark.parametrize(
    "line",
    [
        "no JSON at all",
        '"CloudWatchMetrics"',
        json.dumps({"_aws": {"Timestamp": 1}}),
        json.dumps(embedded(dimensions=[["service"]], Requests=1)),
        json.dumps(embedded(dimensions=[[]])),
        json.dumps(embedded(dimensions=[[]], Requests="1")),
        json.dumps(embedded(dimensions=[[]], Requests=[1, "x"])),
    ],
)
def test_a_line_without_a_whole_metric_is_none(line: str) -> None:
    assert list(embedded_metrics.read(line)) == []
