"""A stack with a state machine like the re-encryption's, and a function that does what its item says."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import uuid4

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT

MOMENTS = 400

# What stands in `do` of an item: fail, refuse, die, sleep:<seconds>, steps:<how many>, nothing.
FUNCTION = """
import os, time

class SegmentRefused(Exception):
    pass

def handler(event, context):
    if event.get("operation"):
        return {"operation": event["operation"], "name": event["name"], "began": event["began"]}
    segment, step, do = event["segment"], event["step"], event["do"] or ""
    began = time.time()
    word, _, number = do.partition(":")
    if word == "fail":
        raise ValueError("asked for")
    if word == "refuse":
        raise SegmentRefused("not this one")
    if word == "die":
        os.kill(os.getpid(), 9)
    if word == "sleep":
        time.sleep(float(number))
    done = word != "steps" or step == int(number)
    next = {"segment": segment, "step": step + 1, "do": do}
    key = f"results/{segment:07d}/{step:05d}.json"
    return {"key": key, "done": done, "next": next, "pid": os.getpid(), "began": began, "ended": time.time()}
"""

RETRY = {"IntervalSeconds": 1, "BackoffRate": 2, "MaxDelaySeconds": 4, "JitterStrategy": "FULL"}
AGAIN = ["ValueError", "Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.Unknown"]


def child() -> dict[str, Any]:
    """Work on a segment, step after step, and write down each step's answer."""
    payload = {"segment.$": "$.item.segment", "step.$": "$.item.step", "do.$": "$.item.do"}
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${function}", "Payload": payload},
        "ResultSelector": {"result.$": "$.Payload"},
        "ResultPath": "$.answer",
        "Retry": [{"ErrorEquals": AGAIN, "MaxAttempts": 2, **RETRY}],
        "Next": "Save",
    }
    body = {"Bucket.$": "$.bucket", "Key.$": "$.answer.result.key"}
    save = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Parameters": {**body, "Body.$": "States.JsonToString($.answer.result)"},
        "ResultPath": None,
        "Retry": [{"ErrorEquals": ["S3.SdkClientException"], "MaxAttempts": 1, **RETRY}],
        "Next": "Done?",
    }
    choice = {"Variable": "$.answer.result.done", "BooleanEquals": True, "Next": "Done"}
    following = {"bucket.$": "$.bucket", "item.$": "$.answer.result.next"}
    return {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Work",
        "States": {
            "Work": work,
            "Save": save,
            "Done?": {"Type": "Choice", "Choices": [choice], "Default": "Next"},
            "Next": {"Type": "Pass", "Parameters": following, "Next": "Work"},
            "Done": {"Type": "Pass", "Result": 0, "End": True},
        },
    }


def definition() -> dict[str, Any]:
    """The whole machine."""
    about = {"name.$": "$$.Execution.Name", "began.$": "$$.Execution.StartTime"}
    plan = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${function}", "Payload": {"operation": "plan", **about}},
        "ResultSelector": {"plan.$": "$.Payload"},
        "ResultPath": "$.planned",
        "Next": "Segments",
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.manifest_key"},
    }
    segments = {
        "Type": "Map",
        "Label": "Segments",
        "ItemReader": reader,
        "MaxConcurrencyPath": "$.concurrency",
        "ToleratedFailurePercentagePath": "$.tolerated_failure_percentage",
        "ItemSelector": {"bucket.$": "$.bucket", "item.$": "$$.Map.Item.Value"},
        "ItemProcessor": child(),
        "ResultPath": None,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Failed"}],
        "End": True,
    }
    failed = {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"}
    return {"StartAt": "Plan", "States": {"Plan": plan, "Segments": segments, "Failed": failed}}


def _role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    policies = [{"PolicyName": "own", "PolicyDocument": policy}] if statements else []
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": policies,
        },
    }


def _get(name: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def log_group(name: str) -> str:
    """The machine's log group."""
    return f"/aws/vendedlogs/states/{name}"


def template(name: str, *, may_write: bool = True) -> dict[str, Any]:
    """The stack; with `may_write=False` the machine's role may not write results."""
    objects = {"Fn::Join": ["", [_get("Bucket"), "/*"]]}
    actions = ["s3:GetObject", "s3:PutObject"] if may_write else ["s3:GetObject"]
    delivery = ["Create", "Delete", "Get", "List", "Update"]
    for_logs = [f"logs:{verb}LogDeliver{'ies' if verb == 'List' else 'y'}" for verb in delivery]
    for_logs += ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"]
    traces = ["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"]
    machine_role = _role(
        "states.amazonaws.com",
        {"Action": "lambda:InvokeFunction", "Resource": _get("Function")},
        {"Action": actions, "Resource": objects},
        {"Action": for_logs, "Resource": "*"},
        {"Action": [f"xray:{each}" for each in traces], "Resource": "*"},
        {"Action": "states:StartExecution", "Resource": f"arn:aws:states:*:*:stateMachine:{name}"},
    )
    text = json.dumps(definition())
    half = text.index('"Segments"')
    group = {"CloudWatchLogsLogGroup": {"LogGroupArn": _get("Log")}}
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-bucket"}},
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": log_group(name)},
        },
        "FunctionRole": _role("lambda.amazonaws.com"),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Runtime": "python3.14",
                "Handler": "index.handler",
                "Role": _get("FunctionRole"),
                "Timeout": 20,
                "Code": {"ZipFile": FUNCTION},
            },
        },
        "MachineRole": machine_role,
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": name,
                "RoleArn": _get("MachineRole"),
                "DefinitionString": {"Fn::Join": ["", [text[:half], text[half:]]]},
                "DefinitionSubstitutions": {"function": _get("Function")},
                "LoggingConfiguration": {
                    "Destinations": [group],
                    "IncludeExecutionData": False,
                    "Level": "ALL",
                },
                "TracingConfiguration": {"Enabled": True},
            },
        },
    }


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(MOMENTS):
        if holds():
            return
        time.sleep(0.05)
    message = "it has not come to that"
    raise AssertionError(message)


@dataclass(frozen=True)
class Stack:
    """The deployed stack."""

    aws: EmbeddedAws
    name: str
    machine: str
    client: Any

    @property
    def bucket(self) -> str:
        """The bucket of manifests and results."""
        return f"{self.name}-bucket"

    def start(self, items: list[str], *, concurrency: int = 10, tolerated: float = 0, **more: Any) -> str:
        """Start an execution over a manifest with these things to do; return its ARN."""
        manifest = [{"segment": place, "step": 1, "do": do} for place, do in enumerate(items)]
        key = f"manifest-{uuid4()}.json"
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=json.dumps(manifest))
        given = {
            "bucket": self.bucket,
            "manifest_key": key,
            "concurrency": concurrency,
            "tolerated_failure_percentage": tolerated,
        }
        started = self.client.start_execution(stateMachineArn=self.machine, input=json.dumps(given), **more)
        return str(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait until an execution is over; return what it is then."""
        for _ in range(MOMENTS):
            found: dict[str, Any] = self.client.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.1)
        message = f"{execution} runs and runs"
        raise AssertionError(message)

    def run(self, items: list[str], **how: Any) -> tuple[str, dict[str, Any]]:
        """Start an execution, and wait for its end."""
        execution = self.start(items, **how)
        return execution, self.ended(execution)

    def map_run(self, execution: str) -> dict[str, Any]:
        """What the execution's map run has counted."""
        for _ in range(MOMENTS):
            listed = self.client.list_map_runs(executionArn=execution)["mapRuns"]
            if listed:
                found: dict[str, Any] = self.client.describe_map_run(mapRunArn=listed[0]["mapRunArn"])
                return found
            time.sleep(0.02)
        message = f"{execution} has no map run"
        raise AssertionError(message)

    def results(self) -> dict[str, Any]:
        """Every result that was written, by its key."""
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="results/")
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: json.loads(s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()) for key in keys}

    def forget(self) -> None:
        """Remove every result."""
        for key in self.results():
            self.aws.client("s3").delete_object(Bucket=self.bucket, Key=key)


_MADE: dict[tuple[int, bool], Stack] = {}
_LOCK = Lock()


def deployed(aws: EmbeddedAws, *, may_write: bool = True) -> Stack:
    """Deploy the stack, once for each embedded AWS, and empty it."""
    with _LOCK:
        made = _MADE.get((id(aws), may_write))
        if made is None:
            name = f"steps-{uuid4().hex[:8]}"
            body = json.dumps({"Resources": template(name, may_write=may_write)})
            aws.client("cloudformation").create_stack(StackName=name, TemplateBody=body)
            machine = f"arn:aws:states:{aws.region}:{ACCOUNT}:stateMachine:{name}"
            made = _MADE[id(aws), may_write] = Stack(aws, name, machine, aws.client("stepfunctions"))
    made.forget()
    return made
