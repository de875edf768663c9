"""What operators see of a request: a log line, its metrics, and a line for a record that does not verify.

What must stay true: nothing here can carry record content. The log line says operation, status and times; ids
of tenant and record stand only beside an integrity failure, that of a tenant also beside a change of its
branch key (CloudTrail shows them for every use of the key anyway); of an exception only its class and where
it was raised are written, never its text.
"""

import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from envelope import BranchKeyItemError
from service.failures import BranchKeyNotVerified, NotVerified, error_code
from service.problems import Problem
from service.time_limit import TimeLimit

_SERVER_ERROR = 500
_CLIENT_ERROR = 400
# Whose place in the code a line names: not that of what writes it for others.
_CALLER = 3


class LambdaContext(Protocol):
    """What is used of the context that the Lambda runtime passes."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the runtime ends the request."""


class Telemetry:
    """The log and the metrics of one function; `begin` and `finish` enclose a request.

    Parameters
    ----------
    time_limit
        Counts the calls to KMS, and learns here how long the request may take.
    """

    def __init__(self, time_limit: TimeLimit) -> None:
        self._time_limit = time_limit
        self._logger = Logger()
        self._metrics = Metrics()
        self._started = 0.0
        self._integrity_failures = 0
        self._operation = ""
        self._request_id = ""
        self._lambda_request_id = ""
        self._problem: str | None = None

    def begin(self, *, operation: str, request_id: str, context: LambdaContext) -> None:
        """Begin a request."""
        self._started = time.perf_counter()
        self._integrity_failures = 0
        self._operation = operation
        self._request_id = request_id
        self._lambda_request_id = context.aws_request_id
        self._problem = None
        self._time_limit.begin(remaining_ms=context.get_remaining_time_in_millis())

    def integrity_failure(self, failure: NotVerified) -> None:
        """Report a record, or a branch key, whose stored bytes do not verify."""
        self._integrity_failures += 1
        self._logger.error(
            "integrity failure",
            operation=self._operation,
            request_id=self._request_id,
            tenant=failure.tenant,
            record=failure.record,
            reason=failure.reason,
        )

    def branch_key_changed(self, tenant: str) -> None:
        """Tell of which tenant a branch key was created, rotated, moved or shredded."""
        self._logger.info(
            "branch key changed", operation=self._operation, request_id=self._request_id, tenant=tenant
        )

    def failure(self, problem: Problem, error: Exception) -> None:
        """Report why a request fails that was in order: what failed behind us, or in this program."""
        self._error("request failed", error, problem=problem.kind.slug)

    def rotation_failure(self, tenant: str, error: Exception) -> None:
        """Report a branch key that could not be rotated; without a tenant it is the whole run."""
        self._error("branch key not rotated", error, tenant=tenant or None)
        if isinstance(error, BranchKeyItemError):
            self.integrity_failure(BranchKeyNotVerified(tenant=tenant, reason=type(error).__name__))

    def reencryption_failure(self, error: Exception) -> None:
        """Report a call on a segment that did nothing, and end it."""
        self._error("segment not worked on", error)
        self._flush(self._latency_ms(), ReencryptionFailures=1)

    def reencryption_interrupted(self, error: Exception) -> None:
        """Report what ended a call on a segment before its time; what it had done counts."""
        self._error("segment interrupted", error)

    def planning_failure(self, error: Exception) -> None:
        """Report that a run could not be planned or summed up, and end the call."""
        self._error("run not planned", error)
        self._flush(self._latency_ms(), PlanningFailures=1)

    def planning_ended(self, *, refused: bool) -> None:
        """End a call that planned a run or summed it up, or refused to."""
        self._flush(self._run_ended("run", refused=refused), PlanningFailures=0)

    def problem(self, problem: Problem) -> None:
        """Note the problem that the request is answered with."""
        self._problem = problem.kind.slug

    def finish(self, *, status: int) -> None:
        """End a request: write its log line and its metrics."""
        latency_ms = self._latency_ms()
        self._logger.info(
            "request",
            operation=self._operation,
            status=status,
            problem=self._problem,
            latency_ms=latency_ms,
            kms_calls=self._time_limit.kms_calls,
            sts_calls=self._time_limit.sts_calls,
            integrity_failures=self._integrity_failures,
            request_id=self._request_id,
            lambda_request_id=self._lambda_request_id,
        )
        self._metrics.add_dimension(name="operation", value=self._operation)
        self._flush(
            latency_ms,
            Requests=1,
            Errors4xx=int(_CLIENT_ERROR <= status < _SERVER_ERROR),
            Errors5xx=int(status >= _SERVER_ERROR),
        )

    def finish_run(self, summary: Mapping[str, Any]) -> None:
        """End a scheduled run of rotation: write its log line and its metrics."""
        self._flush(
            self._run_ended("rotation", **summary),
            BranchKeysRotated=summary["rotated"],
            BranchKeyRotationFailures=summary["failures"],
            BranchKeysDue=summary["due"],
        )

    def finish_reencryption(self, answer: Mapping[str, Any]) -> None:
        """End a call on a segment: write its log line and its metrics."""
        counts = answer["counts"]
        told = {name: answer[name] for name in ("run", "segment", "step", "done", "dry_run")}
        self._flush(
            self._run_ended("reencryption", **told, **counts),
            ReencryptionSeen=counts["seen"],
            ReencryptionRewritten=0 if answer["dry_run"] else counts["rewritten"],
            ReencryptionRefused=counts["refused"],
            ReencryptionConflicts=counts["conflicts"],
        )

    def _error(self, message: str, error: Exception, **more: Any) -> None:  # noqa: ANN401 - ids and names
        self._logger.error(
            message,
            operation=self._operation,
            request_id=self._request_id,
            stacklevel=_CALLER,
            **more,
            **_told(error),
        )

    def _run_ended(self, message: str, **members: Any) -> float:  # noqa: ANN401 - numbers, and what they count
        """Write the line of a call that no request waits for; return how many milliseconds it took."""
        latency_ms = self._latency_ms()
        self._logger.info(
            message,
            operation=self._operation,
            stacklevel=_CALLER,
            **members,
            latency_ms=latency_ms,
            kms_calls=self._time_limit.kms_calls,
            sts_calls=self._time_limit.sts_calls,
            integrity_failures=self._integrity_failures,
            lambda_request_id=self._lambda_request_id,
        )
        return latency_ms

    def _latency_ms(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 1)

    def _flush(self, latency_ms: float, **counts: int) -> None:
        metrics = self._metrics
        counts |= {"KmsCalls": self._time_limit.kms_calls, "IntegrityFailures": self._integrity_failures}
        for name, count in counts.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=latency_ms)
        metrics.flush_metrics()
        metrics.clear_metrics()  # flushing clears too, unless the environment has switched metrics off


def _told(error: Exception) -> dict[str, Any]:
    """What may be told of an exception: classes, codes and places."""
    causes: Sequence[BaseException] = getattr(error, "causes", None) or [error]
    return {
        "error": type(error).__name__,
        "causes": [error_code(cause) for cause in causes],
        "frames": _frames(error),
    }


def _frames(error: Exception) -> list[str]:
    """Where an exception came from, as places in the code: no values, no text of the exception."""
    return [
        f"{frame.f_code.co_name} ({frame.f_code.co_filename.rpartition('/')[2]}:{line})"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
