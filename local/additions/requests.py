"""moto carries out what was judged: the operation and the Region that were read, by no reading of its own.

moto looks for both in more places than AWS does: for the operation in the query string, in the form, in JSON
that is read as a form, and in headers; for the Region in the host's name and the user agent. So a request
could be judged as one and carried out as another.

It also lists the methods of a service's class at each request: here once for each class.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import method_names_from_class

from local.api_call import ApiCall

_JUDGED: ContextVar[ApiCall | None] = ContextVar("judged", default=None)


@contextmanager
def as_judged(call: ApiCall) -> Iterator[None]:
    """Let moto, in this thread, carry out this call and no other."""
    token = _JUDGED.set(call)
    try:
        yield
    finally:
        _JUDGED.reset(token)


def install() -> None:
    """Change how moto reads requests."""
    read, named, region = (
        BaseResponse.setup_class,
        BaseResponse._get_action,
        BaseResponse.get_region_from_url,
    )

    def setup_class(self: BaseResponse, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        read(self, request, *args, **kwargs)
        call = _JUDGED.get()
        if call is not None and call.protocol == "json":
            # JSON that was read as a form. What the request says is in its body.
            self.querystring = self.data = {}

    def _get_action(self: BaseResponse) -> str:
        call = _JUDGED.get()
        if call is not None and call.protocol in ("json", "query", "ec2"):
            return call.operation
        return named(self)

    def get_region_from_url(self: BaseResponse, request: Request, full_url: str) -> str:
        call = _JUDGED.get()
        return call.region if call is not None and call.region else region(self, request, full_url)

    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    BaseResponse.setup_class = setup_class  # type: ignore[method-assign]
    BaseResponse._get_action = _get_action  # type: ignore[method-assign]
    BaseResponse.get_region_from_url = get_region_from_url  # type: ignore[method-assign]
