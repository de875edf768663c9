"""cdk-nag's four packs over an app, as plugins of its synthesis.

cdk-nag itself heeds an acknowledgement whose id lacks the pack's name, and says nothing of it; of one with
the name, the CDK keeps the finding and the reason in its report. So only the latter can be shown to a
reviewer, and only the latter counts here: each must stand on the very resource that is reported.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
from constructs import IConstruct

from evidence.assembly import Assembly
from evidence.findings import Acknowledgement, Finding, Scan, ScanError, judged, require_whole

TOOL = "cdk-nag"
REPORT = "validation-report.json"
PACKS = ("AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")

OWN = "Construct-Annotations::Annotation::sealed-records:"
"""So begin the stacks' own warnings about settings, which no acknowledgement is for."""


class _Census(cdk_nag.NagPack):
    """Notes what cdk-nag hands to a pack."""

    def __init__(self, app: cdk.App) -> None:
        super().__init__(app)
        self.seen: list[str] = []

    @property
    def name(self) -> str:
        return "Census"

    def _check_resource(self, node: cdk.CfnResource) -> None:
        self.seen.append(node.node.path)


def scan(app: cdk.App) -> tuple[Scan, Assembly]:
    """Synthesize an app under the packs.

    Parameters
    ----------
    app
        Composed with `REPORT_ONLY` in its context, not synthesized yet.

    Raises
    ------
    ScanError
        If a pack fails or passes resources by.
    """
    scope: IConstruct = app
    cdk.Validations.of(scope).add_plugins(
        cdk_nag.AwsSolutionsChecks(app, verbose=True),
        cdk_nag.NIST80053R5Checks(app, verbose=True),
        cdk_nag.HIPAASecurityChecks(app, verbose=True),
        cdk_nag.PCIDSS321Checks(app, verbose=True),
    )
    assembly = Assembly(Path(app.synth().directory))
    census = _Census(app)
    census.validate_scope(app)
    require_whole(TOOL, seen=census.seen, expected=[one.path for one in assembly.resources])

    acknowledged = tuple(
        Acknowledgement(tool=TOOL, rule=_short(one.rule), resource=one.path, reason=one.reason)
        for one in assembly.cdk_acknowledgements
    )
    reported = list(_reported(_reports(assembly.directory)))
    notes = [finding for finding in reported if finding.rule.startswith(OWN)]
    return (
        Scan(
            tool=TOOL,
            version=version("cdk-nag"),
            resources=len(census.seen),
            findings=judged(
                tool=TOOL,
                reported=[finding for finding in reported if finding not in notes],
                acknowledged=acknowledged,
            ),
            acknowledged=acknowledged,
            notes=tuple(sorted(notes)),
        ),
        assembly,
    )


def _reports(directory: Path) -> list[dict[str, Any]]:
    file = directory / REPORT
    if not file.exists():  # nothing at all was reported
        return []
    reports: list[dict[str, Any]] = json.loads(file.read_text())["pluginReports"]
    for report in reports:
        error = (report.get("metadata") or {}).get("error")
        if error:
            raise ScanError(f"{TOOL}: {report['pluginName']} failed: {error}")
    return reports


def _reported(reports: list[dict[str, Any]]) -> Iterator[Finding]:
    for report in reports:
        plugin = report["pluginName"].replace(" ", "-")
        for violation in (*report["violations"], *report.get("suppressedViolations", ())):
            for construct in violation["violatingConstructs"]:
                yield Finding(
                    # What the CDK checks by itself stands in the same report.
                    tool=TOOL if plugin in PACKS else "aws-cdk",
                    rule=_short(f"{plugin}::{violation['ruleName']}"),
                    resource=construct["constructPath"],
                    sentence=violation["description"],
                )


def _short(rule: str) -> str:
    """Drop the pack's name before a rule that begins with it anyway."""
    plugin, _, name = rule.partition("::")
    return name if plugin in PACKS else rule
