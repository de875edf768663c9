"""CloudWatch: alarms come from templates, are evaluated, and run their actions on topics.

An alarm is evaluated whenever its metric receives a value, as of the newest one, and by ``evaluate``:
``local.alarm_state`` says how. One that cannot be evaluated here is refused when it is made; what is known
are alarms on one metric.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import (
    Alarm,
    CloudWatchBackend,
    Dimension,
    MetricDatum,
    cloudwatch_backends,
)
from moto.sns.models import sns_backends

from local.additions.cloudformation import Created, Properties, Where, supply, truth
from local.alarm_state import AlarmError, State, Watched
from local.alarm_state import evaluate as evaluate_alarm

_ONE_AT_A_TIME = RLock()
_MOST_SUBJECT = 100
_LOGGER = logging.getLogger("local.alarms")


def install() -> None:
    """Add the resource type, and evaluate alarms."""
    supply("AWS::CloudWatch::Alarm", _alarm, attributes=("Arn",))
    _refuse_what_cannot_be_evaluated()
    _evaluate_when_data_is_put()
    _act_on_states_that_are_set()


def evaluate(*, account: str, region: str, at: datetime | None = None) -> None:
    """Look at every alarm as of a time in UTC, by default now."""
    backend = cloudwatch_backends[account][region]
    for alarm in list(backend.alarms.values()):
        _evaluate(backend, alarm, at=at or datetime.now(UTC))


def _alarm(properties: Properties, where: Where) -> Created:
    if "Metrics" in properties:
        message = f"The embedded AWS evaluates alarms on one metric: {where.logical_id} has an expression."
        raise ValidationError(message)
    name = properties.get("AlarmName") or f"{where.stack.rpartition('/')[2]}-{where.logical_id}"
    alarm = cloudwatch_backends[where.account][where.region].put_metric_alarm(
        name=name,
        namespace=properties.get("Namespace"),  # type: ignore[arg-type]
        metric_name=properties.get("MetricName"),  # type: ignore[arg-type]
        comparison_operator=properties["ComparisonOperator"],
        evaluation_periods=int(properties["EvaluationPeriods"]),
        datapoints_to_alarm=int(properties["DatapointsToAlarm"])
        if "DatapointsToAlarm" in properties
        else None,
        period=int(properties["Period"]) if "Period" in properties else None,  # type: ignore[arg-type]
        threshold=float(properties["Threshold"]) if "Threshold" in properties else None,  # type: ignore[arg-type]
        statistic=properties.get("Statistic"),  # type: ignore[arg-type]
        extended_statistic=properties.get("ExtendedStatistic"),
        description=properties.get("AlarmDescription"),  # type: ignore[arg-type]
        dimensions=list(properties.get("Dimensions", [])),
        alarm_actions=list(properties.get("AlarmActions", [])),
        ok_actions=list(properties.get("OKActions", [])),
        insufficient_data_actions=list(properties.get("InsufficientDataActions", [])),
        unit=properties.get("Unit"),
        actions_enabled=truth(properties.get("ActionsEnabled", True)),
        treat_missing_data=properties.get("TreatMissingData"),
        threshold_metric_id=properties.get("ThresholdMetricId"),
        tags=list(properties.get("Tags", [])),
    )
    return Created(name, {"Arn": alarm.alarm_arn})


def _watched(alarm: Alarm) -> Watched:
    """Read what an alarm watches from moto's model of it."""
    if alarm.metric_data_queries or alarm.threshold_metric_id or alarm.rule:
        message = f"{alarm.name}: only an alarm on one metric can be evaluated here."
        raise AlarmError(message)
    return Watched(
        namespace=alarm.namespace,
        metric=alarm.metric_name,
        dimensions=_pairs(alarm.dimensions),
        statistic=alarm.statistic or alarm.extended_statistic or "",
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        period=int(alarm.period),
        evaluation_periods=int(alarm.evaluation_periods),
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        missing=alarm.treat_missing_data or "missing",
    )


def _pairs(dimensions: list[Dimension]) -> frozenset[tuple[str, str]]:
    return frozenset((str(each.name), str(each.value)) for each in dimensions)


def _refuse_what_cannot_be_evaluated() -> None:
    original = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Alarm:  # noqa: ANN401
        alarm = original(self, *args, **kwargs)
        try:
            _watched(alarm)
        except AlarmError as error:
            del self.alarms[alarm.name]
            raise ValidationError(str(error)) from error
        # As in AWS, and not moto's OK: nothing is known of it yet.
        alarm.state_value = "INSUFFICIENT_DATA"
        return alarm

    CloudWatchBackend.put_metric_alarm = put_metric_alarm  # type: ignore[method-assign]


def _evaluate_when_data_is_put() -> None:
    original = CloudWatchBackend.put_metric_data

    def put_metric_data(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        original(self, namespace, metric_data)
        put = {(namespace, datum["MetricName"]) for datum in metric_data}
        for alarm in list(self.alarms.values()):
            if (alarm.namespace, alarm.metric_name) in put:
                _evaluate(self, alarm, at=None)

    CloudWatchBackend.put_metric_data = put_metric_data  # type: ignore[method-assign]


def _act_on_states_that_are_set() -> None:
    original = CloudWatchBackend.set_alarm_state

    def set_alarm_state(
        self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
    ) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
        original(self, alarm_name, reason, reason_data, state_value)
        _act(self, self.alarms[alarm_name], before=before)

    CloudWatchBackend.set_alarm_state = set_alarm_state  # type: ignore[method-assign]


def _evaluate(backend: CloudWatchBackend, alarm: Alarm, *, at: datetime | None) -> None:
    with _ONE_AT_A_TIME:
        before: State = alarm.state_value  # type: ignore[assignment]
        watched = _watched(alarm)
        points = _points(backend, watched)
        state, reason = evaluate_alarm(watched, points=points, at=at, before=before)
        if state != before:
            alarm.update_state(reason, "{}", state)
            _act(backend, alarm, before=before)


def _points(backend: CloudWatchBackend, watched: Watched) -> Iterator[MetricDatum]:
    for datum in backend.metric_data:
        named = datum.name == watched.metric and datum.namespace == watched.namespace
        if named and isinstance(datum, MetricDatum) and _pairs(datum.dimensions) == watched.dimensions:
            yield datum


def _act(backend: CloudWatchBackend, alarm: Alarm, *, before: str) -> None:
    """Tell the topics of the state that an alarm has come into."""
    if alarm.state_value == before or not alarm.actions_enabled:
        return
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "AlarmArn": alarm.alarm_arn,
        "Region": backend.region_name,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "OldStateValue": before,
        "StateChangeTime": alarm.state_updated_timestamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
    }
    subject = f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}'
    for action in actions:
        _, _, service, region, account, _ = action.split(":", 5)
        topic = sns_backends[account][region].topics.get(action) if service == "sns" else None
        if topic is None:
            _LOGGER.warning("an alarm's action was not run: %s", action)
        else:
            topic.publish(json.dumps(message), subject=subject[: _MOST_SUBJECT - 1])
