"""How re-encryption grows with the segments that are worked on at once. `make reencryption` prints it.

The deployed machine and functions run in the embedded AWS. Each call of KMS and each write waits as if AWS
were far away, so that it is the waiting that segments share, and not this machine's processors.
"""

import sys

from envelope import BranchKeyStore
from local.embedded import EmbeddedAws
from tests.local.names import LOGICAL_KEY_STORE
from tests.local.reencryption_runs import BY_TENANT, Runs, Table, took

RECORDS, TENANTS = 2_000, 40
AT_ONCE = (1, 2, 4, 8)
WAIT_SECONDS = 0.1


def main() -> None:
    """Measure, and print."""
    with EmbeddedAws(settings={"key_strategy": "tenant"}, instances=max(AT_ONCE)) as aws:
        table, tenants = Table(aws), [f"tenant-{number}" for number in range(TENANTS)]
        _create(aws, tenants)
        print(f"{RECORDS:,} records; each call of KMS and each write waits {WAIT_SECONDS * 1000:.0f} ms")
        print("segments at once  seconds  records/s")
        for at_once in AT_ONCE:
            table.empty()
            table.fill(tenants, count=RECORDS)
            for service, operation in (("kms", "Decrypt"), ("dynamodb", "PutItem")):
                aws.fail_next(service, operation, delay=WAIT_SECONDS, times=sys.maxsize)
            # More segments than are worked on: they are not of the same size.
            summary = Runs(aws).run(segments=4 * at_once, concurrency=at_once)
            aws.clear_faults()
            if table.providers() != {BY_TENANT: RECORDS}:
                raise AssertionError(table.providers())
            print(f"{at_once:16}  {took(summary):7.1f}  {RECORDS / took(summary):9.0f}", flush=True)


def _create(aws: EmbeddedAws, tenants: list[str]) -> None:
    store = BranchKeyStore(
        dynamodb=aws.client("dynamodb"),
        kms=aws.client("kms"),
        table=aws.outputs["KeyStoreTableName"],
        logical_name=LOGICAL_KEY_STORE,
        key_arn=aws.outputs["EnvelopeKeyArn"],
        context_of=lambda tenant: {"tenant": tenant},
    )
    for tenant in tenants:
        store.create(tenant)


if __name__ == "__main__":
    main()
