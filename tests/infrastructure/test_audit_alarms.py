"""What must alarm alarms, what merely looks like it does not, and every alarm arrives and says what to do."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from envelope import KeyServiceError
from local.event_pattern import matches
from local.filter_pattern import check
from service.failures import RecordNotVerified
from service.telemetry import Telemetry
from service.time_limit import TimeLimit
from stacks.audit_catalogue import ALARMS, runbook
from stacks.audit_filters import metric_name
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.recorded_events import (
    Case,
    cases,
    counted,
    event_of,
    filters,
    record_of,
    rules,
    rules_set_off,
)

CASES = cases()
FEEDS = "management-events"
# What AWS's services measure, by namespace; all else must come from a metric filter.
OF_SERVICES = {
    "AWS/ApiGateway": {"5XXError"},
    "AWS/Lambda": {"Errors", "Throttles"},
    "AWS/States": {"ExecutionsFailed"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    "AWS/Scheduler": {"InvocationDroppedCount"},
}


# Of the schedule, which an environment may be without.
OF_ROTATION = {
    "branch-key-rotation-failed",
    "rotation-errors",
    "rotation-throttled",
    "schedule-not-started",
}


@pytest.fixture
def organization(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", trail="organization")


def alarms(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        alarm["Properties"]["AlarmName"].removeprefix(f"{assembly.prefix}-"): alarm["Properties"]
        for alarm in assembly.resources("AWS::CloudWatch::Alarm").values()
    }


def topic_arn(assembly: Assembly) -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{assembly.prefix}-alarms"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_call_sets_off_its_alarms_and_no_other(assembly: Assembly, case: Case) -> None:
    record = record_of(case, assembly=assembly)
    trail_logs = f"/aws/cloudtrail/{assembly.prefix}-trail"
    found = rules_set_off(assembly, record) | counted(assembly, record, log_group=trail_logs)
    assert found == case.alarms


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_does_where_another_trail_records_management_events(organization: Assembly, case: Case) -> None:
    record = record_of(case, assembly=organization)
    found = rules_set_off(organization, record)
    if not record["managementEvent"]:
        found |= counted(organization, record, log_group=f"/aws/cloudtrail/{organization.prefix}-trail")
    if FEEDS in found:
        group = f"/aws/events/{organization.prefix}-management-events"
        found = found - {FEEDS} | counted(organization, event_of(record), log_group=group)
    assert found == case.alarms


def test_uses_of_the_key_by_the_functions_do_not_fill_the_log_group(organization: Assembly) -> None:
    used = [case for case in CASES if case.says in ("the reader decrypts", "the writer makes a data key")]
    assert len(used) == 2
    for case in used:
        assert FEEDS not in rules_set_off(organization, record_of(case, assembly=organization))


def test_every_alarm_on_a_call_has_records_that_set_it_off_and_that_do_not() -> None:
    for alarm in {case.about for case in CASES} | {"rules-guard-changed"}:
        assert any(alarm in case.alarms for case in CASES), alarm
    for about in {case.about for case in CASES}:
        assert any(not case.alarms for case in CASES if case.about == about), about


def test_an_event_that_someone_makes_up_sets_nothing_off(assembly: Assembly) -> None:
    """Only AWS can send events whose source begins with `aws.`."""
    for case in CASES:
        event = {**event_of(record_of(case, assembly=assembly)), "source": "my.application"}
        for rule in rules(assembly).values():
            assert not matches(rule["EventPattern"], event)


@pytest.mark.parametrize("function", ["writer", "reader", "tenant-admin"])
def test_a_record_that_does_not_verify_alarms(
    assembly: Assembly,
    function: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the very line that the functions write."""
    # A logger keeps the output that it first had, by its name.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"audit-{assembly.environment}-{function}")
    telemetry = Telemetry(TimeLimit())
    telemetry.integrity_failure(RecordNotVerified(tenant="acme", record="r-1", reason="InvalidSignature"))
    (line,) = capsys.readouterr().out.splitlines()
    message = json.loads(line)
    group = f"/aws/lambda/{assembly.prefix}-{function}"
    assert counted(assembly, message, log_group=group) == {"integrity-failure"}
    assert counted(assembly, {**message, "message": "request"}, log_group=group) == set()


def test_a_branch_key_that_is_shredded_alarms_and_one_that_is_rotated_does_not(
    prod: Assembly, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audit-branch-keys")
    telemetry = Telemetry(TimeLimit())
    group = f"/aws/lambda/{prod.prefix}-tenant-admin"
    for operation, alarm in (("shred_branch_key", {"branch-key-shredded"}), ("rotate_branch_key", set())):
        telemetry.begin(operation=operation, request_id="r", context=Context())
        telemetry.branch_key_changed("acme")
        (line,) = capsys.readouterr().out.splitlines()
        assert counted(prod, json.loads(line), log_group=group) == alarm


def test_a_branch_key_that_the_schedule_could_not_rotate_alarms(
    prod: Assembly, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audit-rotation")
    telemetry = Telemetry(TimeLimit())
    telemetry.begin(operation="rotate_branch_keys", request_id="r", context=Context())
    telemetry.rotation_failure("acme", KeyServiceError("throttled"))
    (line,) = capsys.readouterr().out.splitlines()
    group = f"/aws/lambda/{prod.prefix}-rotation"
    assert counted(prod, json.loads(line), log_group=group) == {"branch-key-rotation-failed"}


def reencryptors_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    # The other has its metrics.
    (found,) = [line for line in lines if "message" in line]
    return dict(found)


@pytest.mark.parametrize("refused", [0, 2])
def test_a_call_that_left_records_alone_alarms_and_one_that_did_not_does_not(
    prod: Assembly, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"audit-reencryptor-{refused}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SealedRecords")
    telemetry = Telemetry(TimeLimit())
    telemetry.begin(operation="reencrypt", request_id="r", context=Context())
    counts = {"seen": 9, "rewritten": 7, "right": 0, "filtered": 0, "refused": refused, "conflicts": 0}
    answer = {"run": "r", "segment": 0, "step": 1, "done": True, "dry_run": False, "counts": counts}
    telemetry.finish_reencryption(answer)
    found = counted(prod, reencryptors_line(capsys), log_group=f"/aws/lambda/{prod.prefix}-reencryptor")
    assert found == ({"reencryption-refused"} if refused else set())


def test_a_call_that_got_nowhere_counts(
    prod: Assembly, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audit-reencryptor")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SealedRecords")
    telemetry = Telemetry(TimeLimit())
    telemetry.begin(operation="reencrypt", request_id="r", context=Context())
    telemetry.reencryption_failure(KeyServiceError("throttled"))
    found = counted(prod, reencryptors_line(capsys), log_group=f"/aws/lambda/{prod.prefix}-reencryptor")
    assert found == {"reencryption-stalled"}


class Context:
    """What telemetry reads of the context that Lambda passes."""

    aws_request_id = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


def test_the_catalogue_names_every_rule_and_every_alarm(assembly: Assembly, organization: Assembly) -> None:
    for one in (assembly, organization):
        by_rule, by_alarm = set(rules(one)) - {FEEDS}, set(alarms(one))
        assert not by_rule & by_alarm
        absent = OF_ROTATION if one.settings["branch_key_rotation_days"] is None else set()
        assert by_rule | by_alarm == set(ALARMS) - absent


def test_a_scheduled_reencryption_that_does_not_start_alarms_without_a_rotation_too(
    changed: Callable[..., Assembly],
) -> None:
    neither = {"branch_key_rotation_days": None, "reencryption_schedule": None}
    assert "schedule-not-started" not in alarms(changed("dev", **neither))
    for one in ({"branch_key_rotation_days": 365}, {"reencryption_schedule": "rate(30 days)"}):
        assert "schedule-not-started" in alarms(changed("dev", **{**neither, **one}))


def test_iam_is_watched_by_a_rule_only_where_another_trail_records_it(
    assembly: Assembly, organization: Assembly
) -> None:
    assert "iam-changed" in alarms(assembly)
    assert "iam-changed" in rules(organization)


def test_every_rule_sends_the_whole_event_to_the_topic_and_keeps_what_it_cannot_send(
    assembly: Assembly, organization: Assembly
) -> None:
    for one in (assembly, organization):
        (queue,) = one.resources("AWS::SQS::Queue")
        for name, rule in rules(one).items():
            if name == FEEDS:
                continue
            assert rule["State"] == "ENABLED"
            # What happens to keys goes by a topic under another key as well.
            ways = [topic_arn(one), *([f"{topic_arn(one)}-of-keys"] if name == "key-changed" else [])]
            assert [target["Arn"] for target in rule["Targets"]] == ways
            for target in rule["Targets"]:
                assert target["DeadLetterConfig"] == {"Arn": f"<{queue}.Arn>"}
                assert target["RetryPolicy"] == {
                    "MaximumEventAgeInSeconds": 86400,
                    "MaximumRetryAttempts": 185,
                }
                template = target["InputTransformer"]["InputTemplate"]
                message = json.loads(template.replace("<aws.events.event.json>", "{}"))
                assert message == {
                    "alarm": f"{one.prefix}-{name}",
                    "meaning": ALARMS[name],
                    "runbook": runbook(name),
                    "event": {},
                }


def test_every_alarm_has_an_action_and_says_what_it_means(assembly: Assembly) -> None:
    for name, alarm in alarms(assembly).items():
        assert alarm["AlarmActions"] == [topic_arn(assembly)]
        assert alarm.get("ActionsEnabled", True) is True
        assert alarm["AlarmDescription"] == f"{ALARMS[name]} Runbook: docs/operations.md#{name}"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["EvaluationPeriods"] == 1


def test_what_reveals_records_alarms_within_a_minute_and_at_once(assembly: Assembly) -> None:
    for name in (
        "decrypt-denied",
        "envelope-key-used-by-others",
        "key-store-written-by-others",
        "objects-access-by-others",
        "objects-denied",
        "branch-key-shredded",
        "unusable-key-used",
        "integrity-failure",
        "iam-changed",
    ):
        alarm = alarms(assembly)[name]
        assert (alarm["Period"], alarm["Threshold"], alarm["Statistic"]) == (60, 1, "Sum")


def test_every_alarm_has_a_metric_that_something_emits(assembly: Assembly, organization: Assembly) -> None:
    for one in (assembly, organization):
        emitted = {
            (made["MetricNamespace"], made["MetricName"])
            for found in filters(one)
            for made in found["MetricTransformations"]
        }
        for name, alarm in alarms(one).items():
            namespace, metric = alarm["Namespace"], alarm["MetricName"]
            if namespace in OF_SERVICES:
                assert metric in OF_SERVICES[namespace], name
                assert alarm["Dimensions"], name
            else:
                assert (namespace, metric) in emitted, name
                assert "Dimensions" not in alarm, name


def test_every_metric_that_a_filter_makes_alarms(assembly: Assembly) -> None:
    watched = {alarm["MetricName"] for alarm in alarms(assembly).values()}
    for found in filters(assembly):
        (made,) = found["MetricTransformations"]
        assert made["MetricName"] in watched
        assert made["MetricValue"] == "1"


def test_denials_count_for_both_alarms(assembly: Assembly) -> None:
    often = alarms(assembly)["decrypt-denied-often"]
    assert often["MetricName"] == metric_name("decrypt-denied")
    assert (often["Period"], often["Threshold"]) == (300, 10)


def test_patterns_fit_into_their_limits_with_the_longest_names(changed: Callable[..., Assembly]) -> None:
    for trail in ("own", "organization"):
        longest = changed("prod", trail=trail, prefix="p" * 40)
        for found in filters(longest):
            pattern = with_real_ids(found["FilterPattern"])
            assert len(pattern) <= 1024, found["MetricTransformations"]
            check(pattern)
        for name, rule in rules(longest).items():
            assert len(with_real_ids(json.dumps(rule["EventPattern"]))) <= 2048, name
            assert len(rule["Description"]) <= 512, name
            assert len(rule["Name"]) <= 64, name


def with_real_ids(text: str) -> str:
    """Ids and the Region as long as they may be."""
    longer = re.sub(r"key/\w+", f"key/{'0' * 36}", text)
    longer = re.sub(r"<\w+>", f"<{'b' * 61}>", longer)
    return longer.replace(REGION, "ap-southeast-99")


def test_a_rule_that_is_silenced_is_seen_by_another(assembly: Assembly) -> None:
    guard = rules(assembly)["rules-guard-changed"]["EventPattern"]
    asked = guard["detail"]["$or"]
    assert asked[0] == {"requestParameters": {"name": [f"{assembly.prefix}-rules-changed"]}}


def test_alarms_name_subscribers_and_warn_when_there_are_none(changed: Callable[..., Assembly]) -> None:
    addresses = ["operators@example.com", "https://alarms.example.com/hook"]
    subscribed = changed("prod", alarm_subscribers=addresses)
    found = [
        (one["Properties"]["Protocol"], one["Properties"]["Endpoint"], one["Properties"]["TopicArn"])
        for one in subscribed.resources("AWS::SNS::Subscription").values()
    ]
    topics = [topic_arn(subscribed), f"{topic_arn(subscribed)}-of-keys"]
    assert sorted(found) == [
        (protocol, address, topic)
        for protocol, address in zip(("email", "https"), addresses, strict=True)
        for topic in topics
    ]
    assert warnings(subscribed) == []
    assert ["alarm_subscribers is empty" in one for one in warnings(changed("prod"))] == [True]


def test_a_warning_says_that_iam_is_silent_outside_us_east_1(changed: Callable[..., Assembly]) -> None:
    elsewhere = changed(
        "prod", trail="organization", region="eu-central-1", alarm_subscribers=["a@example.com"]
    )
    there = changed("prod", trail="organization", region="us-east-1", alarm_subscribers=["a@example.com"])
    assert any("iam-changed is silent" in one for one in warnings(elsewhere))
    assert not any("iam-changed" in one for one in warnings(there))


def warnings(assembly: Assembly) -> list[str]:
    return [
        str(message.entry.data)
        for stack in assembly.cloud.stacks
        for message in stack.messages
        if message.level.name == "WARNING"
    ]
