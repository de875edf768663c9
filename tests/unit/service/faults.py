"""Faults of AWS: attempts of one operation fail where they leave the process; the retries are real."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber


@dataclass
class Faults:
    """Lets attempts of one operation fail where they leave the process; the retries are the real ones."""

    client: Any
    operation: str
    attempts: int = 0
    undo: Callable[[], object] = field(default=lambda: None)

    def answer(self, status: int, code: str, *, times: int = 99) -> None:
        """Answer with an error instead of passing the request on."""

        def fail(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            if self.attempts > times:
                return botocore_stubber(event_name=event_name, request=request)
            body = json.dumps({"__type": code, "message": "for this test: marker-in-message"}).encode()
            return AWSResponse(request.url, status, {"x-amzn-requestid": "fault"}, MockRawResponse(body))

        self._register(fail)

    def lose_answer(self, *, times: int = 1) -> None:
        """Pass the request on, and lose the answer."""

        def lose(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            answer = botocore_stubber(event_name=event_name, request=request)
            if self.attempts <= times:
                raise ReadTimeoutError(endpoint_url=request.url)
            return answer

        self._register(lose)

    def unreachable(self, *, times: int = 99) -> None:
        """Reach no service at all."""

        def refuse(event_name: str, request: Any) -> AWSResponse:
            self.attempts += 1
            if self.attempts <= times:
                raise EndpointConnectionError(endpoint_url=request.url)
            return botocore_stubber(event_name=event_name, request=request)

        self._register(refuse)

    def _register(self, handler: Callable[..., Any]) -> None:
        # The emulator's own handler would carry out a request that this one has answered.
        service = self.client.meta.service_model.service_id.hyphenize()
        events = self.client.meta.events
        events.unregister("before-send", botocore_stubber)

        def send(event_name: str, request: Any, **_: Any) -> AWSResponse | None:
            chosen = event_name.endswith(f".{self.operation}")
            return (handler if chosen else botocore_stubber)(event_name=event_name, request=request)

        name = f"before-send.{service}"
        events.register_last(name, send)
        self.undo = lambda: (events.unregister(name, send), events.register("before-send", botocore_stubber))
