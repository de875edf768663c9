"""One page for operators: how the service does, what its keys cost, what does not verify."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.audit_filters import Counters, metric_name
from stacks.settings import Settings

PERIOD = cdk.Duration.minutes(5)
# What the functions measure themselves (lambda_src/service/telemetry.py), for each operation.
SERVICE_NAMESPACE = "SealedRecords"
HALF = 12


class Dashboard(Construct):
    """Requests, errors, latency, calls of KMS per request, throttling, integrity failures."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        counters: Counters,
        api: apigateway.RestApi,
        functions: dict[str, lambda_.Function],
    ) -> None:
        super().__init__(scope, construct_id)
        several = list(functions.items())
        board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"{settings.prefix}-operations")
        board.add_widgets(
            _graph("Requests, by operation", _by_operation("Requests")),
            _graph(
                "Errors",
                api.metric_client_error(period=PERIOD, statistic="Sum", label="API 4xx"),
                api.metric_server_error(period=PERIOD, statistic="Sum", label="API 5xx"),
                *(
                    function.metric_errors(period=PERIOD, label=f"{name} failed")
                    for name, function in several
                ),
            ),
        )
        board.add_widgets(
            _graph(
                "Latency of the API (ms)",
                api.metric_latency(period=PERIOD, statistic="p50", label="p50"),
                api.metric_latency(period=PERIOD, statistic="p99", label="p99"),
            ),
            _graph("Latency of operations, p99 (ms)", _by_operation("Latency", statistic="p99")),
        )
        board.add_widgets(
            _graph("Calls of KMS per request", _ratio("KmsCalls", "Requests")),
            _graph(
                "Turned away",
                *(
                    function.metric_throttles(period=PERIOD, label=f"{name} throttled")
                    for name, function in several
                ),
                _count(counters, "kms-throttled", label="KMS throttled"),
            ),
        )
        board.add_widgets(
            _graph("Records that do not verify", _count(counters, "integrity-failure", label="records")),
            _graph(
                "Decrypt refused, envelope key used by others, unusable key used",
                *(
                    _count(counters, alarm, label=alarm)
                    for alarm in ("decrypt-denied", "envelope-key-used-by-others", "unusable-key-used")
                ),
            ),
        )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=HALF, period=PERIOD)


def _count(counters: Counters, alarm: str, *, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=counters.namespace,
        metric_name=metric_name(alarm),
        label=label,
        period=PERIOD,
        statistic="Sum",
    )


def _search(metric: str, *, statistic: str = "Sum") -> str:
    """Find the series of all operations, also of one that comes later."""
    which = f'{{{SERVICE_NAMESPACE},service,operation}} MetricName="{metric}"'
    return f"SEARCH('{which}', '{statistic}', {PERIOD.to_seconds():.0f})"


def _by_operation(metric: str, *, statistic: str = "Sum") -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=_search(metric, statistic=statistic), label="", using_metrics={}, period=PERIOD
    )


def _ratio(metric: str, to: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=f"SUM({_search(metric)}) / SUM({_search(to)})",
        label="calls per request",
        using_metrics={},
        period=PERIOD,
    )
