"""What a record costs: calls of KMS, bytes in the table, write units. `make sizes` prints it, of ours alone.

Items are made by the service's own encryptor and measured as DynamoDB counts them. KMS is a stand-in that
answers with as many bytes as KMS does: 184 for a data key of 32 (stand_in.py).
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median_low

from benchmarks.peers import names
from benchmarks.peers.cases import Contender
from benchmarks.peers.ours import CACHE_SECONDS, LOGICAL_TABLE, branch_key_store, item_contender
from benchmarks.peers.outcomes import Outcome
from benchmarks.peers.records import (
    SMALL_RECORD_BYTES,
    SMALL_RECORD_NAMES,
    TENANT,
    WRITE_UNIT_BYTES,
    Item,
    example_files,
    examples,
    small_record,
    write_units,
)
from benchmarks.peers.rounds import CheckError
from benchmarks.peers.sheets import Cell, Part, Sheet
from benchmarks.peers.stand_in import KEY_ARN, AwsStandIn
from benchmarks.scale.figures import aligned
from envelope import BranchKeyring, CachingBranchKeySource, ItemEncryptor, Keyring, KmsKeyring
from service.item_size import item_size
from service.store import record_encryptor

ID = "record-cost"
SMALL = f"{SMALL_RECORD_BYTES} bytes"
#: Bytes that a record may take on top, and for each of its encrypted attributes.
MOST_OVERHEAD, MOST_OVERHEAD_OF_ATTRIBUTE = 340, 18
_HEAD = (
    "records",
    "of them",
    "who",
    "in clear, bytes",
    "stored, bytes",
    "more, bytes",
    "write units of all",
    "calls of KMS, writing all",
    "calls of KMS, reading all",
)

#: Makes the contenders of one item; what they share begins cold.
Contenders = Callable[[Item], list[Contender]]


@dataclass(slots=True)
class Cost:
    """What several records cost: bytes in clear and as stored, and calls of KMS for all of them."""

    clear: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    calls_writing: int = 0
    calls_reading: int = 0

    @property
    def overhead(self) -> int:
        """The median of what is stored beyond the plaintext, in bytes."""
        return median_low(stored - clear for clear, stored in zip(self.clear, self.stored, strict=True))

    @property
    def write_units(self) -> int:
        """Of all of them."""
        return sum(map(write_units, self.stored))


def costs(items: Iterable[Item], contenders: Contenders, *, kms_calls: Callable[[], int]) -> dict[str, Cost]:
    """Write and read records, each once; return what that cost, by contender.

    Raises
    ------
    CheckError
        A contender does not decrypt what it encrypted.
    """
    found: dict[str, Cost] = {}
    for item in items:
        for contender in contenders(item):
            cost = found.setdefault(contender.name, Cost())
            before = kms_calls()
            stored = contender.encrypt()
            between = kms_calls()
            if contender.decrypt(stored) != contender.plaintext:
                raise CheckError(f"{contender.name}: what was decrypted is not what was encrypted")
            cost.clear.append(item_size(item))
            cost.stored.append(item_size(stored))
            cost.calls_writing += between - before
            cost.calls_reading += kms_calls() - between
    return found


def our_contenders(aws: AwsStandIn) -> Callable[[], Contenders]:
    """Return what begins with the service's encryptors anew, as a container does; the branch key is there."""
    kms, store = aws.client("kms"), branch_key_store(aws)
    store.create(TENANT)

    def begun() -> Contenders:
        source = CachingBranchKeySource(store, ttl_seconds=CACHE_SECONDS)
        of_record, of_tenant = KmsKeyring(kms, KEY_ARN), BranchKeyring(TENANT, source)

        def contenders(item: Item) -> list[Contender]:
            return [
                item_contender(item, names.ITEM_TENANT, names.BY_BRANCH_KEY, _encryptor(of_tenant)),
                item_contender(item, names.ITEM_RECORD, names.BY_KMS, _encryptor(of_record)),
            ]

        return contenders

    return begun


def outcomes(cost: Cost) -> Iterator[Outcome]:
    """Yield the targets' figures, from what the record of 500 bytes costs in strategy `tenant`."""
    record = f"record of {SMALL}, {len(SMALL_RECORD_NAMES)} attributes encrypted, strategy tenant"
    yield Outcome(
        f"{record}: write units",
        "a put",
        f"{WRITE_UNIT_BYTES:,} bytes",
        cost.write_units,
        1,
        at_most=True,
        unit="write units",
    )
    yield Outcome(
        f"{record}: bytes on top",
        "a put",
        "the record in clear",
        cost.overhead,
        MOST_OVERHEAD + MOST_OVERHEAD_OF_ATTRIBUTE * len(SMALL_RECORD_NAMES),
        at_most=True,
        unit="bytes",
    )


def _rows(records: str, found: Mapping[str, Cost]) -> Iterator[tuple[Cell, ...]]:
    for name, cost in found.items():
        sizes = (median_low(cost.clear), median_low(cost.stored), cost.overhead)
        counts = (cost.write_units, cost.calls_writing, cost.calls_reading)
        yield (records, f"{len(cost.clear)}", name, *(f"{number:,}" for number in (*sizes, *counts)))


def measured(
    aws: AwsStandIn, *, peers: Contenders = lambda _: [], told: Callable[[], None] = lambda: None
) -> Sheet:
    """Return the sheet: ours with all records, the peers with the record of 500 bytes.

    The example records hold numbers of 38 digits, which dynamodb-encryption-sdk rounds to 28.
    """
    begun, small = our_contenders(aws), small_record()
    ours = begun()
    found = costs([small], lambda item: [*ours(item), *peers(item)], kms_calls=aws.kms_calls)
    reached, rows = outcomes(found[names.ITEM_TENANT]), [*_rows(SMALL, found)]
    told()
    for file in example_files():
        rows += _rows(file.stem, costs(examples(file), begun(), kms_calls=aws.kms_calls))
        told()
    return Sheet(ID, _HEAD, tuple(rows), tuple(reached))


def _measure(_quick: bool, told: Callable[[], None]) -> Sheet:  # noqa: FBT001 - as a part is called
    # Installed only where the peers are.
    from benchmarks.peers.dynamodb_client import DynamoDbClient  # noqa: PLC0415

    aws = AwsStandIn()
    return measured(aws, peers=DynamoDbClient(aws).items, told=told)


def _encryptor(keyring: Keyring) -> ItemEncryptor:
    return record_encryptor(logical_table=LOGICAL_TABLE, plaintext_attributes=(), keyring=keyring)


def main() -> None:
    """Print what ours cost."""
    sheet = measured(AwsStandIn())
    sys.stdout.write(aligned(sheet.head, (tuple(map(str, row)) for row in sheet.rows)) + "\n")


PART = Part(ID, "records: cost", steps=lambda _: 1 + len(example_files()), measure=_measure)

if __name__ == "__main__":
    main()
