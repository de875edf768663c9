"""Run the `sealed` command as one of the ready-made callers."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from local.build_cache import ROOT
from local.embedded import EmbeddedAws


def of_objects(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell `sealed object` where objects are, and as whom to store them."""
    named = {
        "SEALED_OBJECTS_BUCKET": "ObjectsBucketName",
        "SEALED_OBJECT_ROLE_ARN": "ObjectClientRoleArn",
        "SEALED_ENVELOPE_KEY_ARN": "EnvelopeKeyArn",
    }
    return {variable: outputs[output] for variable, output in named.items() if output in outputs}


def of_maintenance(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell `sealed maintenance` where re-encryptions run."""
    named = {
        "SEALED_REENCRYPTION_STATE_MACHINE_ARN": "ReencryptionStateMachineArn",
        "SEALED_MAINTENANCE_BUCKET": "MaintenanceBucketName",
    }
    return {variable: outputs[output] for variable, output in named.items() if output in outputs}


@dataclass(frozen=True, slots=True)
class Said:
    """How the command ended, and what it printed."""

    code: int
    output: str
    errors: str


def variables_of(aws: EmbeddedAws, *, caller: str) -> dict[str, str]:
    """Return the environment in which ``sealed`` works as a ready-made caller."""
    key = aws.credentials(caller)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_REGION": aws.region,
        "AWS_ENDPOINT_URL": aws.aws_endpoint,
        "SEALED_ENDPOINT": aws.api_url,
        "SEALED_AUDIT_WORKGROUP": aws.outputs.get("AuditWorkGroupName", ""),
        **of_objects(aws.outputs),
        **of_maintenance(aws.outputs),
    }


def sealed(aws: EmbeddedAws, *arguments: str, caller: str) -> Said:
    """Run ``sealed`` with these arguments, as the caller of a tenant, as ``admin`` or as ``auditor``."""
    done = subprocess.run(
        [sys.executable, "-m", "client", *arguments],
        cwd=ROOT,
        env=variables_of(aws, caller=caller),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
