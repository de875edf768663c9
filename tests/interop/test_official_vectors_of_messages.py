"""AWS's known answers for messages of version 2, with the data key of each: 41 open, 5 do not commit to it.

The file is not part of this repository. It comes from GitHub, see `_WHERE_FROM`.
"""

import base64
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from envelope import CommitmentError, EnvelopeError, MessageRangeError, MessageReader, decrypt, read_range
from envelope.message_header import read_header
from envelope.message_suites import derive_keys
from tests.unit.message_cases import PiecewiseSource, StaticKeyring

_WHERE_FROM = (
    "set VECTORS to a folder with esdk-v2-known-answers.json (GitHub: aws/aws-encryption-sdk-python, "
    "test/resources/commitment-test-vectors.json)"
)


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    if not os.environ.get("VECTORS"):
        pytest.skip(_WHERE_FROM)
    path = Path(os.environ["VECTORS"]) / "esdk-v2-known-answers.json"
    tests: list[dict[str, Any]] = json.loads(path.read_text())["tests"]
    return tests


def _keyring(answer: dict[str, Any]) -> StaticKeyring:
    return StaticKeyring(base64.b64decode(answer["decrypted-dek"]))


def _callers_context(answer: dict[str, Any]) -> dict[str, str]:
    """The context without the public key, which is the format's own."""
    pairs = answer["encryption-context"].items()
    return {key: value for key, value in pairs if not key.startswith("aws-crypto-")}


def _outcome(answer: dict[str, Any]) -> bytes | type[EnvelopeError]:
    message = base64.b64decode(answer["ciphertext"])
    try:
        return decrypt(message, keyring=_keyring(answer), encryption_context=_callers_context(answer))
    except EnvelopeError as error:
        return type(error)


def _expected(answer: dict[str, Any]) -> bytes | type[EnvelopeError]:
    return "".join(answer["plaintext-frames"]).encode() if answer["status"] else CommitmentError


def test_every_known_answer_opens_or_is_refused_as_it_says(answers: list[dict[str, Any]]) -> None:
    outcomes = {answer["comment"]: _outcome(answer) for answer in answers}
    assert outcomes == {answer["comment"]: _expected(answer) for answer in answers}
    assert len(outcomes) == 46
    assert list(outcomes.values()).count(CommitmentError) == 5


def test_headers_and_keys_of_the_known_answers_are_found_as_they_say(
    answers: list[dict[str, Any]],
) -> None:
    for answer in answers:
        message = base64.b64decode(answer["ciphertext"])
        header = read_header(io.BytesIO(message))
        assert header.serialized == base64.b64decode(answer["header"])
        assert header.fields.message_id == base64.b64decode(answer["message-id"])
        keys = derive_keys(
            header.fields.suite, data_key=_keyring(answer).key, message_id=header.fields.message_id
        )
        assert (keys.commitment == header.fields.commitment) == answer["status"]
        assert header.fields.encryption_context == answer["encryption-context"]
        if answer["status"]:
            assert keys.commitment == base64.b64decode(answer["commitment"])
            if "content-encryption-key" in answer:
                assert keys.body_key == base64.b64decode(answer["content-encryption-key"])
            reader = MessageReader(PiecewiseSource(message), keyring=_keyring(answer), encryption_context={})
            assert reader.read() == _expected(answer)


def test_ranges_of_the_known_answers_are_slices(answers: list[dict[str, Any]]) -> None:
    ranges = 0
    for answer in answers:
        source = io.BytesIO(base64.b64decode(answer["ciphertext"]))
        fields = read_header(source).fields
        text = _expected(answer)
        if not isinstance(text, bytes) or fields.suite.signed or not fields.framed:
            continue
        keys: dict[str, Any] = {"keyring": _keyring(answer), "encryption_context": {}, "verify_end": True}
        for start in range(0, len(text), 7):
            ranges += 1
            part = text[start : start + 13]
            assert read_range(source, start, len(part), **keys) == part
        with pytest.raises(MessageRangeError):
            read_range(source, 0, len(text) + 1, **keys)
    assert ranges > 50
