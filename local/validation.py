"""API Gateway's request validators: required parameters, and the body against its model."""

import json

from jsonschema import Draft4Validator

from local.deployed_api import Method
from local.gateway import GatewayError
from local.proxy import Request, query_parameters

_BAD_REQUEST = 400


def validate(request: Request, method: Method, *, path_parameters: frozenset[str]) -> None:
    """Check a request as the method's validator asks for.

    Raises
    ------
    GatewayError
        If a required parameter is missing or the body does not fit its model.
    """
    if method.validator.parameters:
        missing = _missing(request, method, path_parameters=path_parameters)
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            raise GatewayError("BAD_REQUEST_PARAMETERS", _BAD_REQUEST, message)
    if method.validator.body:
        _check_body(request, method)


def _missing(request: Request, method: Method, *, path_parameters: frozenset[str]) -> list[str]:
    given = {
        "querystring": {name for name, _ in query_parameters(request.query)},
        "header": {name.lower() for name, _ in request.headers},
        "path": path_parameters,
    }
    missing = []
    for parameter in method.required_parameters:
        _, _, place, name = parameter.split(".", 3)
        if (name.lower() if place == "header" else name) not in given[place]:
            missing.append(name)
    return missing


def _check_body(request: Request, method: Method) -> None:
    media_type = (request.header("content-type") or "application/json").split(";")[0].strip().lower()
    model = method.models.get(media_type)
    if model is None:
        return
    try:
        content = json.loads(request.body or b"null")
    except (ValueError, RecursionError) as error:
        raise GatewayError("BAD_REQUEST_BODY", _BAD_REQUEST, "Invalid request body") from error
    problem = next(Draft4Validator(model).iter_errors(content), None)
    if problem is not None:
        detail = f"[{problem.message}]"
        raise GatewayError("BAD_REQUEST_BODY", _BAD_REQUEST, "Invalid request body", detail=detail)
