"""A second reader of messages and records, written from docs/formats.md alone and without the library.

It knows just what the document's examples need: suite 0478, header version 02 of flavor 00, raw AES.
"""

import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ZERO_IV = bytes(12)


@dataclass
class Bytes:
    """Fields off the front of bytes."""

    data: bytes
    at: int = 0

    def take(self, width: int) -> bytes:
        assert self.at + width <= len(self.data)
        self.at += width
        return self.data[self.at - width : self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int(struct.unpack(">H", self.take(2))[0])

    def u32(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def pairs(self) -> dict[str, str]:
        return {self.take(self.u16()).decode(): self.take(self.u16()).decode() for _ in range(self.u16())}


@dataclass
class Opened:
    """What came out, and the keys on the way by the names that the document has for them."""

    plaintext: dict[str, bytes]
    context: dict[str, str]
    keys: dict[str, bytes] = field(default_factory=dict)


def read_message(message: bytes, wrapping_key: bytes) -> Opened:
    """Decrypt a message; the plaintext is under the name ""."""
    stored = Bytes(message)
    assert (stored.u8(), stored.take(2)) == (2, b"\x04\x78")
    message_id = stored.take(32)
    serialized = stored.take(stored.u16())
    assert stored.u16() == 1
    data_key = _unwrapped(stored, wrapping_key, aad=serialized)[1]
    assert stored.u8() == 2
    frame_length, commitment = stored.u32(), stored.take(32)
    keys = {"data key": data_key, "extracted key": hmac.digest(message_id, data_key, "sha512")}
    keys["encryption key"] = _hkdf(data_key, b"\x04\x78DERIVEKEY", salt=message_id)
    keys["commit key"] = _hkdf(data_key, b"COMMITKEY", salt=message_id)
    assert hmac.compare_digest(keys["commit key"], commitment)
    aead = AESGCM(keys["encryption key"])
    aead.decrypt(ZERO_IV, stored.take(16), message[: stored.at - 16])
    plaintext, sequence = b"", 1
    while (number := stored.u32()) != 0xFFFFFFFF:
        assert number == sequence
        aad = message_id + b"AWSKMSEncryptionClient Frame" + struct.pack(">IQ", sequence, frame_length)
        plaintext += aead.decrypt(stored.take(12), stored.take(frame_length + 16), aad)
        sequence += 1
    assert stored.u32() == sequence
    iv, length = stored.take(12), stored.u32()
    aad = message_id + b"AWSKMSEncryptionClient Final Frame" + struct.pack(">IQ", sequence, length)
    plaintext += aead.decrypt(iv, stored.take(length + 16), aad)
    assert length <= frame_length
    assert stored.at == len(message)
    return Opened({"": plaintext}, Bytes(serialized).pairs(), keys)


def read_record(
    header: bytes, footer: bytes, attributes: Mapping[str, tuple[bool, bytes]], wrapping_key: bytes
) -> Opened:
    """Decrypt a record whose attributes are given as (encrypted?, type id and data)."""
    table = "records"
    context = {
        "aws-crypto-table-name": table,
        "aws-crypto-partition-name": "tenant",
        "aws-crypto-sort-name": "record",
        "aws-crypto-attr.tenant": attributes["tenant"][1][2:].decode(),
        "aws-crypto-attr.record": attributes["record"][1][2:].decode(),
        "aws-crypto-legend": "SS",
    }
    fields = [pair.encode() for key in sorted(context) for pair in (key, context[key])]
    serialized = struct.pack(">H", 6) + b"".join(struct.pack(">H", len(part)) + part for part in fields)
    stored = Bytes(header)
    assert stored.take(2) == b"\x02\x00"
    message_id, legend = stored.take(32), stored.take(stored.u16()).decode()
    assert (stored.u16(), stored.u8()) == (0, 1)
    wrapped, intermediate = _unwrapped(stored, wrapping_key, aad=serialized, in_front=48)
    keys = {"intermediate key": intermediate}
    keys["key-encryption key"] = _hkdf(intermediate, b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC")
    keys["MAC key"] = _hkdf(intermediate, b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC")
    data_key = AESGCM(keys["key-encryption key"]).decrypt(ZERO_IV, wrapped, serialized)
    keys |= {"data key": data_key, "commit key": _hkdf(data_key, b"AWS_DBE_COMMIT_KEY" + message_id)}
    assert hmac.digest(keys["commit key"], header[:-32], "sha512")[:32] == stored.take(32)
    assert stored.at == len(header)

    def path(name: str) -> bytes:
        return table.encode() + struct.pack(">Q", 1) + b"$" + struct.pack(">Q", len(name)) + name.encode()

    in_order = sorted(attributes, key=path)
    canonical = header + struct.pack(">Q", len(serialized)) + serialized
    for name, letter in zip(in_order, legend, strict=True):
        encrypted, value = attributes[name]
        assert encrypted == (letter == "e")
        how = b"ENCRYPTED" if encrypted else b"PLAINTEXT"
        canonical += path(name) + struct.pack(">Q", len(value) - 2) + how + value
    keys["digest"] = hashlib.sha384(canonical).digest()
    assert hmac.digest(keys["MAC key"], keys["digest"], "sha384") == footer
    keys["field root key"] = _hkdf(data_key, b"AWS_DBE_DERIVE_KEY" + message_id)
    plaintext: dict[str, bytes] = {}
    for number, name in enumerate(name for name in in_order if attributes[name][0]):
        block = b"AwsDbeField" + b"\x2c" + struct.pack(">I", 3 * number)
        stream = Cipher(algorithms.AES256(keys["field root key"]), modes.CTR(block)).encryptor()
        keyed = stream.update(bytes(44))
        keys |= {f"key of `{name}`": keyed[:32], f"nonce of `{name}`": keyed[32:]}
        value = attributes[name][1]
        plaintext[name] = value[:2] + AESGCM(keyed[:32]).decrypt(keyed[32:], value[2:], path(name))
    return Opened(plaintext, context, keys)


def _unwrapped(stored: Bytes, wrapping_key: bytes, *, aad: bytes, in_front: int = 0) -> tuple[bytes, bytes]:
    """Read an encrypted data key; return what stands in front of the wrapped key, and the key."""
    assert stored.take(stored.u16()) == b"example"
    info = stored.take(stored.u16())
    assert info[:-12] == b"key-1" + struct.pack(">II", 128, 12)
    ciphertext = stored.take(stored.u16())
    key = AESGCM(wrapping_key).decrypt(info[-12:], ciphertext[in_front:], aad)
    return ciphertext[:in_front], key


def _hkdf(key: bytes, info: bytes, *, salt: bytes | None = None) -> bytes:
    return HKDF(hashes.SHA512(), 32, salt, info).derive(key)
