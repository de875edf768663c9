"""CloudWatch Logs: metric filters come from templates, and log lines become metrics.

A line that matches a metric filter of its group adds the filter's value to the filter's metric; lines in the
embedded metric format add the metrics that they describe. Patterns are matched by ``local.filter_pattern``,
and one that it cannot read is refused.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogGroup, LogsBackend, logs_backends

from local import embedded_metrics
from local.additions.cloudformation import Created, Properties, Where, extend, supply
from local.additions.stack_updates import changeable
from local.filter_pattern import FilterPatternError, matches, select
from local.filter_pattern import check as check_pattern

Datum = dict[str, Any]


def install() -> None:
    """Add the resource type, keep the key of a log group, and make metrics of log lines."""
    extend(LogGroup, _key)
    supply("AWS::Logs::MetricFilter", _metric_filter)
    changeable("AWS::Logs::MetricFilter", "FilterPattern", apply=_change_pattern)
    _arn_as_in_aws()
    _check_patterns()
    original = LogGroup.put_log_events

    def put_log_events(self: LogGroup, log_stream_name: str, log_events: list[dict[str, Any]]) -> str:
        token = original(self, log_stream_name, log_events)
        _measure(self, log_events)
        return token

    LogGroup.put_log_events = put_log_events  # type: ignore[method-assign]


def _arn_as_in_aws() -> None:
    """Let ``Fn::GetAtt`` answer with the ARN that ends with all streams, as in AWS."""
    original = LogGroup.get_cfn_attribute

    def get_cfn_attribute(self: LogGroup, attribute_name: str) -> str:
        return f"{original(self, attribute_name)}:*"

    LogGroup.get_cfn_attribute = get_cfn_attribute  # type: ignore[method-assign]


def _key(group: LogGroup, properties: Properties, _where: Where) -> None:
    group.kms_key_id = properties.get("KmsKeyId")


def _metric_filter(properties: Properties, where: Where) -> Created:
    name = properties.get("FilterName", where.logical_id)
    transformations = [_in_words_of_the_api(each) for each in properties["MetricTransformations"]]
    logs_backends[where.account][where.region].put_metric_filter(
        name,
        properties["FilterPattern"],
        properties["LogGroupName"],
        transformations,  # type: ignore[arg-type]
    )
    return Created(name)


def _change_pattern(_filter: object, properties: Properties, where: Where) -> None:
    _metric_filter(properties, where)


def _in_words_of_the_api(transformation: Properties) -> dict[str, Any]:
    words = {name[0].lower() + name[1:]: value for name, value in transformation.items()}
    words["metricValue"] = str(words["metricValue"])
    if "defaultValue" in words:
        words["defaultValue"] = float(words["defaultValue"])
    if "dimensions" in words:
        words["dimensions"] = {each["Key"]: each["Value"] for each in words["dimensions"]}
    return words


def _check_patterns() -> None:
    original = LogsBackend.put_metric_filter

    def put_metric_filter(
        self: LogsBackend,
        filter_name: str,
        filter_pattern: str,
        log_group_name: str,
        metric_transformations: Any,  # noqa: ANN401 - a list, which moto calls a string
    ) -> None:
        try:
            check_pattern(filter_pattern)
        except FilterPatternError as error:
            raise InvalidParameterException(msg=f"Invalid metric filter pattern: {error}") from error
        original(self, filter_name, filter_pattern, log_group_name, metric_transformations)

    LogsBackend.put_metric_filter = put_metric_filter  # type: ignore[method-assign]


def _measure(group: LogGroup, log_events: list[dict[str, Any]]) -> None:
    filters = logs_backends[group.account_id][group.region].filters.get_matching_filters(
        log_group_name=group.name
    )
    cloudwatch = cloudwatch_backends[group.account_id][group.region]
    for event in log_events:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).replace(tzinfo=None)
        found = list(embedded_metrics.read(event["message"]))
        for each in filters:
            found.extend(_filtered(each, event["message"]))
        for namespace, datum in found:
            cloudwatch.put_metric_data(namespace, [{**datum, "Timestamp": at}])


def _filtered(metric_filter: Mapping[str, Any], message: str) -> Iterator[tuple[str, Datum]]:
    matched = matches(metric_filter["filterPattern"], message)
    for transformation in metric_filter["metricTransformations"]:
        value = _value(transformation["metricValue"], message) if matched else None
        if not matched and "defaultValue" in transformation:
            value = transformation["defaultValue"]
        dimensions = {
            name: select(selector, message) for name, selector in transformation.get("dimensions", {}).items()
        }
        if value is not None and all(isinstance(each, str) for each in dimensions.values()):
            yield (
                transformation["metricNamespace"],
                {
                    "MetricName": transformation["metricName"],
                    "Value": value,
                    "Unit": transformation.get("unit", "None"),
                    "Dimensions": [{"Name": name, "Value": each} for name, each in dimensions.items()],
                },
            )


def _value(wanted: str, message: str) -> float | None:
    """Read a filter's value: a number, or the number at a selector."""
    if not wanted.startswith("$"):
        return float(wanted)
    found = select(wanted, message)
    try:
        return float(found)
    except (TypeError, ValueError):
        return None
