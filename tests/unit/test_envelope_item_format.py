"""The stored form, byte by byte: built here a second time, from the specification, and read by the library.

Also items that an earlier version stored: they must be readable for ever.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from envelope import CryptoAction, ItemEncryptor, SignatureError
from envelope.item_fields import canonical_path
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import raw_aes_keyring

_C = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
_S = CryptoAction.SIGN_ONLY
_KEY = bytes(range(32))


def _u16(field: bytes) -> bytes:
    return len(field).to_bytes(2, "big") + field


def _hkdf(key: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA512(), 32, None, info).derive(key)


def _context(pairs: dict[str, str]) -> bytes:
    return len(pairs).to_bytes(2, "big") + b"".join(
        _u16(k.encode()) + _u16(pairs[k].encode()) for k in sorted(pairs)
    )


def _path(name: str) -> bytes:
    return b"records" + (1).to_bytes(8, "big") + b"$" + len(name).to_bytes(8, "big") + name.encode()


def _item_for_two_recipients(wrapping_keys: list[bytes]) -> dict[str, Any]:
    """{tenant: "a" (c), record: "1" (c), n: 7 (s), x: "hi" (e)}, wrapped under two raw AES keys."""
    context = _context(
        {
            "aws-crypto-table-name": "records",
            "aws-crypto-partition-name": "tenant",
            "aws-crypto-sort-name": "record",
            "aws-crypto-attr.tenant": "a",
            "aws-crypto-attr.record": "1",
            "aws-crypto-legend": "SS",
        }
    )
    data_key, message_id = b"d" * 32, b"m" * 32
    entries, intermediate_keys = b"", [b"1" * 32, b"2" * 32]
    for wrapping_key, intermediate in zip(wrapping_keys, intermediate_keys, strict=True):
        kek = _hkdf(intermediate, b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC")
        wrapped = AESGCM(kek).encrypt(bytes(12), data_key, context)
        wrapped += AESGCM(wrapping_key).encrypt(b"i" * 12, intermediate, context)
        info = b"key-1" + bytes.fromhex("00000080 0000000c") + b"i" * 12
        entries += _u16(b"tests") + _u16(info) + _u16(wrapped)
    # In the order of the paths the shortest names come first: n, x, record, tenant.
    header = b"\x02\x00" + message_id + _u16(b"secc") + b"\x00\x00" + b"\x02" + entries
    header += hmac.digest(_hkdf(data_key, b"AWS_DBE_COMMIT_KEY" + message_id), header, "sha512")[:32]
    root = _hkdf(data_key, b"AWS_DBE_DERIVE_KEY" + message_id)
    counter = modes.CTR(b"AwsDbeField\x2c" + bytes(4))
    stream = Cipher(algorithms.AES256(root), counter).encryptor().update(bytes(44))
    ciphertext = AESGCM(stream[:32]).encrypt(stream[32:], b"hi", _path("x"))

    def signed(name: str, how: bytes, type_id: bytes, data: bytes) -> bytes:
        return _path(name) + len(data).to_bytes(8, "big") + how + type_id + data

    record = header + len(context).to_bytes(8, "big") + context
    record += signed("n", b"PLAINTEXT", b"\x00\x02", b"7")
    record += signed("x", b"ENCRYPTED", b"\x00\x01", ciphertext)
    record += signed("record", b"PLAINTEXT", b"\x00\x01", b"1")
    record += signed("tenant", b"PLAINTEXT", b"\x00\x01", b"a")
    digest = hashlib.sha384(record).digest()
    mac_keys = [_hkdf(key, b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC") for key in intermediate_keys]
    footer = b"".join(hmac.digest(key, digest, "sha384") for key in mac_keys)
    return {
        "tenant": {"S": "a"},
        "record": {"S": "1"},
        "n": {"N": "7"},
        "x": {"B": b"\x00\x01" + ciphertext},
        "aws_dbe_head": {"B": header},
        "aws_dbe_foot": {"B": footer},
    }


def test_library_reads_an_item_that_was_built_from_the_specification() -> None:
    wrapping_keys = [b"A" * 32, b"B" * 32]
    stored = _item_for_two_recipients(wrapping_keys)
    for key in wrapping_keys:
        assert encryptor(raw_aes_keyring(key=key), actions={"n": _S}).decrypt(stored) == {
            "tenant": {"S": "a"},
            "record": {"S": "1"},
            "n": {"N": "7"},
            "x": {"S": "hi"},
        }


def test_each_recipient_needs_its_own_tag() -> None:
    stored = _item_for_two_recipients([b"A" * 32, b"B" * 32])
    footer = stored["aws_dbe_foot"]["B"]
    stored["aws_dbe_foot"] = {"B": footer[:48] + bytes(48)}
    assert encryptor(raw_aes_keyring(key=b"A" * 32), actions={"n": _S}).decrypt(stored)["x"] == {"S": "hi"}
    with pytest.raises(SignatureError):
        encryptor(raw_aes_keyring(key=b"B" * 32), actions={"n": _S}).decrypt(stored)


def test_written_header_has_the_layout_of_the_specification() -> None:
    item = {"tenant": {"S": "a"}, "record": {"S": "1"}, "n": {"N": "7"}, "x": {"S": "hi"}}
    stored = encryptor(raw_aes_keyring(), actions={"n": _S}).encrypt(item)
    header = stored["aws_dbe_head"]["B"]
    assert header[:2] == b"\x02\x00"
    assert header[34:42] == b"\x00\x04secc" + b"\x00\x00"
    assert header[42:].startswith(b"\x01\x00\x05tests\x00\x19key-1\x00\x00\x00\x80\x00\x00\x00\x0c")
    assert len(header) == 42 + 1 + (2 + 5) + (2 + 25) + (2 + 96) + 32
    assert len(stored["aws_dbe_foot"]["B"]) == 48
    assert stored["x"]["B"][:2] == b"\x00\x01"
    assert len(stored["x"]["B"]) == 2 + 2 + 16


def test_written_flavor_01_stores_its_compressed_public_key_and_signs_the_hash() -> None:
    item = {"tenant": {"S": "a"}, "record": {"S": "1"}}
    stored = encryptor(raw_aes_keyring(), flavor=1).encrypt(item)
    header, footer = stored["aws_dbe_head"]["B"], stored["aws_dbe_foot"]["B"]
    start = header.index(b"\x00\x01\x00\x15aws-crypto-public-key\x00\x44")
    assert start == 2 + 32 + 2 + 2
    text = header[start + 27 : start + 27 + 68].decode()
    point = base64.b64decode(text, validate=True)
    context = _context(
        {
            "aws-crypto-table-name": "records",
            "aws-crypto-partition-name": "tenant",
            "aws-crypto-sort-name": "record",
            "aws-crypto-attr.tenant": "a",
            "aws-crypto-attr.record": "1",
            "aws-crypto-legend": "SS",
            "aws-crypto-public-key": text,
        }
    )
    record = header + len(context).to_bytes(8, "big") + context
    for name, value in (("record", b"1"), ("tenant", b"a")):
        record += _path(name) + (1).to_bytes(8, "big") + b"PLAINTEXT" + b"\x00\x01" + value
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
    public_key.verify(footer[48:], hashlib.sha384(record).digest(), ec.ECDSA(hashes.SHA384()))
    assert len(point) == 49


class _ContextKeyring:
    """A raw AES keyring that keeps the encryption contexts it was given."""

    def __init__(self) -> None:
        self._keyring = raw_aes_keyring()
        self.contexts: list[dict[str, str]] = []

    def generate(self, encryption_context: Any) -> Any:
        self.contexts.append(dict(encryption_context))
        return self._keyring.generate(encryption_context)

    def unwrap(self, entries: Any, encryption_context: Any) -> bytes:
        self.contexts.append(dict(encryption_context))
        return self._keyring.unwrap(entries, encryption_context)


def test_context_of_version_2_shows_included_attributes_in_clear() -> None:
    keyring = _ContextKeyring()
    names = ("s", "n", "t", "f", "z", "b", "ss", "l", "m")
    values = [
        *({"S": "é"}, {"N": "01.50"}, {"BOOL": True}, {"BOOL": False}, {"NULL": True}, {"B": b"\x01"}),
        *({"SS": ["b", "a"]}, {"L": []}, {"M": {}}),
    ]
    item = {"tenant": {"S": "a"}, "record": {"N": "1e1"}, **dict(zip(names, values, strict=True))}
    both = encryptor(keyring, actions=dict.fromkeys(names, _C))
    assert both.decrypt(both.encrypt(item)) == item
    assert (
        keyring.contexts
        == [
            {
                "aws-crypto-table-name": "records",
                "aws-crypto-partition-name": "tenant",
                "aws-crypto-sort-name": "record",
                "aws-crypto-attr.b": base64.b64encode(b"\xff\xff\x01").decode(),
                "aws-crypto-attr.f": "false",
                "aws-crypto-attr.l": base64.b64encode(b"\x03\x00\x00\x00\x00\x00").decode(),
                "aws-crypto-attr.m": base64.b64encode(b"\x02\x00\x00\x00\x00\x00").decode(),
                "aws-crypto-attr.n": "1.5",
                "aws-crypto-attr.record": "10",
                "aws-crypto-attr.s": "é",
                "aws-crypto-attr.ss": base64.b64encode(
                    bytes.fromhex("0101 00000002 00000001 61 00000001 62")
                ).decode(),
                "aws-crypto-attr.t": "true",
                "aws-crypto-attr.tenant": "a",
                "aws-crypto-attr.z": "null",
                "aws-crypto-legend": "BLBBNNSBLSL",
            }
        ]
        * 2
    )


def test_context_of_version_1_holds_the_keys_with_their_types() -> None:
    keyring = _ContextKeyring()
    item = {"tenant": {"S": "a"}, "name": {"S": "Ada"}}
    both = ItemEncryptor(table="records", partition_key="tenant", actions={"tenant": _S}, keyring=keyring)
    assert both.decrypt(both.encrypt(item)) == item
    assert (
        keyring.contexts
        == [
            {
                "aws-crypto-table-name": "records",
                "aws-crypto-partition-name": "tenant",
                "aws-crypto-attr.tenant": base64.b64encode(b"\x00\x01a").decode(),
            }
        ]
        * 2
    )


def test_strategy_record_shows_six_context_keys() -> None:
    keyring = _ContextKeyring()
    encryptor(keyring).encrypt({"tenant": {"S": "a"}, "record": {"S": "1"}, "name": {"S": "Ada"}})
    assert sorted(keyring.contexts[0]) == [
        "aws-crypto-attr.record",
        "aws-crypto-attr.tenant",
        "aws-crypto-legend",
        "aws-crypto-partition-name",
        "aws-crypto-sort-name",
        "aws-crypto-table-name",
    ]


def test_path_counts_utf_16_code_units_of_a_name() -> None:
    assert (
        canonical_path("t", "é😀")
        == b"t" + (1).to_bytes(8, "big") + b"$" + (3).to_bytes(8, "big") + "é😀".encode()
    )


_STORED = json.loads((Path(__file__).parent / "envelope_stored_items.json").read_text())


@pytest.mark.parametrize("name", _STORED)
def test_item_that_an_earlier_version_stored_is_still_read(name: str) -> None:
    def typed(value: dict[str, Any]) -> dict[str, Any]:
        return {"B": base64.b64decode(value["B"])} if value.keys() == {"B"} else value

    stored = {attribute: typed(value) for attribute, value in _STORED[name]["stored"].items()}
    expected = {attribute: typed(value) for attribute, value in _STORED[name]["plaintext"].items()}
    assert encryptor(raw_aes_keyring(), actions={"note": _S}).decrypt(stored) == expected
