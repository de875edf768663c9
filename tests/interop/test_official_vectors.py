"""AWS's own test vectors for the item format, read by this library.

The files are not part of this repository. They come from GitHub, see `_WHERE_FROM`.
"""

import base64
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from envelope import BranchKey, BranchKeyring, CryptoAction, EnvelopeError, IntegrityError, ItemEncryptor
from tests.unit.envelope_keys import MemoryBranchKeys

_WHERE_FROM = (
    "set VECTORS to a folder with decrypt_java_32.json and decrypt_java_33.json (GitHub: "
    "aws/aws-database-encryption-sdk-dynamodb, TestVectors/runtimes/java) and branch-key.json (GitHub: "
    "aws/aws-cryptographic-material-providers-library, static-branch-key-1 of its test vectors' keys.json)"
)
_FILES = ("decrypt_java_32.json", "decrypt_java_33.json")
_TYPE_NAMES = frozenset({"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"})


@pytest.fixture(scope="module")
def folder() -> Path:
    if not os.environ.get("VECTORS"):
        pytest.skip(_WHERE_FROM)
    return Path(os.environ["VECTORS"])


@pytest.fixture(scope="module")
def keyring(folder: Path) -> BranchKeyring:
    stored = json.loads((folder / "branch-key.json").read_text())["static-branch-key-1"]
    key = BranchKey(stored["key-id"], stored["branchKeyVersion"], base64.b64decode(stored["branchKey"]))
    return BranchKeyring(stored["key-id"], MemoryBranchKeys(key))


@pytest.mark.parametrize("file_name", _FILES)
def test_every_official_vector_behaves_as_its_type_says(
    folder: Path, keyring: BranchKeyring, file_name: str
) -> None:
    vectors = json.loads((folder / file_name).read_text())["tests"]
    assert vectors, f"{file_name} has no tests"
    assert list(_problems(vectors, keyring)) == []


def _problems(vectors: dict[str, Any], keyring: BranchKeyring) -> Iterator[str]:
    for number, vector in vectors.items():
        encryptor = _encryptor(vector["config"], keyring)
        stored = {name: _typed(value) for name, value in vector["encrypted"].items()}
        expected = {name: _typed(value) for name, value in vector["plaintext"].items()}
        try:
            decrypted: object = _comparable(encryptor.decrypt(stored))
        except EnvelopeError as error:
            decrypted = error
        if vector["type"] == "negative-decrypt":
            if not isinstance(decrypted, IntegrityError):
                yield f"{number} {vector['description']}: must be refused, gave {decrypted!r}"
        elif vector["type"] == "positive-decrypt":
            if decrypted != _comparable(expected):
                yield f"{number} {vector['description']}: must decrypt, gave {decrypted!r}"
        else:
            yield f"{number} unknown type {vector['type']}"


def _encryptor(config: dict[str, Any], keyring: BranchKeyring) -> ItemEncryptor:
    return ItemEncryptor(
        table="GazelleVectorTable",
        partition_key="RecNum",
        actions={name: CryptoAction[action] for name, action in config["attributeActionsOnEncrypt"].items()},
        unsigned=config.get("allowedUnsignedAttributes", ()),
        keyring=keyring,
    )


def _typed(value: Any) -> dict[str, Any]:
    """Read the vectors' notation: typed as in DynamoDB's JSON, or plain, or plain within typed."""
    if not (isinstance(value, dict) and len(value) == 1 and value.keys() <= _TYPE_NAMES):
        return _plain(value)
    ((name, content),) = value.items()
    if name == "B":
        return {"B": base64.b64decode(content, validate=True)}
    if name == "BS":
        return {"BS": [base64.b64decode(entry, validate=True) for entry in content]}
    if name == "L":
        return {"L": [_typed(entry) for entry in content]}
    if name == "M":
        return {"M": {key: _typed(entry) for key, entry in content.items()}}
    return {name: content}


def _plain(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [_typed(entry) for entry in value]}
    return {"M": {key: _typed(entry) for key, entry in value.items()}}


def _comparable(value: Any) -> Any:
    """Numbers as decimals and sets without order: the vectors spell both as they like."""
    if isinstance(value, list):
        return [_comparable(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"N"}:
        return {"N": Decimal(value["N"])}
    if value.keys() == {"NS"}:
        return {"NS": sorted(Decimal(entry) for entry in value["NS"])}
    if len(value) == 1 and value.keys() <= {"SS", "BS"}:
        return {name: sorted(entries) for name, entries in value.items()}
    return {name: _comparable(entry) for name, entry in value.items()}
