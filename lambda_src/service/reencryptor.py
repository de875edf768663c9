"""The function that encrypts records anew. The state machine calls it; no caller of the API can.

What must stay true: a call ends with one log line and its metrics, whatever happens; what it raises or
returns carries neither a key, nor content, nor the text of an exception.
"""

from collections.abc import Mapping
from typing import Any

from service.machine_errors import SegmentRefused, Unavailable
from service.reencryption_job import parse_job
from service.reencryption_segment import Segment
from service.telemetry import LambdaContext
from service.wiring import start

_container = start()
_telemetry = _container.telemetry


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Work on a segment within the time of one invocation.

    Returns
    -------
    dict
        Where the segment is, and what was done: docs/operations.md, "Re-encryption".

    Raises
    ------
    SegmentRefused
        The event is wrong: trying again does not help.
    Unavailable
        KMS, the key store or the table cannot be used now.
    """
    _telemetry.begin(operation="reencrypt", request_id=context.aws_request_id, context=context)
    try:
        segment = Segment(
            _container,
            parse_job(event),
            report=_telemetry.integrity_failure,
            interrupted=_telemetry.reencryption_interrupted,
        )
        answer = segment.run()
    except (SegmentRefused, Unavailable) as error:
        _telemetry.reencryption_failure(error)
        raise
    except Exception as error:  # noqa: BLE001 - what leaves here, the runtime would print with its text
        _telemetry.reencryption_failure(error)
    else:
        _telemetry.finish_reencryption(answer)
        return answer
    raise Unavailable("internal-error")
