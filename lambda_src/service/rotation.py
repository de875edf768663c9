"""The scheduled function that rotates branch keys. Its role can open none, nor a record.

What must stay true: a run ends with one log line and its metrics, whatever happens; what it raises or returns
carries neither a key nor the text of an exception.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from service.branch_key_rotation import BranchKeyRotation, RotationRun
from service.configuration import needed
from service.telemetry import LambdaContext
from service.times import utc_now
from service.wiring import start

_container = start()
_telemetry = _container.telemetry
_days = needed(_container.configuration.branch_keys.rotation_days, setting="BRANCH_KEY_ROTATION_DAYS")


def handler(_event: Mapping[str, Any], context: LambdaContext) -> dict[str, int | bool]:
    """Rotate what is due, within the time of one invocation.

    Returns
    -------
    dict
        The members of `RotationRun`.
    """
    _telemetry.begin(operation="rotate_branch_keys", request_id=context.aws_request_id, context=context)
    try:
        run = BranchKeyRotation(
            _container.own.branch_keys,
            store_of=lambda tenant: _container.of(tenant).branch_keys,
            days=_days,
            now=utc_now(),
            time_limit=_container.time_limit,
            report=_telemetry.rotation_failure,
        ).run()
    except Exception as error:  # noqa: BLE001 - what leaves here, the runtime would print with its text
        _telemetry.rotation_failure("", error)
        run = RotationRun(failures=1)
    summary = asdict(run)
    _telemetry.finish_run(summary)
    return summary
