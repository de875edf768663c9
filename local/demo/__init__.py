"""The demonstration: records with keys of KMS, attacked and counted; an object; branch keys; the trail.

Plain text of two screens that ends with ``demo: N checks passed``. Everything lives in a temporary folder and
is gone afterwards.
"""

import sys
import time
from typing import Literal

from local.cdk_command import DeploymentError
from local.demo import audit, branch_keys, examples, objects, records
from local.demo.checks import Checks
from local.embedded import EmbeddedAws
from local.package import DependenciesError
from local.settings import UnknownEnvironmentError


def run(*, environment: str, runtime: Literal["auto", "awslambdaric", "loop"]) -> int:
    """Run the demonstration and return the exit code."""
    checks = Checks()
    print("Deploying the real stacks into an AWS inside this process: no account, no Docker", flush=True)
    began = time.monotonic()
    try:
        with EmbeddedAws(environment=environment, runtime=runtime) as aws:
            seconds = time.monotonic() - began
            names = ", ".join(name.rpartition("-")[2] for name in aws.stacks)
            checks.that(len(aws.stacks) > 0, f"the stacks {names} are up, in {seconds:.0f} s")
            known = examples.read()
            records.tell(aws, checks, known=known)
            objects.tell(aws, checks)
            branch_keys.tell(aws, checks, known=known)
            records.look_for_plaintext(aws, checks, known=known)
            audit.tell(aws, checks)
    except (UnknownEnvironmentError, DeploymentError, DependenciesError) as error:
        print(f"{error}\n\ndemo: the deployment failed", file=sys.stderr)
        return 1
    print("\nGo on: `make up` keeps one running and says how to call it; README.md says the rest.")
    if checks.failed:
        print(f"demo: {len(checks.failed)} of {checks.passed + len(checks.failed)} checks FAILED")
        return 1
    print(f"demo: {checks.passed} checks passed")
    return 0
