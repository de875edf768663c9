"""The alarms of CloudWatch: on what metric filters count, and on what services measure.

What must stay true: each sends to the topic; no data means that nothing happened.
"""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks import names
from stacks.audit_catalogue import description, physical_name
from stacks.audit_filters import Counters, metric_name
from stacks.audit_topic import AlarmTopic
from stacks.service_keys import reencryption_arn
from stacks.settings import Settings

MINUTE, FIVE_MINUTES = cdk.Duration.minutes(1), cdk.Duration.minutes(5)
HALF_AN_HOUR = cdk.Duration.minutes(30)
# What happens once in a while to everyone, and is trouble when it happens often.
MANY_DENIALS = 10
MANY_SERVER_ERRORS = 5
MANY_THROTTLED = 10
# A call that gets nowhere is tried again by the machine, seven times in all.
MANY_CALLS_IN_VAIN = 7


class Alarms(Construct):
    """An alarm per metric."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        topic: AlarmTopic,
        counters: Counters,
        api: apigateway.RestApi,
        functions: dict[str, lambda_.Function],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._action = actions.SnsAction(topic.topic)
        self._namespace = counters.namespace
        for alarm in (
            "decrypt-denied",
            "envelope-key-used-by-others",
            "function-invoked-by-others",
            "key-store-written-by-others",
            "objects-access-by-others",
            "objects-denied",
            "branch-key-shredded",
            "unusable-key-used",
            "integrity-failure",
        ):
            self._on(alarm, self._counted(alarm))
        if settings.trail == "own":
            self._on("iam-changed", self._counted("iam-changed"))
        self._on(
            "decrypt-denied-often",
            self._counted("decrypt-denied", period=FIVE_MINUTES),
            at_least=MANY_DENIALS,
        )
        self._on(
            "kms-throttled", self._counted("kms-throttled", period=FIVE_MINUTES), at_least=MANY_THROTTLED
        )
        self._on(
            "alarms-not-delivered",
            topic.undelivered.metric_approximate_number_of_messages_visible(
                period=FIVE_MINUTES, statistic="Maximum"
            ),
        )
        self._on(
            "api-5xx",
            api.metric_server_error(period=FIVE_MINUTES, statistic="Sum"),
            at_least=MANY_SERVER_ERRORS,
        )
        self._on("reencryption-failed", _failed(settings))
        self._on("reencryption-refused", self._counted("reencryption-refused", period=FIVE_MINUTES))
        self._on(
            "reencryption-stalled",
            self._counted("reencryption-stalled", period=HALF_AN_HOUR),
            at_least=MANY_CALLS_IN_VAIN,
        )
        if "rotation" in functions:
            self._on("branch-key-rotation-failed", self._counted("branch-key-rotation-failed"))
        if settings.has_schedules:
            self._on("schedule-not-started", _dropped(settings))
        for name, function in functions.items():
            self._on(f"{name}-errors", function.metric_errors(period=FIVE_MINUTES, statistic="Sum"))
            self._on(
                f"{name}-throttled",
                function.metric_throttles(period=FIVE_MINUTES, statistic="Sum"),
                at_least=MANY_THROTTLED,
            )

    def _counted(self, alarm: str, *, period: cdk.Duration = MINUTE) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self._namespace, metric_name=metric_name(alarm), period=period, statistic="Sum"
        )

    def _on(self, alarm: str, metric: cloudwatch.IMetric, *, at_least: int = 1) -> None:
        made = cloudwatch.Alarm(
            self,
            metric_name(alarm),
            alarm_name=physical_name(self._settings, alarm),
            alarm_description=description(alarm),
            metric=metric,
            threshold=at_least,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        made.add_alarm_action(self._action)


def _failed(settings: Settings) -> cloudwatch.Metric:
    """Executions of the machine that failed; one that somebody stopped did not."""
    return cloudwatch.Metric(
        namespace="AWS/States",
        metric_name="ExecutionsFailed",
        dimensions_map={"StateMachineArn": reencryption_arn(settings)},
        period=FIVE_MINUTES,
        statistic="Sum",
    )


def _dropped(settings: Settings) -> cloudwatch.Metric:
    """What EventBridge Scheduler gave up after its attempts."""
    return cloudwatch.Metric(
        namespace="AWS/Scheduler",
        metric_name="InvocationDroppedCount",
        dimensions_map={"ScheduleGroup": names.schedule_group(settings)},
        period=FIVE_MINUTES,
        statistic="Sum",
    )
