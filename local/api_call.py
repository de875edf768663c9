"""A request to the emulator, read as the AWS service would: operation, parameters, who signed it.

Operations and parameters are those of the API references: botocore's models of the services, read with moto's
own router and parsers.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model

from local.signature import Received, credential_scope

Environ = dict[str, Any]

# Signatures name some services otherwise than botocore's models do.
_MODELS = {"monitoring": "cloudwatch", "states": "stepfunctions"}
_SCOPE_PARTS = 5
_HOSTS = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What is asked of a service.

    Attributes
    ----------
    service
        As signatures name it: `kms`.
    operation
        As the API reference names it; method and path where the reference has no such request.
    parameters
        As the API reference names them; never for a log: they hold what is to be kept secret.
    access_key_id, region
        As the signature names them; empty where there is none.
    known
        Whether it could be read, and in one way only.
    protocol
        That it was read in (`json`, `query`, `rest-xml`, …); empty if it could not be read.
    received
        The request as it came, for its signature.
    """

    service: str
    operation: str
    access_key_id: str
    region: str
    known: bool = False
    protocol: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    received: Received | None = field(default=None, repr=False)
    source_ip: str = "127.0.0.1"
    user_agent: str = ""

    @property
    def is_json(self) -> bool:
        """Whether the service speaks JSON over one path."""
        return self.received is not None and "x-amz-target" in self.received.headers


def read(environ: Environ) -> ApiCall:
    """Read a request, and leave its body to be read again."""
    access_key_id, region, service = _scope(environ.get("HTTP_AUTHORIZATION", ""))
    body = _take_body(environ)
    request = Request(environ)
    operation, parameters, protocol = f"{request.method} {request.path}", None, ""
    named = _named_operation(request)
    try:
        operation, parameters, protocol = _parsed(service, request, named)
    except Exception:  # noqa: BLE001 - whatever cannot be read is answered by moto, and allowed to nobody
        operation = named or operation
    finally:
        environ["wsgi.input"] = io.BytesIO(body)
    return ApiCall(
        service=service,
        operation=operation,
        access_key_id=access_key_id,
        region=region,
        known=parameters is not None,
        protocol=protocol,
        parameters=parameters or {},
        received=_received(environ, body),
        source_ip=environ.get("REMOTE_ADDR", "127.0.0.1"),
        user_agent=environ.get("HTTP_USER_AGENT", ""),
    )


@cache
def protocol_of(service: str) -> str:
    """Name the protocol that a service speaks (`json`, `rest-json`, …); nothing for an unknown one."""
    try:
        return str(_model(service).protocol)
    except UnknownServiceError:
        return ""


def _scope(authorization: str) -> tuple[str, str, str]:
    """Return the access key id, the Region and the service that a signature names."""
    parts = credential_scope(authorization)
    return (parts[0], parts[2], parts[3]) if len(parts) == _SCOPE_PARTS else ("", "", "")


def _take_body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        body = stream.read(int(length))
    else:
        body = stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _named_operation(request: Request) -> str | None:
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    return request.values.get("Action")


class _AmbiguousError(Exception):
    """A request that moto might carry out otherwise than it is read here."""


def _parsed(service: str, request: Request, named: str | None) -> tuple[str, Mapping[str, Any], str]:
    model = _model(service)
    protocol = determine_request_protocol(model, request.content_type)
    _check_unambiguous(request, protocol=protocol, service=service)
    uri_parameters: dict[str, Any] = {}
    if protocol.startswith("rest"):
        matched, uri_parameters = get_service_router(model.service_name).match(request)
        named = str(matched.name)
    if named is None:
        raise _AmbiguousError
    parser = PROTOCOL_PARSERS[protocol]
    parameters = parser(model.operation_model(named)).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri_parameters,
        }
    )
    return named, {name: value for name, value in (parameters or {}).items() if value is not None}, protocol


def _check_unambiguous(request: Request, *, protocol: str, service: str) -> None:
    """Refuse a request that can be read in two ways: what is judged must be what is done.

    That is one which names its operation twice or in another protocol's way, whose parameters come from two
    places, whose body is packed, or which names a bucket or a Region by its host, or an account by a header
    of moto's own.
    """
    headers = request.headers
    actions = [*request.args.getlist("Action"), *request.form.getlist("Action")]
    expected = {"json": (True, 0), "query": (False, 1), "ec2": (False, 1)}
    one_place = not (request.args and request.form) and not (protocol == "json" and request.args)
    at_root = request.path == "/" or protocol not in expected
    if (
        ("x-amz-target" in headers, len(actions)) != expected.get(protocol, (False, 0))
        or not (one_place and at_root)
        or (service != "s3" and "content-encoding" in headers)
        or request.host.partition(":")[0] not in _HOSTS
        or "x-moto-account-id" in headers
    ):
        raise _AmbiguousError


@cache
def _model(service: str) -> ServiceModel:
    return get_service_model(_MODELS.get(service, service))


def _received(environ: Environ, body: bytes) -> Received:
    headers = {
        name[len("HTTP_") :].lower().replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.lower().replace("_", "-")] = str(environ[name])
    path, _, query = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")
    return Received(environ["REQUEST_METHOD"], path, query, headers, body)
