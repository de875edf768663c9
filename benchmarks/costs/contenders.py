"""The functions, and what each is compared with."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.costs import events
from benchmarks.costs.events import Event
from benchmarks.costs.processes import ROOT, Aws, Bytecode, figures, installed_here

_PROGRAM = Path(__file__).with_name("one_function.py")
_BASELINES = "benchmarks.costs.baselines"
#: As the stacks deploy it where nothing else is set; what the emulator made is added.
VARIABLES = {
    "LOGICAL_TABLE": "records",
    "KEY_STRATEGY": "tenant",
    "BRANCH_KEY_CACHE_SECONDS": "300",
    "BRANCH_KEY_CACHE_ENTRIES": "1000",
    "KEY_STORE_RECOVERY_DAYS": "7",
    "BRANCH_KEY_ROTATION_DAYS": "365",
    # Lambda has no such files; this machine may.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "CURSOR_KEY": "arn:aws:cloudformation:eu-west-1:111122223333:stack/service/0a1b2c3d",
    "POWERTOOLS_SERVICE_NAME": "records",
    "POWERTOOLS_METRICS_NAMESPACE": "SealedRecords",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
TENANT = "acme"


@dataclass(frozen=True, slots=True)
class Contender:
    """A function, or what one is compared with.

    Parameters
    ----------
    name
        As tables show it.
    module
        Of its handler.
    events
        What it is called with.
    against
        The name of boto3 alone with the same clients; None for what is no function of ours.
    """

    name: str
    module: str
    events: tuple[Event, ...]
    against: str | None = None

    def paths(self, aws: Aws) -> list[str]:
        """Return where its modules are found."""
        if self.against is not None:
            return aws.package
        if self.name in (OFFICIAL, OFFICIAL_ITEMS):
            return [str(ROOT), installed_here()]
        return [str(ROOT), aws.dependencies]


BOTO3 = "boto3, clients of KMS and DynamoDB, cryptography"
BOTO3_OF_PLANNER = "boto3, clients of S3, DynamoDB and Step Functions, cryptography"
OFFICIAL = "aws-encryption-sdk, hierarchical keyring, and dynamodb-encryption-sdk"
OFFICIAL_ITEMS = "dynamodb-encryption-sdk alone"

_RECORD = {"body": json.dumps(events.RECORD)}
_PUT, _GET = events.put(TENANT, "0"), events.get(TENANT, "0")

FUNCTIONS = (
    Contender("writer", "service.writer", (_PUT,), BOTO3),
    Contender("reader", "service.reader", (_GET, events.page(TENANT, limit=25)), BOTO3),
    Contender("tenant-admin", "service.tenant_admin", (events.describe_branch_key(TENANT),), BOTO3),
    Contender("rotation", "service.rotation", ({},), BOTO3),
    Contender("reencryptor", "service.reencryptor", (events.segment(TENANT),), BOTO3),
    Contender("planner", "service.planner", (events.plan(),), BOTO3_OF_PLANNER),
)
ALONE = (
    Contender(BOTO3, f"{_BASELINES}.boto3_alone", (_RECORD,)),
    Contender(BOTO3_OF_PLANNER, f"{_BASELINES}.boto3_of_planner", (_RECORD,)),
)
PEERS = (
    Contender(OFFICIAL, f"{_BASELINES}.official_stack", (_RECORD,)),
    Contender(OFFICIAL_ITEMS, f"{_BASELINES}.official_items", (_RECORD,)),
)


def started(contender: Contender, aws: Aws, *, requests: int, bytecode: Bytecode) -> dict[str, Any]:
    """Start a contender in a process of its own and return what one_function measured.

    Raises
    ------
    ProcessError
        It fails.
    """
    told = {
        "module": contender.module,
        "environment": {**VARIABLES, **aws.variables},
        "events": contender.events,
        "requests": requests,
    }
    return figures(_PROGRAM, told, paths=contender.paths(aws), bytecode=bytecode, name=contender.name)
