"""Signature Version 4 as the API checks it: the signature is computed again and compared.

What must stay true: nothing of a request is believed before its signature is; the signature covers method,
path, query, the headers that name it, and the hash of the body that arrived; the comparison takes constant
time; an answer never says which part was wrong beyond what AWS says.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_plus

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

SERVICE = "execute-api"
_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = timedelta(minutes=5)
_TIME = "%Y%m%dT%H%M%SZ"
_SCOPE_PARTS = 5
# S3's clients may leave the body out, or have it carry a checksum of its own.
_UNSIGNED_BODIES = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")


class SignatureError(Exception):
    """The request is not signed, or not so that it can be believed.

    ``response_type`` is API Gateway's name of the answer.
    """

    def __init__(self, response_type: str, message: str) -> None:
        super().__init__(message)
        self.response_type = response_type
        self.message = message


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed: as the request context names them."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    expires: datetime | None
    arn: str
    unique_id: str
    account: str


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: path and query undecoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def verify(
    request: Received,
    *,
    region: str,
    find: Callable[[str], Caller | None],
    service: str = SERVICE,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Caller:
    """Return who signed the request.

    Parameters
    ----------
    request
        As it arrived.
    region
        The Region that the signature must name.
    find
        Looks up an access key id.
    service
        The service that the signature must name.
    now
        The clock.

    Raises
    ------
    SignatureError
        If it is unsigned, too old, of an unknown key, changed on the way or wrongly signed.
    """
    scope, signed_headers, signature = _authorization(request.headers.get("authorization"))
    access_key_id, date, scope_region, scope_service, _ = scope
    if (scope_region, scope_service) != (region, service):
        raise _invalid(f"Credential should be scoped to a valid region and service: {region}/{service}.")
    timestamp = request.headers.get("x-amz-date", "")
    _check_time(timestamp, date=date, now=now())
    caller = find(access_key_id)
    if caller is None:
        raise SignatureError("ACCESS_DENIED", "The security token included in the request is invalid.")
    _check_session(caller, token=request.headers.get("x-amz-security-token"), now=now())
    _check_coverage(request, signed_headers=signed_headers)
    signer = (_S3Signer if service == "s3" else _Signer)(
        Credentials(caller.access_key_id, caller.secret_access_key), service, region
    )
    expected = _signature(request, signer=signer, signed_headers=signed_headers, at=timestamp)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method."
        )
    return caller


def _invalid(message: str) -> SignatureError:
    return SignatureError("INVALID_SIGNATURE", message)


def credential_scope(header: str) -> list[str]:
    """Return access key id, date, Region, service and the end of the scope; fewer parts if it is unclear."""
    return _fields(header).get("Credential", "").split("/")


def _fields(header: str) -> dict[str, str]:
    """Return the fields of an Authorization header; none if one is given twice, for who would be meant."""
    pairs = [part.strip().partition("=") for part in header.removeprefix(_ALGORITHM).split(",")]
    fields = {name: value for name, _, value in pairs}
    return fields if len(fields) == len(pairs) else {}


def _authorization(header: str | None) -> tuple[list[str], list[str], str]:
    """Return credential scope, signed headers and signature of an Authorization header."""
    if not header or not header.startswith(_ALGORITHM):
        raise SignatureError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    fields = _fields(header)
    scope = credential_scope(header)
    if len(scope) != _SCOPE_PARTS or not fields.get("SignedHeaders") or not fields.get("Signature"):
        message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
        raise SignatureError("INVALID_SIGNATURE", message)
    return scope, fields["SignedHeaders"].split(";"), fields["Signature"]


def _check_time(timestamp: str, *, date: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(timestamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _invalid("The request needs an 'X-Amz-Date' header in the form YYYYMMDDTHHMMSSZ.") from None
    if not timestamp.startswith(date):
        raise _invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.")
    if signed_at < now - _SKEW:
        limit = (now - _SKEW).strftime(_TIME)
        raise _invalid(f"Signature expired: {timestamp} is now earlier than {limit} (5 min.)")
    if signed_at > now + _SKEW:
        limit = (now + _SKEW).strftime(_TIME)
        raise _invalid(f"Signature not yet current: {timestamp} is still later than {limit} (5 min.)")


def _check_session(caller: Caller, *, token: str | None, now: datetime) -> None:
    """The token belongs to temporary credentials, and to no others."""
    if not hmac.compare_digest((token or "").encode(), (caller.session_token or "").encode()):
        raise SignatureError("ACCESS_DENIED", "The security token included in the request is invalid.")
    if caller.expires is not None and caller.expires <= now:
        raise SignatureError("EXPIRED_TOKEN", "The security token included in the request is expired")


def _check_coverage(request: Received, *, signed_headers: list[str]) -> None:
    """Refuse a signature that leaves out what says where the request goes, or a body that is another's."""
    required = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    missing = sorted(required - set(signed_headers)) or sorted(set(signed_headers) - set(request.headers))
    if missing:
        raise _invalid(f"'{missing[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    stated = request.headers.get("x-amz-content-sha256")
    if stated in _UNSIGNED_BODIES:
        return
    if stated is not None and stated != hashlib.sha256(request.body).hexdigest():
        raise _invalid("The value in the x-amz-content-sha256 header does not match the body.")


def _signature(request: Received, *, signer: "_Signer", signed_headers: list[str], at: str) -> str:
    rebuilt = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.path}{_canonical_query(request.query)}",
        data=request.body,
        headers={name: request.headers[name] for name in signed_headers},
    )
    rebuilt.context["timestamp"] = at
    canonical = signer.canonical_request(rebuilt)
    return str(signer.signature(signer.string_to_sign(rebuilt, canonical), rebuilt))


class _Signer(SigV4Auth):
    """botocore's signer, signing the headers that the request says it signed, and no choice of its own."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """Return all headers of the rebuilt request."""
        return request.headers


class _S3Signer(_Signer):
    """S3 signs paths as they are."""

    def _normalize_url_path(self, path: str) -> str:
        return path


def _canonical_query(query: str) -> str:
    """Decode and encode the query as AWS does, so that only its meaning is signed."""
    if not query:
        return ""
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = [(_encode(unquote_plus(name)), _encode(unquote_plus(value))) for name, _, value in pairs]
    return "?" + "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
