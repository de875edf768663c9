"""KMS and the key store's table without a network: they answer at the border of botocore's calls.

A request has been validated and serialized by botocore when it arrives here, and what is returned takes the
place of the parsed answer: what is left out (signing, sending, parsing) is left out for every contender.
What must stay true: a wrapped key opens under its own KMS key and encryption context only, as with KMS; every
call is counted.
"""

import base64
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import botocore.session
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REGION = "eu-west-1"
KEY_ARN = f"arn:aws:kms:{REGION}:111122223333:key/12345678-1234-4234-8234-123456789012"
TABLE = "key-store"
_IV_LENGTH = 12
# KMS's ciphertext names its key, and 32 bytes make 184 of it: so it is here.
_FRONT_LENGTH = 184 - _IV_LENGTH - 32 - 16

Answer = dict[str, Any]
#: What botocore takes for an answer: something with a status, and the parsed body.
_Response = tuple[SimpleNamespace, Answer]


class _OtherKeyError(Exception):
    """The ciphertext is of another key than the one asked for."""


class KmsStandIn:
    """KMS with any number of keys: each is made when it is used first."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._keys: dict[str, AESGCM] = {}
        self._operations: dict[str, Callable[[Answer], Answer]] = {
            "Decrypt": self._decrypt,
            "Encrypt": self._encrypt,
            "GenerateDataKey": self._generate,
            "GenerateDataKeyWithoutPlaintext": self._generate_without_plaintext,
            "ReEncrypt": self._re_encrypt,
        }

    def answer(self, *, model: Any, params: Mapping[str, Any], **_: object) -> _Response:  # noqa: ANN401
        """Answer a call in the place of AWS: a handler of botocore's event `before-call`."""
        self.calls[model.name] += 1
        try:
            return _ok(self._operations[model.name](json.loads(params["body"])))
        except InvalidTag:
            return _refused("InvalidCiphertextException")
        except _OtherKeyError:
            return _refused("IncorrectKeyException")

    def _generate(self, request: Answer) -> Answer:
        plaintext = os.urandom(_length(request))
        wrapped = self._wrap(plaintext, arn=request["KeyId"], context=request.get("EncryptionContext"))
        return {"KeyId": request["KeyId"], "Plaintext": plaintext, "CiphertextBlob": wrapped}

    def _generate_without_plaintext(self, request: Answer) -> Answer:
        answer = self._generate(request)
        del answer["Plaintext"]
        return answer

    def _encrypt(self, request: Answer) -> Answer:
        plaintext = base64.b64decode(request["Plaintext"])
        wrapped = self._wrap(plaintext, arn=request["KeyId"], context=request.get("EncryptionContext"))
        return {"KeyId": request["KeyId"], "CiphertextBlob": wrapped}

    def _decrypt(self, request: Answer) -> Answer:
        wrapped = base64.b64decode(request["CiphertextBlob"])
        arn, plaintext = self._unwrap(
            wrapped, asked_for=request.get("KeyId"), context=request.get("EncryptionContext")
        )
        return {"KeyId": arn, "Plaintext": plaintext}

    def _re_encrypt(self, request: Answer) -> Answer:
        destination = request["DestinationKeyId"]
        wrapped = base64.b64decode(request["CiphertextBlob"])
        source, plaintext = self._unwrap(
            wrapped, asked_for=request.get("SourceKeyId"), context=request.get("SourceEncryptionContext")
        )
        again = self._wrap(plaintext, arn=destination, context=request.get("DestinationEncryptionContext"))
        return {"SourceKeyId": source, "KeyId": destination, "CiphertextBlob": again}

    def _wrap(self, plaintext: bytes, *, arn: str, context: Mapping[str, str] | None) -> bytes:
        front, iv = arn.encode().ljust(_FRONT_LENGTH, b"\0"), os.urandom(_IV_LENGTH)
        return front + iv + self._key(arn).encrypt(iv, plaintext, front + _serialized(context))

    def _unwrap(
        self, wrapped: bytes, *, asked_for: str | None, context: Mapping[str, str] | None
    ) -> tuple[str, bytes]:
        """Return which key a ciphertext is of, and what it holds."""
        front, sealed = wrapped[:_FRONT_LENGTH], wrapped[_FRONT_LENGTH:]
        arn = front.rstrip(b"\0").decode(errors="replace")
        if asked_for is not None and asked_for != arn:
            raise _OtherKeyError
        aad = front + _serialized(context)
        return arn, self._key(arn).decrypt(sealed[:_IV_LENGTH], sealed[_IV_LENGTH:], aad)

    def _key(self, arn: str) -> AESGCM:
        if arn not in self._keys:
            self._keys[arn] = AESGCM(os.urandom(32))
        return self._keys[arn]


class TableStandIn:
    """A key store's table that nobody else writes to: it reads and puts items, and heeds no condition."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._items: dict[str, Answer] = {}

    def answer(self, *, model: Any, params: Mapping[str, Any], **_: object) -> _Response:  # noqa: ANN401
        """Answer GetItem and TransactWriteItems."""
        self.calls[model.name] += 1
        request = json.loads(params["body"])
        if model.name == "GetItem":
            item = self._items.get(_place(request["Key"]))
            return _ok({} if item is None else {"Item": item})
        if model.name != "TransactWriteItems":
            raise NotImplementedError(f"the stand-in of DynamoDB does not answer {model.name}")
        for action in request["TransactItems"]:
            if "Put" in action:
                item = action["Put"]["Item"]
                self._items[_place(item)] = {name: _parsed(value) for name, value in item.items()}
        return _ok({})


class AwsStandIn:
    """A session whose clients are answered here."""

    def __init__(self) -> None:
        self.kms, self.table = KmsStandIn(), TableStandIn()
        self.session = botocore.session.Session()
        self.session.set_credentials("stand-in", "stand-in")
        self.session.set_config_variable("region", REGION)
        # Its types have no handler that answers; botocore takes the first answer that is not None.
        answers: dict[str, Any] = {"kms": self.kms.answer, "dynamodb": self.table.answer}
        for service, answer in answers.items():
            self.session.register(f"before-call.{service}", answer)

    def client(self, service: str) -> Any:  # noqa: ANN401 - each library types its clients in its own way
        """Return a client of the session."""
        return self.session.create_client(service)

    def kms_calls(self) -> int:
        """Return how many calls KMS has answered."""
        return self.kms.calls.total()


def _ok(answer: Answer) -> _Response:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(code: str) -> _Response:
    error = {"Code": code, "Message": "ciphertext, key and encryption context do not belong together"}
    return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _serialized(context: Mapping[str, str] | None) -> bytes:
    return json.dumps(context or {}, sort_keys=True).encode()


def _length(request: Answer) -> int:
    return int(request.get("NumberOfBytes") or 32)


def _place(item: Answer) -> str:
    return json.dumps([item["branch-key-id"]["S"], item["type"]["S"]])


def _parsed(value: Answer) -> Answer:
    """Return an attribute as a client's answer holds it: bytes are base64 in a request."""
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
