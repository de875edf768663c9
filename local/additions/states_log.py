"""Step Functions: executions write their history to the log group of their machine, as far as its level says.

Source: Step Functions Developer Guide, "Using CloudWatch Logs to log execution history".
"""

import json
import time
from contextlib import suppress
from typing import Any, cast

from moto.logs.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.logs.models import logs_backends
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.logging import CloudWatchLoggingConfiguration as Configuration
from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

_STREAM = "states/embedded"
_DATA = ("parameters",)


class Log:
    """The log of one execution: what moto asks of its own session of CloudWatch Logs."""

    def __init__(self, execution_arn: str, configuration: Configuration) -> None:
        self.execution_arn = execution_arn
        self.configuration = configuration

    def of_child(self, execution_arn: str) -> "Log":
        """Return the log of a child of a map."""
        return Log(execution_arn, self.configuration)

    def log_level_filter(self, history_event_type: HistoryEventType) -> bool:
        """Tell whether events of this type are logged."""
        return bool(is_logging_enabled_for(self.configuration.log_level, history_event_type))

    def publish_history_log(self, history_log: dict[str, Any]) -> None:
        """Write an event."""
        now = int(time.time() * 1000)
        written = json.loads(to_json_str({**history_log, "event_timestamp": str(now), "redrive_count": "0"}))
        if not self.configuration.include_execution_data:
            for name in _DATA:
                written.get("details", {}).pop(name, None)
        group, where = self.configuration.log_group_name, self.configuration
        backend = logs_backends[where.log_account_id][where.log_region]
        with suppress(ResourceNotFoundException):
            with suppress(ResourceAlreadyExistsException):
                backend.create_log_stream(group, _STREAM)
            backend.put_log_events(group, _STREAM, [{"timestamp": now, "message": json.dumps(written)}])


def log_of(execution_arn: str, *, machine: str, logging: dict[str, Any] | None) -> Log | None:
    """Return the log of an execution, if its machine's configuration has one."""
    found = Configuration.from_logging_configuration(machine, cast("Any", logging or {}))
    return None if found is None else Log(execution_arn, found)
