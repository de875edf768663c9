"""The floor of items: derived keys, tags and ciphertexts, with all else made beforehand (see floor.py)."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest, digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.peers.floor import (
    TAG,
    ZERO_IV,
    FloorError,
    WrappingKey,
    behind_length,
    serialized_context,
    u16,
)

_NO_SALT = bytes(64)


@dataclass(frozen=True, slots=True)
class Field:
    """A signed attribute, serialized. Those that are not encrypted are in the encryption context."""

    name: str
    type_id: bytes
    data: bytes
    encrypted: bool


@dataclass(frozen=True, slots=True)
class StoredFields:
    """An encrypted item: header, footer, and the ciphertexts in the order of the paths."""

    header: bytes
    footer: bytes
    ciphertexts: list[bytes]


class ItemFloor:
    """Items of one shape, header version 02, flavor 00, under a branch key that is in the cache.

    Parameters
    ----------
    key
        The branch key.
    table
        Logical name.
    context
        The item's whole encryption context.
    fields
        The item's attributes, in any order.
    """

    def __init__(
        self, key: WrappingKey, *, table: str, context: Mapping[str, str], fields: Sequence[Field]
    ) -> None:
        self._key = key
        self._context = serialized_context(context)
        self._wrap_aad = key.aad(self._context)
        named = sorted((_path(table, field.name), field) for field in fields)
        legend = "".join("e" if field.encrypted else "c" for _, field in named).encode()
        self._before_entry = behind_length(legend) + u16(0) + b"\x01" + key.entry_head(48 + 92)
        self._entry = 2 + 32 + len(self._before_entry)
        #: The encrypted ones, in the order of their paths.
        self.encrypted = [field for _, field in named if field.encrypted]
        self._paths = [path for path, field in named if field.encrypted]
        self._counter = b"AwsDbeField" + bytes([44]) + bytes(4)
        self._zeros = bytes(48 * len(self.encrypted))
        # The canonical record with a place for the header, and one for each ciphertext.
        self._record: list[bytes] = [b"", len(self._context).to_bytes(8, "big") + self._context]
        self._places: list[int] = []
        for path, field in named:
            if field.encrypted:
                size = (len(field.data) + TAG).to_bytes(8, "big")
                self._record[-1] += path + size + b"ENCRYPTED" + field.type_id
                self._places.append(len(self._record))
                self._record += [b"", b""]
            else:
                size = len(field.data).to_bytes(8, "big")
                self._record[-1] += path + size + b"PLAINTEXT" + field.type_id + field.data

    def encrypt(self) -> StoredFields:
        """Return the item, encrypted."""
        random = os.urandom(124)
        data_key, between, message_id = random[:32], random[32:64], random[64:96]
        salt, iv = random[96:112], random[112:]
        wrapped = self._key.sealing(salt).encrypt(iv, between, self._wrap_aad)
        extracted = digest(_NO_SALT, between, "sha512")
        wrapping = AESGCM(digest(extracted, b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC\x01", "sha512")[:32])
        partial = b"".join(
            (
                b"\x02\x00",
                message_id,
                self._before_entry,
                wrapping.encrypt(ZERO_IV, data_key, self._context),
                salt,
                iv,
                self._key.version,
                wrapped,
            )
        )
        commit_key, keys = self._derived(data_key, message_id)
        header = partial + digest(commit_key, partial, "sha512")[:32]
        ciphertexts = [
            AESGCM(keys[at : at + 32]).encrypt(keys[at + 32 : at + 44], field.data, path)
            for at, field, path in zip(self._starts(), self.encrypted, self._paths, strict=True)
        ]
        return StoredFields(header, self._tag(extracted, header, ciphertexts), ciphertexts)

    def decrypt(self, stored: StoredFields) -> list[bytes]:
        """Return the encrypted attributes' values, in the order of their paths."""
        header, entry = stored.header, self._entry
        message_id, at = header[2:34], entry + 48
        salt, iv, sealed = header[at : at + 16], header[at + 16 : at + 28], header[at + 44 : at + 92]
        between = self._key.sealing(salt).decrypt(iv, sealed, self._wrap_aad)
        extracted = digest(_NO_SALT, between, "sha512")
        wrapping = AESGCM(digest(extracted, b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC\x01", "sha512")[:32])
        data_key = wrapping.decrypt(ZERO_IV, header[entry:at], self._context)
        commit_key, keys = self._derived(data_key, message_id)
        if not compare_digest(digest(commit_key, header[:-32], "sha512")[:32], header[-32:]):
            raise FloorError("the header commits to another key")
        if not compare_digest(self._tag(extracted, header, stored.ciphertexts), stored.footer):
            raise FloorError("the footer is another item's")
        return [
            AESGCM(keys[at : at + 32]).decrypt(keys[at + 32 : at + 44], ciphertext, path)
            for at, ciphertext, path in zip(self._starts(), stored.ciphertexts, self._paths, strict=True)
        ]

    def _starts(self) -> range:
        return range(0, len(self._zeros), 48)

    def _derived(self, data_key: bytes, message_id: bytes) -> tuple[bytes, bytes]:
        """Return the commit key, and the keystream that the fields' keys are cut out of."""
        extracted = digest(_NO_SALT, data_key, "sha512")
        commit_key = digest(extracted, b"AWS_DBE_COMMIT_KEY" + message_id + b"\x01", "sha512")[:32]
        root = digest(extracted, b"AWS_DBE_DERIVE_KEY" + message_id + b"\x01", "sha512")[:32]
        keystream = Cipher(algorithms.AES256(root), modes.CTR(self._counter)).encryptor()
        return commit_key, keystream.update(self._zeros)

    def _tag(self, extracted: bytes, header: bytes, ciphertexts: Sequence[bytes]) -> bytes:
        record = self._record
        record[0] = header
        for place, ciphertext in zip(self._places, ciphertexts, strict=True):
            record[place] = ciphertext
        mac_key = digest(extracted, b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC\x01", "sha512")[:32]
        return digest(mac_key, hashlib.sha384(b"".join(record)).digest(), "sha384")


def _path(table: str, name: str) -> bytes:
    encoded = name.encode()
    return table.encode() + (1).to_bytes(8, "big") + b"$" + len(encoded).to_bytes(8, "big") + encoded
