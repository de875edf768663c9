"""How AWS says no: status, error code and message, in each service's protocol.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from local.api_call import ApiCall, protocol_of
from local.enforcement.ask import Ask
from local.policy import Decision, Principal

_BAD_REQUEST, _FORBIDDEN = 400, 403
_INVALID_SIGNATURE = ("InvalidSignatureException", "SignatureDoesNotMatch")
# API Gateway's names of what is wrong with a signature: as services of JSON say it, and the others.
_SIGNATURES = {
    "MISSING_AUTHENTICATION_TOKEN": ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
    "INVALID_SIGNATURE": _INVALID_SIGNATURE,
    "ACCESS_DENIED": ("UnrecognizedClientException", "InvalidClientTokenId"),
    "EXPIRED_TOKEN": ("ExpiredTokenException", "ExpiredToken"),
}
_OF_DYNAMODB = "com.amazon.coral.service#"


@dataclass(frozen=True, slots=True)
class Denial:
    """An answer that refuses."""

    status: int
    code: str
    message: str
    content_type: str
    body: bytes


def not_allowed(call: ApiCall, principal: Principal, ask: Ask, decision: Decision) -> Denial:
    """Answer what policies refuse."""
    code = "AccessDeniedException"
    if call.service == "states" and ask.action.startswith("kms:"):
        code = "KmsAccessDeniedException"
    return _answer(call, (code, "AccessDenied"), message(principal, ask, decision))


def message(principal: Principal, ask: Ask, decision: Decision) -> str:
    """Say who may not do what, and by which kind of policy, as AWS does."""
    if decision.outcome == "explicitly denied":
        article = "an" if decision.kind.startswith("identity") else "a"
        why = f"with an explicit deny in {article} {decision.kind}"
    else:
        why = f"because no {decision.kind} allows the {ask.action} action"
    on = "" if ask.resource == "*" else f" on resource: {ask.resource}"
    return f"User: {principal.arn} is not authorized to perform: {ask.action}{on} {why}"


def not_judged(call: ApiCall, why: str) -> Denial:
    """Answer what cannot be decided."""
    text = f"The embedded AWS does not know what {call.service}:{call.operation} needs, so nobody may: {why}"
    return _answer(call, ("AccessDeniedException", "AccessDenied"), text)


def not_signed(call: ApiCall, response_type: str, text: str) -> Denial:
    """Answer a signature that is not believed."""
    return _answer(call, _SIGNATURES.get(response_type, _INVALID_SIGNATURE), text)


def _answer(call: ApiCall, codes: tuple[str, str], text: str) -> Denial:
    json_code, xml_code = codes
    if call.is_json:
        code = f"{_OF_DYNAMODB}{json_code}" if call.service == "dynamodb" else json_code
        body = json.dumps({"__type": code, "message": text, "Message": text})
        return Denial(_BAD_REQUEST, json_code, text, "application/x-amz-json-1.1", body.encode())
    if protocol_of(call.service) == "rest-json":
        body = json.dumps({"__type": json_code, "message": text, "Message": text})
        return Denial(_FORBIDDEN, json_code, text, "application/json", body.encode())
    error = f"<Code>{xml_code}</Code><Message>{escape(text)}</Message>"
    if call.service == "s3":
        body = f"<?xml version='1.0' encoding='UTF-8'?><Error>{error}<RequestId>0</RequestId></Error>"
        return Denial(_FORBIDDEN, xml_code, text, "application/xml", body.encode())
    code = "AuthorizationError" if call.service == "sns" and xml_code == "AccessDenied" else xml_code
    error = f"<Code>{code}</Code><Message>{escape(text)}</Message>"
    body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>0</RequestId></ErrorResponse>"
    return Denial(_FORBIDDEN, code, text, "text/xml", body.encode())
