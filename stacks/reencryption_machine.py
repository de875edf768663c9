"""The state machine of re-encryption, as Amazon States Language: plan, a distributed map, sum up.

What must stay true: where a segment is, is in S3 before the next call on it begins; what the planner refuses
ends the execution at once, and with its sentence; however segments end, there is a summary.
Source: Step Functions Developer Guide, "Using Map state in Distributed mode".
"""

from collections.abc import Mapping
from typing import Any

# The label of the map. Its children are executions of `<machine>/<label>`.
SEGMENTS = "Segments"
# More calls at once than Lambda has places for: no call was made, and a place is free when another ends.
_NO_PLACE = ["Lambda.TooManyRequestsException"]
# What a call may end in without anything being wrong with its segment.
_PASSING = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "Unavailable",
]
_PLANNING_SECONDS = 900
_CALL_SECONDS = 930
_PAUSE_SECONDS = 30
# About an hour, for calls of a quarter of an hour.
_ATTEMPTS_AT_A_PLACE = 60


def definition(*, planner: str, reencryptor: str) -> dict[str, Any]:
    """Give the definition; the arguments are the functions' ARNs."""
    plan = {
        "operation": "plan",
        "input.$": "$",
        "execution.$": "$$.Execution.Id",
        "name.$": "$$.Execution.Name",
        "began.$": "$$.Execution.StartTime",
    }
    summarize = {"operation": "summarize", "run.$": "$.run"}
    refused = {"ErrorEquals": ["RunRefused"], "ResultPath": "$.refused", "Next": "Refused"}
    return {
        "Comment": "Encrypts the records anew: docs/decisions/0025-re-encryption.md",
        "StartAt": "Plan",
        "States": {
            "Plan": {
                **_call(planner, plan, seconds=_PLANNING_SECONDS),
                "ResultSelector": {"plan.$": "$.Payload"},
                "OutputPath": "$.plan",
                "Catch": [refused],
                "Next": "Segments",
            },
            "Segments": {
                **_segments(reencryptor),
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "SummarizeFailed"}
                ],
                "Next": "Summarize",
            },
            "Summarize": {
                **_call(planner, summarize, seconds=_PLANNING_SECONDS),
                "OutputPath": "$.Payload",
                "Next": "IsComplete",
            },
            "IsComplete": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.state", "StringEquals": "complete", "Next": "Complete"}],
                "Default": "Incomplete",
            },
            "Complete": {"Type": "Succeed"},
            # As many as are tolerated keep nobody else; a run that left them is no success all the same.
            "Incomplete": {
                "Type": "Fail",
                "Error": "SegmentsFailed",
                "Cause": "Some segments are not through: mend what failed them, and resume the run.",
            },
            "SummarizeFailed": {
                **_call(planner, summarize, seconds=_PLANNING_SECONDS),
                "ResultPath": None,
                # Why the run failed is not hidden by a summary that fails too.
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Failed"}],
                "Next": "Failed",
            },
            "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
            "Refused": {"Type": "Fail", "ErrorPath": "$.refused.Error", "CausePath": "$.refused.Cause"},
        },
    }


def _segments(reencryptor: str) -> dict[str, Any]:
    return {
        "Type": "Map",
        "Label": SEGMENTS,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.manifest_key"},
        },
        "ItemSelector": {
            "run.$": "$.run",
            "bucket.$": "$.bucket",
            "job.$": "$.job",
            "item.$": "$$.Map.Item.Value",
        },
        "MaxConcurrencyPath": "$.concurrency",
        "ToleratedFailurePercentagePath": "$.tolerated_failure_percentage",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Reencrypt",
            "States": _segment(reencryptor),
        },
        "ResultPath": None,
    }


def _segment(reencryptor: str) -> dict[str, Any]:
    """One segment's states: a call, its answer to S3, and again until the segment is through."""
    event = {
        "run.$": "$.run",
        "job.$": "$.job",
        "segment.$": "$.item.segment",
        "start_key.$": "$.item.start_key",
        "step.$": "$.item.step",
    }
    saved = {
        "Bucket.$": "$.bucket",
        "Key.$": "$.answer.result.key",
        "Body.$": "States.JsonToString($.answer.result)",
        "ContentType": "application/json",
    }
    following = {
        "run.$": "$.run",
        "bucket.$": "$.bucket",
        "job.$": "$.job",
        "item.$": "$.answer.result.next",
    }
    return {
        "Reencrypt": {
            **_call(reencryptor, event, seconds=_CALL_SECONDS),
            "ResultSelector": {"result.$": "$.Payload"},
            "ResultPath": "$.answer",
            "Next": "Save",
        },
        "Save": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": saved,
            "Retry": [_retry(["States.ALL"])],
            "ResultPath": None,
            "Next": "IsDone",
        },
        "IsDone": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.answer.result.done", "BooleanEquals": True, "Next": "Done"},
                {"Variable": "$.answer.result.interrupted", "BooleanEquals": True, "Next": "Pause"},
            ],
            "Default": "GoOn",
        },
        # What is out or throttled is not called again at once.
        "Pause": {"Type": "Wait", "Seconds": _PAUSE_SECONDS, "Next": "GoOn"},
        "GoOn": {"Type": "Pass", "Parameters": following, "Next": "Reencrypt"},
        "Done": {"Type": "Pass", "Result": 0, "End": True},
    }


def _call(function: str, payload: Mapping[str, Any], *, seconds: int) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": dict(payload)},
        "TimeoutSeconds": seconds,
        "Retry": [_retry(_PASSING), _retry(_NO_PLACE, attempts=_ATTEMPTS_AT_A_PLACE)],
    }


def _retry(errors: list[str], *, attempts: int = 6) -> dict[str, Any]:
    """Try again, ever later and each child at its own moment: six times within some minutes."""
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxAttempts": attempts,
        "MaxDelaySeconds": 120,
        "JitterStrategy": "FULL",
    }
