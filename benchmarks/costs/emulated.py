"""The tables, keys and buckets of the functions in an emulator on loopback: a program of the project's .venv.

`python -m benchmarks.costs.emulated` prints as one line of JSON what functions need to reach them, and ends
when its standard input does.
"""

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

from benchmarks.costs import events
from benchmarks.costs.contenders import TENANT, VARIABLES
from benchmarks.costs.one_function import call
from envelope import BranchKeyStore
from local import package
from local.build_cache import ROOT
from local.clients import Clients
from local.emulator import Emulator
from service.branch_keys import branch_key_context

REGION = "eu-west-1"
RECORDS, KEY_STORE, LOGICAL_KEY_STORE, BUCKET = "records", "key-store", "branch-keys", "maintenance"
#: The tenants that have branch keys: of each contender's records.
TENANTS = (TENANT, "plain")
RECORDS_STORED = 25


def main() -> None:
    """Serve until the standard input ends."""
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(log_file=Path(folder) / "emulator.log")
        emulator.start()
        try:
            variables = {"AWS_ENDPOINT_URL": emulator.endpoint, **_made(Clients(emulator.endpoint, REGION))}
            _store_records({**VARIABLES, **variables})
            told = {
                "variables": variables,
                "dependencies": str(package.dependencies(ROOT / "lambda_src" / "requirements.txt")),
                "python": sys.version,
            }
            print(json.dumps(told), flush=True)
            sys.stdin.read()
        finally:
            emulator.stop()


def _made(clients: Clients) -> dict[str, str]:
    """Make what the stacks make; return the variables of the functions."""
    dynamodb, kms = clients.client("dynamodb"), clients.client("kms")
    for table, keys in ((RECORDS, ("tenant", "record")), (KEY_STORE, ("branch-key-id", "type"))):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    clients.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    key_arn = kms.create_key()["KeyMetadata"]["Arn"]
    store = BranchKeyStore(
        dynamodb=dynamodb,
        kms=kms,
        table=KEY_STORE,
        logical_name=LOGICAL_KEY_STORE,
        key_arn=key_arn,
        context_of=branch_key_context,
    )
    for tenant in TENANTS:
        store.create(tenant)
    return {
        "AWS_ACCESS_KEY_ID": clients.key,
        "AWS_SECRET_ACCESS_KEY": clients.secret,
        "AWS_DEFAULT_REGION": REGION,
        "RECORDS_TABLE": RECORDS,
        "KEY_STORE_TABLE": KEY_STORE,
        "LOGICAL_KEY_STORE": LOGICAL_KEY_STORE,
        "MAINTENANCE_BUCKET": BUCKET,
        "ENVELOPE_KEY_ARN": key_arn,
    }


def _store_records(variables: Mapping[str, str]) -> None:
    """Let the writer store a page of records."""
    os.environ.update(variables)
    # What it logs would be taken for what this program tells.
    with redirect_stdout(sys.stderr):
        writer = importlib.import_module("service.writer")
        for number in range(RECORDS_STORED):
            call(writer.handler, events.put(TENANT, str(number)), name="writer")


if __name__ == "__main__":
    main()
