"""Prints what the example records take in the table: bytes and DynamoDB write units, in both key strategies.

Run `python examples/sizes.py`. Items are made by the service's own encryptor and measured as DynamoDB counts
them; no call leaves the machine, so KMS is a stand-in here that answers with as many bytes as KMS does.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generate import DEFAULT_FOLDER, FILES

from envelope import BranchKey, BranchKeyring, ItemEncryptor, Keyring, KmsKeyring
from service.item_size import item_size
from service.json_body import parse_record
from service.names import REVISION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE
from service.store import record_encryptor, record_key

TENANT = "acme"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# CiphertextBlob of GenerateDataKey for 32 bytes, as in AWS's example of client-side encryption for S3
# (awsdocs/aws-doc-sdk-examples, s3_add_cskms_encrypt_item_spec.rb): 248 characters of base64.
KMS_BLOB_BYTES = 184
# "A write capacity unit: one write per second for an item up to 1 KB"; larger items take one for each KB.
WRITE_UNIT_BYTES = 1024
SMALL_RECORD_BYTES = 500

Item = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of one item: in clear, and as it is stored in each strategy."""

    clear: int
    record: int
    tenant: int


class _Kms:
    """Answers GenerateDataKey with as many bytes as KMS does."""

    def generate_data_key(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - what boto3's client takes
        return {
            "KeyId": asked["KeyId"],
            "Plaintext": os.urandom(32),
            "CiphertextBlob": os.urandom(KMS_BLOB_BYTES),
        }

    def decrypt(self, **_: Any) -> Mapping[str, Any]:  # noqa: ANN401
        raise NotImplementedError


class _BranchKeys:
    """One branch key, the same each time."""

    def active(self, branch_key_id: str) -> BranchKey:
        return BranchKey(branch_key_id, "5f6b3c1e-9f5a-4b5e-8d6c-0a1b2c3d4e5f", bytes(32))

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        return BranchKey(branch_key_id, version, bytes(32))


def measured(item: Item) -> Sizes:
    """Return the sizes of an item, which has its keys, revision and time."""
    in_record = _encryptor(KmsKeyring(_Kms(), KEY_ARN))
    in_tenant = _encryptor(BranchKeyring(TENANT, _BranchKeys()))
    return Sizes(item_size(item), item_size(in_record.encrypt(item)), item_size(in_tenant.encrypt(item)))


def write_units(size: int) -> int:
    """Return the write units that a put of an item takes."""
    return -(-size // WRITE_UNIT_BYTES)


def completed(data: Item, *, record: str) -> Item:
    """Return a record's data with all that the service adds to it."""
    return {
        **data,
        **record_key(TENANT, record),
        REVISION_ATTRIBUTE: {"S": "0123456789abcdef" * 2},
        UPDATED_AT_ATTRIBUTE: {"S": "2026-01-31T12:34:56.789012Z"},
    }


def small_record() -> Item:
    """Return an item of 500 bytes in all: keys, revision, time, and eight attributes to encrypt."""
    names = ("name", "born", "street", "city", "phone", "email", "ward", "note")
    item = completed({name: {"S": "x"} for name in names}, record="azwwfmwerfn5w7r3")
    item["note"] = {"S": "x" * (1 + SMALL_RECORD_BYTES - item_size(item))}
    return item


def examples(folder: Path, name: str) -> Iterator[Item]:
    """Yield the items of one file of examples."""
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            # As the client sends it: the text of `data` as it stands, so that no number is rewritten.
            head, _, data = line.rstrip("\n").partition(',"data":')
            yield completed(parse_record(data.removesuffix("}")), record=head.split('"')[3])


def main() -> None:
    """Print the table."""
    print("bytes of an item (median), and write units of all, by key strategy\n")
    print(f"{'':<12}{'records':>8}{'in clear':>10}{'record':>9}{'tenant':>9}   {'write units':>16}")
    for name in FILES:
        _print_row(name, [measured(item) for item in examples(DEFAULT_FOLDER, name)])
    small = measured(small_record())
    _print_row("500 bytes", [small])
    print(
        f"\nrecord: a data key of KMS for each record ({KMS_BLOB_BYTES} bytes wrapped, and the key's ARN)"
        "\ntenant: a data key wrapped by the tenant's branch key (92 bytes, and the tenant's id):"
        f" {small.record - small.tenant} bytes less"
    )


def _print_row(name: str, sizes: list[Sizes]) -> None:
    def median(values: Sequence[int]) -> int:
        return sorted(values)[len(values) // 2]

    clear, record, tenant = zip(*((each.clear, each.record, each.tenant) for each in sizes), strict=True)
    stored = f"{median(clear):>10}{median(record):>9}{median(tenant):>9}"
    units = f"{sum(map(write_units, record)):>7} -> {sum(map(write_units, tenant))}"
    print(f"{name:<12}{len(sizes):>8}{stored}   {units}")


def _encryptor(keyring: Keyring) -> ItemEncryptor:
    return record_encryptor(logical_table="records", plaintext_attributes=(), keyring=keyring)


if __name__ == "__main__":
    main()
