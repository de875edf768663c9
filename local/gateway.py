"""What API Gateway answers by itself: refusals and failures, in the deployed form or in its own."""

import json
import re
from collections.abc import Mapping

from local.deployed_api import Api, GatewayResponse
from local.proxy import Response

_VARIABLE = re.compile(r"\$context\.([A-Za-z_]+(?:\.[A-Za-z_]+)*)")
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_SERVER_ERRORS = 500


class GatewayError(Exception):
    """API Gateway answers instead of the function.

    ``response_type`` is its name among the gateway responses, ``status`` what it has unless one is deployed.
    """

    def __init__(self, response_type: str, status: int, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.response_type = response_type
        self.status = status
        self.message = message
        self.detail = detail


def render(error: GatewayError, *, api: Api | None, context: Mapping[str, str]) -> Response:
    """Return the answer for an error: the deployed gateway response, its default, or API Gateway's JSON."""
    deployed = _deployed(error, api)
    variables = {
        **context,
        "error.message": error.message,
        "error.messageString": json.dumps(error.message),
        "error.responseType": error.response_type,
        "error.validationErrorString": error.detail,
    }
    media_type, template = next(iter(deployed.templates.items()), ("application/json", _DEFAULT_TEMPLATE))
    headers = {"content-type": ("Content-Type", media_type)}
    for parameter, value in deployed.headers.items():
        name = parameter.removeprefix("gatewayresponse.header.")
        headers[name.lower()] = (name, _mapped(value, variables))
    status = deployed.status or error.status
    return Response(status, tuple(headers.values()), fill(template, variables).encode())


def fill(template: str, variables: Mapping[str, str]) -> str:
    """Put values in the place of ``$context.…``; a name without a value becomes a hyphen, as in AWS."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], "-"), template)


def _mapped(value: str, variables: Mapping[str, str]) -> str:
    """Return a header's value: a literal in quotes, or one that is mapped from the context."""
    if value.startswith("'"):
        return value.strip("'")
    return variables.get(value.removeprefix("context."), "")


def _deployed(error: GatewayError, api: Api | None) -> GatewayResponse:
    group = "DEFAULT_5XX" if error.status >= _SERVER_ERRORS else "DEFAULT_4XX"
    responses = api.gateway_responses if api else {}
    nothing = GatewayResponse(status=None, templates={}, headers={})
    return responses.get(error.response_type) or responses.get(group) or nothing
