"""The function that plans runs of re-encryption and sums them up. Its role reaches no record and no key.

What must stay true: what it raises is a sentence for whoever started the run, or says no more than that
something cannot be used; never the text of an exception of AWS's client.
"""

import os
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.configuration import required
from service.failures import error_code
from service.machine_errors import RunRefused, Unavailable
from service.run_input import RUN_ID, parse_run_input
from service.run_planning import Execution, RunPlanner, TableSize, summarize
from service.run_store import RunStore
from service.telemetry import LambdaContext, Telemetry
from service.time_limit import TimeLimit
from service.times import time_text, utc_now

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5})
_table = required(os.environ, "RECORDS_TABLE")
_store = RunStore(boto3.client("s3", config=_CONFIG), required(os.environ, "MAINTENANCE_BUCKET"))
_dynamodb = boto3.client("dynamodb", config=_CONFIG)
_machine = boto3.client("stepfunctions", config=_CONFIG)
_telemetry = Telemetry(TimeLimit())


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Plan, or sum up.

    Raises
    ------
    RunRefused
        The run is not begun: why, in a sentence.
    Unavailable
        S3, DynamoDB or Step Functions cannot be used now.
    """
    operation = str(event.get("operation"))
    _telemetry.begin(
        operation=f"{operation}_reencryption", request_id=context.aws_request_id, context=context
    )
    try:
        answer = _plan(event) if operation == "plan" else _summarize(event)
    except RunRefused as refusal:
        _telemetry.planning_ended(refused=True)
        sentence = str(refusal)
    except (BotoCoreError, ClientError, OSError) as error:
        _telemetry.planning_failure(error)
        sentence = ""
    else:
        _telemetry.planning_ended(refused=False)
        return answer
    if sentence:
        raise RunRefused(sentence)
    raise Unavailable("planning")


def _plan(event: Mapping[str, Any]) -> dict[str, Any]:
    execution = Execution(arn=event["execution"], name=event["name"], began=event["began"])
    planner = RunPlanner(_store, table_size=_table_size, is_running=_is_running)
    return planner.plan(parse_run_input(event["input"]), execution)


def _summarize(event: Mapping[str, Any]) -> dict[str, Any]:
    run = event.get("run")
    if not isinstance(run, str) or not RUN_ID.fullmatch(run):
        raise RunRefused("the event names no run")
    summary = summarize(_store, run, ended=time_text(utc_now()))
    # The state of a machine is bounded, and the refused records stand in S3.
    return {name: value for name, value in summary.items() if name != "refused"}


def _table_size() -> TableSize:
    table = _dynamodb.describe_table(TableName=_table)["Table"]
    return TableSize(items=table.get("ItemCount", 0), bytes=table.get("TableSizeBytes", 0))


def _is_running(execution: str) -> bool:
    try:
        # Metadata alone: the rest lies under the machine's key, which the planner has no use for.
        found = _machine.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
        return found["status"] in ("RUNNING", "PENDING_REDRIVE")
    except ClientError as error:
        # Step Functions forgets executions after some months.
        if error_code(error) != "ExecutionDoesNotExist":
            raise
        return False
