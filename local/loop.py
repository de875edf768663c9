"""A small Lambda runtime, for machines that AWS's own runtime client does not exist for.

It keeps the same contract with the Runtime API: next invocation, response, error, initialization error. It
imports the standard library only, and nothing of this project: it runs inside the function's process.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from typing import Any

_VERSION = "/2018-06-01/runtime"


class Context:
    """What a handler gets beside its event, with the names that Lambda gives them."""

    def __init__(self, headers: HTTPResponse) -> None:
        self.aws_request_id = headers.getheader("Lambda-Runtime-Aws-Request-Id", "")
        self.invoked_function_arn = headers.getheader("Lambda-Runtime-Invoked-Function-Arn", "")
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline_ms = int(headers.getheader("Lambda-Runtime-Deadline-Ms", "0"))

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


def run(handler_name: str, *, api: str) -> None:
    """Import the handler, and serve invocations until the process is ended."""
    try:
        module, _, name = handler_name.rpartition(".")
        handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), name)
    except BaseException as error:  # noqa: BLE001 - reported to the Runtime API, as Lambda's runtime does
        _post(api, "/init/error", _description(error))
        sys.exit(1)
    while True:
        _serve_one(handler, api=api)


def _serve_one(handler: Callable[[Any, Context], Any], *, api: str) -> None:
    connection = HTTPConnection(api)
    connection.request("GET", f"{_VERSION}/invocation/next")
    answer = connection.getresponse()
    event = json.loads(answer.read())
    context = Context(answer)
    connection.close()
    os.environ["_X_AMZN_TRACE_ID"] = answer.getheader("Lambda-Runtime-Trace-Id", "")
    try:
        body = json.dumps(handler(event, context), ensure_ascii=False).encode()
    except Exception as error:  # noqa: BLE001 - the outermost border of the function
        _post(api, f"/invocation/{context.aws_request_id}/error", _description(error))
    else:
        _post(api, f"/invocation/{context.aws_request_id}/response", body)


def _description(error: BaseException) -> bytes:
    trace = traceback.format_exception(error)
    sys.stdout.write(f"[ERROR] {''.join(trace)}\n")
    sys.stdout.flush()
    lines = traceback.format_tb(error.__traceback__)
    return json.dumps(
        {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": lines}
    ).encode()


def _post(api: str, path: str, body: bytes) -> None:
    connection = HTTPConnection(api)
    connection.request("POST", _VERSION + path, body, {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()
