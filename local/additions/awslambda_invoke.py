"""Lambda: Invoke runs the deployed function's code; moto would want Docker for it.

Who runs it says so with `run_with`: functions are served only once everything is deployed.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse


@dataclass(frozen=True, slots=True)
class Invoked:
    """What Lambda answers: status, payload, and headers beside the usual ones."""

    status: int
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, code: str, message: str) -> Invoked:
    """Return an error of Lambda's own, as against one of the function."""
    body = json.dumps({"Type": "User", "message": message, "Message": message}).encode()
    return Invoked(status, body, {"x-amzn-errortype": code})


#: Runs a function (its name or ARN, the type of invocation, the event).
Run = Callable[[str, str, bytes], Invoked]

_NOT_SERVED = refused(502, "ServiceException", "The functions are not served: the deployment is not done.")
_RUNNERS: list[Run] = []


def install() -> None:
    """Change moto's Invoke."""
    LambdaResponse.invoke = invoke  # type: ignore[method-assign]


def run_with(run: Run) -> Callable[[], None]:
    """Let `run` run the functions; return what ends that."""
    _RUNNERS.append(run)
    return lambda: _RUNNERS.remove(run)


def invoke(self: LambdaResponse) -> Any:  # noqa: ANN401 - status, headers, body
    """Answer Invoke."""
    name = unquote(self.path.rsplit("/", 2)[-2])
    kind = str(self.headers.get("X-Amz-Invocation-Type", "RequestResponse"))
    event: Any = self.body
    event = event.encode() if isinstance(event, str) else bytes(event or b"")
    answer = _RUNNERS[-1](name, kind, event or b"{}") if _RUNNERS else _NOT_SERVED
    return answer.status, {"content-type": "application/json", **answer.headers}, answer.payload
