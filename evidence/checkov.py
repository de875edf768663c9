"""checkov over the templates, from an environment of its own: its pins contradict the project's.

It runs without network, and without settings of the machine that it runs on.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from evidence.assembly import Assembly
from evidence.findings import Acknowledgement, Finding, Scan, ScanError, judged
from evidence.synthesis import ROOT
from evidence.templates import AS_THEY_ARE, BARE, Layout, laid_out

TOOL = "checkov"
PROGRAM = ROOT / ".venv-checkov" / "bin" / "checkov"


def scan(assembly: Assembly, *, program: Path = PROGRAM) -> Scan:
    """Run checkov.

    Raises
    ------
    ScanError
        If it is missing, fails or passes resources by.
    """
    acknowledged = tuple(
        Acknowledgement(tool=TOOL, rule=entry["id"], resource=resource.path, reason=entry.get("comment", ""))
        for resource in assembly.resources
        for entry in resource.metadata.get(TOOL, {}).get("skip", ())
    )
    with laid_out(assembly) as layout:
        report = _report(layout, program=program)
        failed = [
            (*layout.resource(check["file_path"], check["resource"].rpartition(".")[2]), check)
            for check in report["results"]["failed_checks"]
        ]
    found = {
        form: [
            Finding(tool=TOOL, rule=check["check_id"], resource=resource.path, sentence=check["check_name"])
            for read_in, resource, check in failed
            if read_in == form
        ]
        for form in (AS_THEY_ARE, BARE)
    }
    # Both forms are in one report. It counts resources, but does not list those that no rule is for.
    count = report["summary"]["resource_count"]
    if count != 2 * len(assembly.resources):
        raise ScanError(f"{TOOL} looked at {count / 2:g} of {len(assembly.resources)} resources")
    return Scan(
        tool=TOOL,
        version=report["summary"]["checkov_version"],
        resources=count // 2,
        findings=tuple(
            sorted(
                {
                    *judged(tool=TOOL, reported=found[BARE], acknowledged=acknowledged),
                    *found[AS_THEY_ARE],
                }
            )
        ),
        acknowledged=acknowledged,
    )


def _report(layout: Layout, *, program: Path) -> dict[str, Any]:
    if not program.exists():
        raise ScanError(f"{program} is missing: `make audit-scan` installs it")
    run = subprocess.run(
        [
            *(str(program), "--directory", str(layout.folder), "--framework", "cloudformation"),
            *("--skip-download", "--compact", "--output", "json"),
        ],
        cwd=layout.folder,
        env=layout.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(run.stdout)
        summary = report["summary"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ScanError(
            f"{TOOL} gave no report (exit code {run.returncode}): {(run.stderr or run.stdout)[-2000:]}"
        ) from error
    if summary["parsing_errors"]:
        raise ScanError(f"{TOOL} could not read {', '.join(report['results']['parsing_errors'])}")
    return report
