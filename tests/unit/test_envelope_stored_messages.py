"""Messages that earlier versions of this library, and AWS's, stored: they must be readable for ever.

envelope_stored_messages.json is never made again: a sample that is not read any more is a broken promise to
whoever stored one like it. New samples are added, and then the hash below changes; an old sample never does.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from envelope import (
    BranchKey,
    BranchKeyring,
    CommitmentError,
    IntegrityError,
    Keyring,
    KmsKeyring,
    decrypt,
)
from tests.unit.envelope_keys import BRANCH_KEY_ID, FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring

_FILE = Path(__file__).parent / "envelope_stored_messages.json"
_STORED: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
_SHA256 = "a68992945d37b3af5f3be201a217035fa54baa2c5c21db999c1d684120a5230a"
_KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_WHAT_KMS_WRAPPED = bytes((7 * number + 3) % 256 for number in range(184))


class _Kms:
    """Opens the one ciphertext that a sample holds, for the context that it was made for."""

    def decrypt(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {
            "KeyId": _KEY_ARN,
            "CiphertextBlob": _WHAT_KMS_WRAPPED,
            "EncryptionContext": {
                "object-tenant": "acme",
                "object-id": "scan-17",
                "object-content-type": "text/plain; charset=utf-8",
                "object-length": "40",
            },
        }
        return {"KeyId": _KEY_ARN, "Plaintext": bytes(range(64, 96))}

    def generate_data_key(self, **_: Any) -> Mapping[str, Any]:
        raise NotImplementedError


def _keyring(name: str) -> Keyring:
    branch_key = BranchKey(BRANCH_KEY_ID, FIRST_VERSION, bytes(range(32)))
    keyrings: dict[str, Keyring] = {
        "raw AES": raw_aes_keyring(),
        "branch key": BranchKeyring(BRANCH_KEY_ID, MemoryBranchKeys(branch_key)),
        "KMS": KmsKeyring(_Kms(), _KEY_ARN),
    }
    return keyrings[name]


def _message(name: str) -> bytes:
    return base64.b64decode(_STORED[name]["message"], validate=True)


def _decrypted(name: str, **changes: Any) -> bytes:
    sample = _STORED[name]
    settings: dict[str, Any] = {
        "keyring": _keyring(sample["keyring"]),
        "encryption_context": sample["asked_for"],
        "allow_uncommitted": sample.get("version_1", False),
    }
    return decrypt(_message(name), **(settings | changes))


def test_no_stored_sample_was_changed() -> None:
    assert hashlib.sha256(_FILE.read_bytes()).hexdigest() == _SHA256


@pytest.mark.parametrize("name", _STORED)
def test_message_that_an_earlier_version_stored_is_still_read(name: str) -> None:
    assert _decrypted(name) == base64.b64decode(_STORED[name]["plaintext"])


@pytest.mark.parametrize("name", _STORED)
def test_its_name_says_its_suite(name: str) -> None:
    message, version_1 = _message(name), _STORED[name].get("version_1", False)
    suite = message[2:4] if version_1 else message[1:3]
    assert (message[0], suite.hex()) == (1 if version_1 else 2, name[:4])


@pytest.mark.parametrize("name", [name for name in _STORED if _STORED[name].get("version_1")])
def test_one_of_version_1_is_read_only_where_that_is_allowed(name: str) -> None:
    with pytest.raises(CommitmentError, match="allow_uncommitted"):
        _decrypted(name, allow_uncommitted=False)


@pytest.mark.parametrize("name", [name for name in _STORED if "required" in name])
@pytest.mark.parametrize("given", [{}, {"object-tenant": "acme"}, {"object-id": "scan-17"}])
def test_one_with_required_pairs_is_not_read_without_all_of_them(name: str, given: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        _decrypted(name, encryption_context=given)


@pytest.mark.parametrize("name", [name for name in _STORED if _STORED[name]["asked_for"]])
def test_none_is_read_for_another_context(name: str) -> None:
    key, value = next(iter(_STORED[name]["asked_for"].items()))
    with pytest.raises(IntegrityError):
        _decrypted(name, encryption_context={**_STORED[name]["asked_for"], key: value + "x"})


@pytest.mark.parametrize("name", _STORED)
def test_none_is_read_when_its_last_byte_is_another_or_one_follows(name: str) -> None:
    message = _message(name)
    for changed in (message[:-1], message[:-1] + bytes([message[-1] ^ 1]), message + b"\0"):
        with pytest.raises(IntegrityError):
            decrypt(
                changed,
                keyring=_keyring(_STORED[name]["keyring"]),
                encryption_context=_STORED[name]["asked_for"],
                allow_uncommitted=True,
            )


def test_a_sample_ends_in_an_empty_frame_behind_full_ones() -> None:
    message = _message("0478, final frame empty")
    assert len(base64.b64decode(_STORED["0478, final frame empty"]["plaintext"])) % 128 == 0
    assert message[-40:-36] == b"\xff" * 4
    assert message[-20:-16] == bytes(4)


def test_samples_are_of_every_suite_and_encrypted_data_key() -> None:
    assert {name[:4] for name in _STORED} == {"0478", "0578", "0078", "0178", "0378"}
    assert {sample["keyring"] for sample in _STORED.values()} == {"raw AES", "branch key", "KMS"}
    assert {sample["made_by"] for sample in _STORED.values()} == {
        "this library",
        "aws-encryption-sdk 4.0.7 for Python",
    }
