"""cfn-lint over the templates, without settings of the machine that it runs on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evidence.assembly import Assembly
from evidence.findings import Acknowledgement, Finding, Scan, ScanError, judged, require_whole
from evidence.templates import AS_THEY_ARE, BARE, Layout, laid_out

TOOL = "cfn-lint"
PROGRAM = Path(sys.executable).parent / "cfn-lint"
CENSUS = "I9001"
"""Our rule in cfn_lint_rules: it reports each resource that cfn-lint hands to rules."""


def scan(assembly: Assembly, *, program: Path = PROGRAM) -> Scan:
    """Run cfn-lint.

    Raises
    ------
    ScanError
        If it is missing, fails or passes resources by.
    """
    acknowledged = tuple(
        Acknowledgement(
            tool=TOOL,
            rule=rule,
            resource=resource.path,
            reason=resource.metadata[TOOL].get("reason", ""),
        )
        for resource in assembly.resources
        for rule in resource.metadata.get(TOOL, {}).get("config", {}).get("ignore_checks", ())
    )
    with laid_out(assembly) as layout:
        found = list(_found(layout, matches=_matches(layout, program=program)))
    require_whole(
        TOOL,
        seen=[finding.resource for form, finding in found if (form, finding.rule) == (BARE, CENSUS)],
        expected=[resource.path for resource in assembly.resources],
    )
    reported = {
        form: [finding for read_in, finding in found if read_in == form and finding.rule != CENSUS]
        for form in (AS_THEY_ARE, BARE)
    }
    return Scan(
        tool=TOOL,
        version=version("cfn-lint"),
        resources=len(assembly.resources),
        findings=tuple(
            sorted(
                {
                    *judged(tool=TOOL, reported=reported[BARE], acknowledged=acknowledged),
                    *reported[AS_THEY_ARE],
                }
            )
        ),
        acknowledged=acknowledged,
    )


def _found(layout: Layout, *, matches: list[dict[str, Any]]) -> Iterator[tuple[str, Finding]]:
    for match in matches:
        section, name = (*match["Location"]["Path"], None, None)[:2]
        if section == "Resources" and name is not None:
            form, resource = layout.resource(match["Filename"], name)
            path = resource.path
        else:  # of the template as a whole
            form, _, path = match["Filename"].removeprefix(f"{layout.folder}/").partition("/")
        yield form, Finding(tool=TOOL, rule=match["Rule"]["Id"], resource=path, sentence=match["Message"])


def _matches(layout: Layout, *, program: Path) -> list[dict[str, Any]]:
    if not program.exists():
        raise ScanError(f"{program} is missing: `make setup` installs it")
    run = subprocess.run(
        [
            *(str(program), "--format", "json", "--include-checks", CENSUS),
            *("--append-rules", str(Path(__file__).parent / "cfn_lint_rules")),
            *("--template", *(str(layout.folder / file) for file in layout.files)),
        ],
        cwd=layout.folder,
        env=layout.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        matches: list[dict[str, Any]] = json.loads(run.stdout)
    except json.JSONDecodeError as error:
        raise ScanError(
            f"{TOOL} gave no report (exit code {run.returncode}): {(run.stderr or run.stdout)[-2000:]}"
        ) from error
    return matches
