"""A record of CloudTrail, version 1.11, of one call and its answer.

What must stay true: no record holds a plaintext, a ciphertext or an attribute's value beyond an item's key.
Source: CloudTrail User Guide, "CloudTrail record contents", "CloudTrail userIdentity element"; KMS Developer
Guide, "Logging AWS KMS API calls"; DynamoDB Developer Guide, "Logging DynamoDB operations".
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.api_call import ApiCall
from local.emulator import ACCOUNT, Answer
from local.enforcement.ask import Ask
from local.enforcement.identities import Identity
from local.policy import Principal
from local.trail.parameters import request_parameters

Record = dict[str, Any]

_TYPES = {
    "dynamodb": "AWS::DynamoDB::Table",
    "kms": "AWS::KMS::Key",
    "lambda": "AWS::Lambda::Function",
    "s3": "AWS::S3::Object",
    "sts": "AWS::IAM::Role",
}
_DATA = {
    "dynamodb": re.compile(
        r"(Batch)?(Get|Put|Update|Delete|Write)Item|Query|Scan|Batch(Get|Write)Item|Transact(Get|Write)Items"
        r"|(Batch)?Execute(Statement|Transaction)"
    ),
    "lambda": re.compile(r"Invoke(Async)?"),
    "s3": re.compile(
        r"(Get|Head|Put|Delete|Copy|Restore|Select)Object.*|(Upload|List)Part.*|.*MultipartUpload"
        r"|DeleteObjects|ListObject(s|sV2|Versions)"
    ),
    "sns": re.compile(r"Publish(Batch)?"),
    "sqs": re.compile(r"(Send|Receive|Delete)Message(Batch)?|ChangeMessageVisibility(Batch)?"),
}
# What CloudTrail calls otherwise than the API.
_NAMES = {"ListObjectsV2": "ListObjects"}
_MANAGEMENT = re.compile(r"(Get|Put)Object(LockConfiguration)")
_READS = re.compile(
    r"(Get|List|Describe|Head|Query|Scan|BatchGet|TransactGet|Lookup|Filter|Search|Select|Assume|Verify)"
    r"|Decrypt|Encrypt$|ReEncrypt|GenerateDataKey|GenerateRandom|GenerateMac|Sign$"
)
_GLOBAL = {"iam": "us-east-1"}
# Of a request that names no Region, because it is not signed.
_UNSAID = "us-east-1"
_API_VERSIONS = {"dynamodb": "2012-08-10"}
_FAILED = 400
_XML_CODE = re.compile(r"<Code>([^<]*)</Code>")
_XML_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")


def of_call(call: ApiCall, answer: Answer, *, identity: Identity, needs: Sequence[Ask]) -> Record:
    """Write the record of a call."""
    code, message = _error(answer)
    # Of a call that KMS refuses a record says who and what, and neither parameters nor key.
    refused = code == "AccessDenied" and call.service == "kms"
    record = _record(
        call.service,
        call.operation,
        identity={**_identity(identity.principal), "accessKeyId": call.access_key_id},
        region=call.region or _UNSAID,
    )
    by = identity.invoked_by
    if by is not None:
        record["userIdentity"]["invokedBy"] = by
    record |= {
        "sourceIPAddress": by or call.source_ip,
        "userAgent": by or call.user_agent,
        "requestParameters": None if refused else request_parameters(call) or None,
    }
    if code is not None:
        record |= {"errorCode": code, "errorMessage": message}
    if call.service == "s3" and record["eventCategory"] == "Data":
        record["additionalEventData"] = _transferred(call, answer)
    data = record["eventCategory"] == "Data"
    asked = [ask.resource for ask in needs]
    resources = [] if refused else _resources(call.service, asked, of_objects=data)
    if resources:
        record["resources"] = resources
    return record


def _transferred(call: ApiCall, answer: Answer) -> dict[str, Any]:
    """Say how many bytes a call of S3 brought and took: of a read of a range, that of the range.

    Source: S3 User Guide, "Example log file entries for Amazon S3".
    """
    received = call.received
    # A body that is signed piece by piece has its signatures within.
    decoded = received.headers.get("x-amz-decoded-content-length") if received is not None else None
    came = 0 if received is None else len(received.body)
    return {
        "AuthenticationMethod": "AuthHeader",
        "SignatureVersion": "SigV4",
        "bytesTransferredIn": came if decoded is None else int(decoded),
        "bytesTransferredOut": 0 if call.operation == "HeadObject" else len(answer.body),
    }


def of_act(identity: Identity, ask: Ask, *, region: str) -> Record:
    """Write the record of what a service did by itself or in a role's name."""
    service, _, action = ask.action.partition(":")
    name = "Invoke" if action == "InvokeFunction" else action
    record = _record(service, name, identity=_identity(identity.principal), region=region)
    through = ask.context.get("kms:ViaService")
    by = f"{through.partition('.')[0]}.amazonaws.com" if isinstance(through, str) else identity.principal.arn
    if isinstance(through, str):
        record["userIdentity"]["invokedBy"] = by
    parameters: dict[str, Any] = {}
    prefix = "kms:EncryptionContext:"
    context = {key.removeprefix(prefix): text for key, text in ask.context.items() if key.startswith(prefix)}
    if context:
        parameters = {"encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    elif service == "lambda":
        parameters = {"functionName": ask.resource}
    elif service == "sts":
        parameters = {"roleArn": ask.resource}
    return {
        **record,
        "sourceIPAddress": by,
        "userAgent": by,
        "requestParameters": parameters or None,
        "resources": _resources(service, [ask.resource]),
    }


def _record(service: str, name: str, *, identity: dict[str, Any], region: str) -> Record:
    data = name if not _MANAGEMENT.match(name) else ""
    is_data = service in _DATA and _DATA[service].fullmatch(data) is not None
    record = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": _NAMES.get(name, name),
        "awsRegion": _GLOBAL.get(service, region),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": _READS.match(name) is not None,
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if is_data else "Management",
    }
    if service in _API_VERSIONS:
        record["apiVersion"] = _API_VERSIONS[service]
    return record


def _identity(principal: Principal) -> dict[str, Any]:
    if principal.kind == "service":
        return {"type": "AWSService", "invokedBy": principal.arn}
    if principal.kind == "anonymous":
        return {"type": "Unknown"}
    if principal.account != ACCOUNT:
        return {"type": "AWSAccount", "principalId": principal.unique_id, "accountId": principal.account}
    about = {"principalId": principal.unique_id, "arn": principal.arn, "accountId": principal.account}
    if principal.kind == "root":
        return {"type": "Root", **about}
    name = (principal.role_arn or principal.arn).rpartition("/")[2]
    if principal.role_arn is None:
        return {"type": "IAMUser", **about, "userName": name}
    issuer = {
        "type": "Role",
        "principalId": str(principal.unique_id).partition(":")[0],
        "arn": principal.role_arn,
        "accountId": principal.account,
        "userName": name,
    }
    return {
        "type": "AssumedRole",
        **about,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
    }


def _resources(service: str, arns: Sequence[str], *, of_objects: bool = False) -> list[dict[str, str]]:
    kind = _TYPES.get(service)
    found: list[dict[str, str]] = []
    for arn in dict.fromkeys(arns):
        if kind is None or not arn.startswith(f"arn:aws:{'iam' if service == 'sts' else service}:"):
            continue
        of_bucket = service == "s3" and "/" not in arn
        if of_bucket and of_objects and not found:
            # A list is about objects that it does not name.
            found.append({"type": "AWS::S3::Object", "ARNPrefix": f"{arn}/"})
        found.append({"accountId": ACCOUNT, "type": "AWS::S3::Bucket" if of_bucket else kind, "ARN": arn})
    return found


def _error(answer: Answer) -> tuple[str | None, str | None]:
    """Return an answer's error code and message, as records have them."""
    if answer.status < _FAILED:
        return None, None
    text = answer.body.decode("utf-8", "replace")
    try:
        document: Mapping[str, Any] = json.loads(text)
        header = next((value for name, value in answer.headers if name.lower() == "x-amzn-errortype"), "")
        code = str(document.get("__type") or header or "InternalFailure")
        message = str(document.get("message") or document.get("Message") or "")
    except ValueError:
        code, message = _first(_XML_CODE, text) or "InternalFailure", _first(_XML_MESSAGE, text)
    code = code.rpartition("#")[2].partition(":")[0]
    return ("AccessDenied" if code == "AccessDeniedException" else code), message


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found is not None else ""
