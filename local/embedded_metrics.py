"""CloudWatch's embedded metric format: metrics that a function writes as lines of its log.

As in the specification: a root node with ``_aws.CloudWatchMetrics``, whose directives name a namespace,
dimension sets and metrics; the values stand in the root node beside it. Every dimension set gives a metric
of its own. What refers to a value that is not there gives nothing, as in CloudWatch.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Datum = dict[str, Any]


def read(message: str) -> Iterator[tuple[str, Datum]]:
    """Yield the namespace and the datum, as ``PutMetricData`` takes it, of every metric in a log line."""
    if '"CloudWatchMetrics"' not in message:
        return
    try:
        root = json.loads(message)
        directives = root["_aws"]["CloudWatchMetrics"]
    except (ValueError, TypeError, KeyError):
        return
    for directive in directives:
        for dimensions in _dimension_sets(directive, root):
            for metric in directive.get("Metrics", []):
                values = _values(root.get(metric["Name"]))
                if values:
                    datum = {"MetricName": metric["Name"], "Dimensions": dimensions, "Values": values}
                    yield directive["Namespace"], {**datum, "Unit": metric.get("Unit", "None")}


def _dimension_sets(directive: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[list[dict[str, str]]]:
    for names in directive.get("Dimensions", [[]]):
        if all(isinstance(root.get(name), str) for name in names):
            yield [{"Name": name, "Value": root[name]} for name in names]


def _values(value: object) -> list[float]:
    values = value if isinstance(value, list) else [value]
    numbers = [
        float(each) for each in values if isinstance(each, (int, float)) and not isinstance(each, bool)
    ]
    return numbers if len(numbers) == len(values) else []
