"""The record of docs/formats.md, byte by byte: as the service stores it, with two attributes of a caller."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worked_fields import Fields, add_entry, drawn, fixed_randomness, in_hex, inputs, keyring, table

from envelope.derivation import field_keys, hkdf_expand, hkdf_extract
from envelope.encryption_context import serialize
from envelope.item_fields import canonical_path
from service.store import record_encryptor

LOGICAL_TABLE = "records"
RECORD: dict[str, dict[str, Any]] = {
    "tenant": {"S": "acme"},
    "record": {"S": "r-1"},
    "revision": {"S": "000102030405060708090a0b0c0d0e0f"},
    "updated_at": {"S": "2026-01-31T12:34:56.789012Z"},
    "weight": {"N": "72.50"},
    "diagnosis": {"S": "J45.0"},
}
CONTEXT = {
    "aws-crypto-table-name": LOGICAL_TABLE,
    "aws-crypto-partition-name": "tenant",
    "aws-crypto-sort-name": "record",
    "aws-crypto-attr.tenant": RECORD["tenant"]["S"],
    "aws-crypto-attr.record": RECORD["record"]["S"],
    "aws-crypto-legend": "SS",
}
#: The attributes in the order of their paths.
NAMES = sorted(RECORD, key=lambda name: canonical_path(LOGICAL_TABLE, name))
# Other bytes than the message's: both examples have one wrapping key, under which no IV may occur twice.
INTERMEDIATE_KEY, WRAPPING_IV = drawn(0xC0, 32), drawn(0x50, 12)
DATA_KEY, MESSAGE_ID = drawn(0x80, 32), drawn(0xA0, 32)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The record as it is stored."""

    item: Mapping[str, Mapping[str, Any]]

    @property
    def header(self) -> bytes:
        """The attribute aws_dbe_head."""
        return bytes(self.item["aws_dbe_head"]["B"])

    @property
    def footer(self) -> bytes:
        """The attribute aws_dbe_foot."""
        return bytes(self.item["aws_dbe_foot"]["B"])

    def is_encrypted(self, name: str) -> bool:
        """Tell whether an attribute is stored as ciphertext."""
        return "B" in self.item[name]


def record_example() -> list[str]:
    """Return the lines about the record."""
    encryptor = record_encryptor(logical_table=LOGICAL_TABLE, plaintext_attributes=(), keyring=keyring())
    with fixed_randomness(INTERMEDIATE_KEY, WRAPPING_IV, DATA_KEY, MESSAGE_ID):
        stored = StoredRecord(encryptor.encrypt(RECORD))
    record = canonical_record(stored)
    return [
        "### A record",
        "",
        "Header version 02, flavor 00. In a deployment KMS or a branch key stands for the raw AES key.",
        "",
        *table(("given", "value"), given()),
        "",
        "The encryption context, which the reader rebuilds and nothing stores:",
        "",
        *table(("key", "value"), ((f"`{key}`", f"`{value}`") for key, value in sorted(CONTEXT.items()))),
        "",
        *table(("derived", "how", "value"), derived(stored)),
        "",
        f"`aws_dbe_head`, {len(stored.header)} bytes:",
        "",
        *header_fields(stored.header).table(),
        "",
        "The attributes as they are stored, in the order of their paths:",
        "",
        *table(("attribute", "action", "stored"), (stored_row(name, stored) for name in NAMES)),
        "",
        f"The canonical record is the {len(stored.header)} bytes of the header, followed by:",
        "",
        *record.table(),
        "",
        *table(("computed", "how", "value"), computed(stored, record=record.data)),
    ]


def given() -> Iterator[tuple[str, str]]:
    """Yield what the encryption starts with."""
    for name, value in RECORD.items():
        yield f"attribute `{name}`", f"`{json.dumps(value)}`"
    yield "logical table", f"`{LOGICAL_TABLE}`, whose keys are `tenant` and `record`"
    yield from inputs(WRAPPING_IV)
    yield "intermediate key", in_hex(INTERMEDIATE_KEY)
    yield "data key", in_hex(DATA_KEY)
    yield "message id", in_hex(MESSAGE_ID)


def derived(stored: StoredRecord) -> Iterator[tuple[str, ...]]:
    """Yield the keys that are derived."""
    for name, label in (("key-encryption key", "ENC"), ("MAC key", "MAC")):
        info = f"AWS_MPL_INTERMEDIATE_KEYWRAP_{label}"
        value = hkdf(INTERMEDIATE_KEY, info.encode())
        yield name, f"HKDF(intermediate key, `{info}`)", in_hex(value)
    for name, info in (("commit key", "AWS_DBE_COMMIT_KEY"), ("field root key", "AWS_DBE_DERIVE_KEY")):
        value = hkdf(DATA_KEY, info.encode() + MESSAGE_ID)
        yield name, f"HKDF(data key, `{info}` and message id)", in_hex(value)
    root_key = hkdf(DATA_KEY, b"AWS_DBE_DERIVE_KEY" + MESSAGE_ID)
    encrypted = [name for name in NAMES if stored.is_encrypted(name)]
    for number, (key, nonce) in enumerate(field_keys(root_key, len(encrypted))):
        how = f"keystream from counter block `AwsDbeField` `2c` u32 {3 * number}"
        yield f"key of `{encrypted[number]}`", f"{how}: bytes 0 to 31", in_hex(key)
        yield f"nonce of `{encrypted[number]}`", "the same: bytes 32 to 43", in_hex(nonce)


def hkdf(key: bytes, info: bytes) -> bytes:
    """Return 32 bytes derived from `key` for the purpose `info`: HKDF-SHA512 without a salt."""
    return hkdf_expand(hkdf_extract(key), info)


def header_fields(header: bytes) -> Fields:
    """Return the header's fields."""
    fields = Fields(header)
    fields.number(1, "version")
    fields.number(1, "flavor", "suite 6700")
    fields.take(32, "message id")
    length = fields.number(2, "legend length")
    legend = header[36 : 36 + length].decode()
    meanings = (f"{name} {letter}" for name, letter in zip(NAMES, legend, strict=True))
    fields.take(length, "legend", f"`{legend}`: {', '.join(meanings)}")
    fields.number(2, "stored context: pairs")
    fields.number(1, "encrypted data keys")
    add_entry(fields, wrapped="intermediate key, encrypted, with its tag; AAD = the context", inner=48)
    fields.take(32, "commitment", "HMAC-SHA512(commit key, all bytes before it), the first 32 bytes")
    return fields


def stored_row(name: str, stored: StoredRecord) -> tuple[str, str, str]:
    """Return the row of a stored attribute; an encrypted one has its type id first, its tag last."""
    value = stored.item[name]
    if stored.is_encrypted(name):
        return f"`{name}`", "encrypted and signed", f"B {in_hex(value['B'])}"
    action = "signed, and in the context" if f"aws-crypto-attr.{name}" in CONTEXT else "signed"
    return f"`{name}`", action, f"S `{value['S']}`"


def canonical_record(stored: StoredRecord) -> Fields:
    """Return what is hashed behind the header."""
    context = serialize(CONTEXT)
    parts = [
        (len(context).to_bytes(8, "big"), "context length", str(len(context))),
        (context, "encryption context", "number of pairs, and the pairs"),
    ]
    for name in NAMES:
        parts += attribute_parts(name, stored)
    fields = Fields(b"".join(data for data, _, _ in parts))
    for data, name, meaning in parts:
        fields.take(len(data), name, meaning)
    return fields


def attribute_parts(name: str, stored: StoredRecord) -> list[tuple[bytes, str, str]]:
    """Return what the canonical record holds of an attribute; all that are not encrypted here are texts."""
    encrypted = stored.is_encrypted(name)
    if encrypted:
        type_id, data = stored.item[name]["B"][:2], stored.item[name]["B"][2:]
    else:
        type_id, data = b"\x00\x01", stored.item[name]["S"].encode()
    how = "ENCRYPTED" if encrypted else "PLAINTEXT"
    return [
        (canonical_path(LOGICAL_TABLE, name), f"path of `{name}`", "table, depth, `$`, length, name"),
        (len(data).to_bytes(8, "big"), "data length", str(len(data))),
        (how.encode(), "how", f"`{how}`"),
        (type_id, "type id", next(iter(RECORD[name]))),
        (data, "data", "ciphertext and tag" if encrypted else f"`{data.decode()}`"),
    ]


def computed(stored: StoredRecord, *, record: bytes) -> Iterator[tuple[str, ...]]:
    """Yield the digest and the footer."""
    digest = hashlib.sha384(stored.header + record).digest()
    yield "digest", "SHA-384(canonical record)", in_hex(digest)
    yield "`aws_dbe_foot`", "HMAC-SHA384(MAC key, digest): the one recipient's tag", in_hex(stored.footer)
