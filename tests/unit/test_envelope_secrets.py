"""What the envelope lets out: no plaintext and no key in exceptions or reprs. And what it imports."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import envelope
from envelope import (
    BranchKey,
    BranchKeyring,
    CryptoAction,
    EncryptedDataKey,
    EnvelopeError,
    KmsKeyring,
    MultiKeyring,
    RawAesKeyring,
)
from envelope.attribute_parsing import parse_value
from envelope.derivation import DerivedKeys
from envelope.intermediate_key import ItemKeys
from envelope.item_fields import SignedField
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import FIRST_VERSION, MemoryBranchKeys, raw_aes_keyring
from tests.unit.shown import everything_shown

_MARKER = "MARKER-of-the-plaintext"
_SECRET = b"SECRET-key-of-32-bytes----------"


def _refused_values() -> Iterator[Any]:
    yield {"S": _MARKER + "\ud800"}
    yield {"N": _MARKER}
    yield {"N": "1e" + "9" * 50 + _MARKER}
    yield {"B": _MARKER}
    yield {"BOOL": _MARKER}
    yield {"NULL": _MARKER}
    yield {_MARKER: "x"}
    yield {"SS": _MARKER}
    yield {"SS": [_MARKER, _MARKER]}
    yield {"NS": [_MARKER]}
    yield {"M": {_MARKER: {"N": "x"}}}
    yield {"M": {_MARKER + "\ud800": {"S": "x"}}}
    yield {"L": [_MARKER]}


@pytest.mark.parametrize("value", list(_refused_values()))
@pytest.mark.parametrize("action", [CryptoAction.ENCRYPT_AND_SIGN, CryptoAction.SIGN_ONLY])
def test_refusing_to_encrypt_shows_nothing_of_the_value(value: Any, action: CryptoAction) -> None:
    writer = encryptor(raw_aes_keyring(), actions={"name": action})
    with pytest.raises(EnvelopeError) as refused:
        writer.encrypt({"tenant": {"S": "a"}, "record": {"S": "1"}, "name": value})
    assert _MARKER not in everything_shown(refused.value)


@pytest.mark.parametrize(
    ("type_id", "data"),
    [
        ("0001", _MARKER.encode() + b"\xff"),
        ("0002", _MARKER.encode()),
        ("0002", _MARKER.encode() + b"\xff"),
        ("0004", _MARKER.encode()),
        ("0000", _MARKER.encode()),
        ("0101", b"\x00\x00\x00\x01\x00\x00\x00\x18" + _MARKER.encode() + b"\xff"),
        ("0200", b"\x00\x00\x00\x01\x00\x01\x00\x00\x00\x18" + _MARKER.encode() + b"\xff"),
        ("0300", _MARKER.encode()),
    ],
)
def test_refusing_decrypted_bytes_shows_nothing_of_them(type_id: str, data: bytes) -> None:
    with pytest.raises(EnvelopeError) as refused:
        parse_value(bytes.fromhex(type_id), data)
    assert "MARKER" not in everything_shown(refused.value)


def test_refusing_a_stored_item_shows_no_plaintext_and_no_key() -> None:
    keyring = RawAesKeyring("tests", "key", _SECRET)
    item = {"tenant": {"S": "a"}, "record": {"S": "1"}, "name": {"S": _MARKER}, "note": {"S": _MARKER}}
    both = encryptor(keyring, actions={"note": CryptoAction.SIGN_ONLY})
    stored = both.encrypt(item)
    for change in (
        {"tenant": {"S": "b"}},
        {"note": {"S": _MARKER + "x"}},
        {"note": {"S": _MARKER + "\ud800"}},
        {"note": {"N": _MARKER}},
        {"name": {"S": _MARKER}},
        {"more": {"S": _MARKER}},
        {"aws_dbe_head": {"B": stored["aws_dbe_head"]["B"][:-1] + b"\0"}},
    ):
        with pytest.raises(EnvelopeError) as refused:
            both.decrypt({**stored, **change})
        shown = everything_shown(refused.value)
        assert _MARKER not in shown
        assert "SECRET" not in shown


def test_objects_show_no_key_and_no_plaintext() -> None:
    branch_key = BranchKey("tenant-a", FIRST_VERSION, _SECRET)
    raw = RawAesKeyring("tests", "key", _SECRET)
    branch = BranchKeyring("tenant-a", MemoryBranchKeys(branch_key))
    shown = [
        branch_key,
        raw,
        branch,
        MultiKeyring(raw, branch),
        encryptor(raw),
        ItemKeys(_SECRET, _SECRET),
        DerivedKeys(_SECRET, _SECRET),
        SignedField("name", b"path", CryptoAction.SIGN_ONLY, b"\x00\x01", _SECRET),
        (branch_key,),
    ]
    for thing in shown:
        # As a structured log writes what it is given: a tuple it would write out, whatever its repr hides.
        assert "SECRET" not in repr(thing) + str(thing) + json.dumps(thing, default=str)
    assert "tenant-a" in repr(branch_key)


def test_wrong_keys_are_refused_without_showing_them() -> None:
    for make in (
        lambda: BranchKey("tenant-a", FIRST_VERSION, _SECRET[:-1]),
        lambda: RawAesKeyring("tests", "key", _SECRET[:-1]),
    ):
        with pytest.raises(EnvelopeError) as refused:
            make()
        assert "SECRET" not in everything_shown(refused.value)


def test_answers_of_kms_with_a_wrong_length_are_refused_without_showing_them() -> None:
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234"

    class Short:
        def generate_data_key(self, **_request: Any) -> dict[str, Any]:
            return {"KeyId": arn, "Plaintext": _SECRET[:-1], "CiphertextBlob": b"x"}

        def decrypt(self, **_request: Any) -> dict[str, Any]:
            return {"KeyId": arn, "Plaintext": _SECRET[:-1]}

    keyring = KmsKeyring(Short(), arn)
    entry = EncryptedDataKey("aws-kms", arn.encode(), b"x")
    for call in (lambda: keyring.generate({}), lambda: keyring.unwrap([entry], {})):
        with pytest.raises(EnvelopeError) as refused:
            call()
        assert "SECRET" not in everything_shown(refused.value)


def test_library_imports_only_the_standard_library_and_cryptography() -> None:
    """In a fresh interpreter, with every other distribution's modules made unavailable."""
    root = Path(envelope.__file__).parents[1]
    program = f"""
import importlib.abc, sys
allowed = set(sys.stdlib_module_names) | {{"envelope", "cryptography", "_cffi_backend"}}
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ImportError(f"{{name}} is not allowed")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {str(root)!r})
import envelope
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"boto3", "botocore", "service"}}))
print(envelope.__file__)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["[]", envelope.__file__]


def test_everything_public_is_exported() -> None:
    assert all(hasattr(envelope, name) for name in envelope.__all__)
    errors = [getattr(envelope, name) for name in envelope.__all__ if name.endswith("Error")]
    assert all(issubclass(error, EnvelopeError) for error in errors)
    assert envelope.__doc__ is not None
