"""One execution environment of a function: a process, its Runtime API, and what it writes.

It serves one event at a time and stays warm between events. When its time is over, or it ends by itself, it
is finished and another one takes its place.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Literal

from local.runtime_api import Invocation, Outcome, RuntimeApi

Runtime = Literal["awslambdaric", "loop"]
Write = Callable[[str], None]

_CHILD = Path(__file__).with_name("child.py")
# Lambda gives a function's initialization this long before it counts it as part of the invocation.
_INIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function, as Lambda's GetFunctionConfiguration describes it, and where its code lies."""

    name: str
    arn: str
    handler: str
    timeout: int
    memory_mb: int
    role: str
    log_group: str
    environment: Mapping[str, str]
    task_root: Path
    paths: tuple[Path, ...]


class Container:
    """A running process for one function."""

    def __init__(
        self, function: Function, *, runtime: Runtime, variables: Mapping[str, str], write: Write
    ) -> None:
        self._function = function
        self._write = write
        self._api = RuntimeApi()
        self._started = time.monotonic()
        self._cold = True
        self._closed = False
        #: Whether it works on an event.
        self.busy = False
        environment = {
            **function.environment,
            **variables,
            **_reserved(function),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_CHILD), runtime, *map(str, function.paths)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        Thread(target=self._copy_output, name=f"output-{function.name}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it can take another event."""
        return self._process.poll() is None

    def invoke(self, event: bytes) -> Outcome:
        """Run the function on one event, within its time."""
        self.busy = True
        try:
            return self._invoke(event)
        finally:
            self.busy = False

    def kill(self) -> bool:
        """Kill the process, as one that takes too much memory; tell whether it was there."""
        there = self.usable
        self._process.kill()
        return there

    def _invoke(self, event: bytes) -> Outcome:
        request_id = str(uuid.uuid4())
        allowed = self._function.timeout + (_INIT_SECONDS if self._cold else 0.0)
        self._cold = False
        began = time.monotonic()
        deadline = int((time.time() + self._function.timeout) * 1000)
        self._api.submit(Invocation(request_id, event, deadline, self._function.arn))
        outcome = self._api.wait(seconds=allowed)
        milliseconds = (time.monotonic() - began) * 1000
        if outcome.kind == "timeout":
            self._write(f"{request_id} Task timed out after {self._function.timeout:.2f} seconds\n")
            message = (
                f"RequestId: {request_id} Error: Task timed out after {self._function.timeout:.2f} seconds"
            )
            outcome = Outcome("timeout", _error("Sandbox.Timedout", message))
        elif outcome.kind == "exit":
            self._write(f"RequestId: {request_id} Error: Runtime exited before it answered\n")
            message = f"RequestId: {request_id} Error: Runtime exited with error: {self._ending()}"
            outcome = Outcome("exit", _error("Runtime.ExitError", message))
        self._write(f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\n")
        if outcome.kind not in ("response", "error"):
            self.close()
        return outcome

    def close(self) -> None:
        """End the process; once is enough."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._api.close()

    def _ending(self) -> str:
        """Say how the process ended, as Lambda does."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "its output was closed"
        return "signal: killed" if code == -signal.SIGKILL else f"exit status {code}"

    def _copy_output(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as output:
                for line in output:
                    self._write(line.decode("utf-8", "replace"))
        self._api.report(Outcome("exit", _error("Runtime.ExitError", "Runtime exited")))


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _reserved(function: Function) -> Mapping[str, str]:
    """Return the variables that Lambda itself sets; a function cannot override them."""
    stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.task_root),
        "LAMBDA_RUNTIME_DIR": str(function.paths[-1]),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
