"""A second, plain implementation of the message format, whole in memory: it writes what the library does not.

Single blocks, version 1, the numbers, lengths and IVs that a test wants. Made after the ESDK specification,
data-format/; nothing of the library takes part, so that a mistake of the one is not repeated by the other.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DATA_KEY = bytes(range(100, 132))
ENTRY = (b"tests", b"static", b"wrapped")
V1_SUITES = (0x0078, 0x0178, 0x0378)
_SIGNED_SUITES = (0x0378, 0x0578)
_V1_HASHES: dict[int, hashes.HashAlgorithm] = {0x0178: hashes.SHA256(), 0x0378: hashes.SHA384()}
_SIGNING_KEY = ec.derive_private_key(4711, ec.SECP384R1())
PUBLIC_KEY = base64.b64encode(
    _SIGNING_KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
).decode()


def with_length(field: bytes) -> bytes:
    return len(field).to_bytes(2, "big") + field


def serialized_context(pairs: Mapping[str, str]) -> bytes:
    if not pairs:
        return b""
    ordered = sorted((key.encode(), value.encode()) for key, value in pairs.items())
    return len(ordered).to_bytes(2, "big") + b"".join(
        with_length(key) + with_length(value) for key, value in ordered
    )


def hkdf(key: bytes, *, algorithm: hashes.HashAlgorithm, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(algorithm, length=32, salt=salt, info=info).derive(key)


@dataclass(frozen=True)
class Message:
    """What a message is made of. Everything can be replaced, and the tags are then made to fit."""

    plaintext: bytes = b"what is sealed"
    suite: int = 0x0478
    frame_length: int = 10
    context: Mapping[str, str] | None = None
    required: Mapping[str, str] | None = None
    data_key: bytes = DATA_KEY
    message_id: bytes = b""
    entries: Sequence[tuple[bytes, bytes, bytes]] = (ENTRY,)
    commitment: bytes | None = None

    @property
    def is_version_1(self) -> bool:
        return self.suite in V1_SUITES

    @property
    def id(self) -> bytes:
        return self.message_id or bytes(range(16 if self.is_version_1 else 32))

    @property
    def stored_context(self) -> dict[str, str]:
        own = {"aws-crypto-public-key": PUBLIC_KEY} if self.suite in _SIGNED_SUITES else {}
        return {**(self.context or {}), **own}

    @property
    def body_key(self) -> bytes:
        suite_id = self.suite.to_bytes(2, "big")
        if self.suite == 0x0078:
            return self.data_key
        if self.is_version_1:
            return hkdf(self.data_key, algorithm=_V1_HASHES[self.suite], salt=None, info=suite_id + self.id)
        return hkdf(self.data_key, algorithm=hashes.SHA512(), salt=self.id, info=suite_id + b"DERIVEKEY")

    def fields(self) -> list[tuple[str, bytes]]:
        """The header body, field by field."""
        context = serialized_context(self.stored_context)
        fields = [("version", b"\x01\x80" if self.is_version_1 else b"\x02")]
        fields += [("suite", self.suite.to_bytes(2, "big")), ("message id", self.id)]
        fields += [("context length", len(context).to_bytes(2, "big"))]
        fields += [("pair count", context[:2]), ("pairs", context[2:])]
        fields += [("entry count", len(self.entries).to_bytes(2, "big"))]
        for entry in self.entries:
            for name, field in zip(("provider id", "provider info", "ciphertext"), entry, strict=True):
                fields += [(f"{name} length", len(field).to_bytes(2, "big")), (name, field)]
        fields += [("content type", b"\x02" if self.frame_length else b"\x01")]
        if self.is_version_1:
            fields += [("reserved", bytes(4)), ("iv length", b"\x0c")]
        fields += [("frame length", self.frame_length.to_bytes(4, "big"))]
        if not self.is_version_1:
            committed = hkdf(self.data_key, algorithm=hashes.SHA512(), salt=self.id, info=b"COMMITKEY")
            fields += [("commitment", committed if self.commitment is None else self.commitment)]
        return fields

    def header(self, **forged: bytes) -> bytes:
        """The header with its tag over it; `frame_length=...` replaces the bytes of that field."""
        replaced = {name.replace("_", " "): value for name, value in forged.items()}
        assert replaced.keys() <= dict(self.fields()).keys()
        body = b"".join(replaced.get(name, field) for name, field in self.fields())
        aad = body + serialized_context(self.required or {})
        tag = AESGCM(self.body_key).encrypt(bytes(12), b"", aad)
        return body + (bytes(12) if self.is_version_1 else b"") + tag

    def _sealed(self, kind: str, sequence: int, iv: bytes, content: bytes, *, announced: int) -> bytes:
        """Ciphertext and tag; the tag covers the announced length, true or not."""
        place = sequence.to_bytes(4, "big") + announced.to_bytes(8, "big")
        return AESGCM(self.body_key).encrypt(
            iv, content, self.id + f"AWSKMSEncryptionClient {kind}".encode() + place
        )

    def frame(self, sequence: int, content: bytes, *, iv: bytes | None = None) -> bytes:
        number = sequence.to_bytes(4, "big")
        iv = bytes(8) + number if iv is None else iv
        return number + iv + self._sealed("Frame", sequence, iv, content, announced=len(content))

    def final_frame(
        self, sequence: int, content: bytes, *, iv: bytes | None = None, length: int | None = None
    ) -> bytes:
        number = sequence.to_bytes(4, "big")
        iv = bytes(8) + number if iv is None else iv
        announced = len(content) if length is None else length
        sealed = self._sealed("Final Frame", sequence, iv, content, announced=announced)
        return b"\xff" * 4 + number + iv + announced.to_bytes(4, "big") + sealed

    def single_block(self, *, length: int | None = None) -> bytes:
        announced, iv = len(self.plaintext) if length is None else length, bytes(11) + b"\x01"
        sealed = self._sealed("Single Block", 1, iv, self.plaintext, announced=announced)
        return iv + announced.to_bytes(8, "big") + sealed

    def frames(self) -> list[bytes]:
        """Frame after frame, as the library cuts them: the last is empty only where everything is."""
        size = self.frame_length
        cut = [self.plaintext[at : at + size] for at in range(0, len(self.plaintext), size)] or [b""]
        regular = [self.frame(number, content) for number, content in enumerate(cut[:-1], start=1)]
        return [*regular, self.final_frame(len(cut), cut[-1])]

    def signed(self, message: bytes) -> bytes:
        """The message with its footer, where the suite has one."""
        if self.suite not in _SIGNED_SUITES:
            return message
        return message + with_length(_SIGNING_KEY.sign(message, ec.ECDSA(hashes.SHA384())))

    def whole(self, *frames: bytes, header: bytes | None = None) -> bytes:
        """The message; with these frames, and this header, in place of its own."""
        own = self.frames() if self.frame_length else [self.single_block()]
        return self.signed((self.header() if header is None else header) + b"".join(frames or own))

    def but(self, **changes: object) -> Self:
        return replace(self, **changes)  # type: ignore[arg-type]
