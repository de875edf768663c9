"""The scanners' results as a reviewer reads them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from evidence.findings import Acknowledgement
from evidence.scan import Result

NARROWEST = 160
"""Columns where the output is no terminal: a table must not break names there."""


def console(*, stderr: bool = False) -> Console:
    """Open the terminal, or a file with room for the tables."""
    found = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not found.is_terminal:
        found = Console(stderr=stderr, highlight=False, width=NARROWEST)
    return found


def show(results: Sequence[Result], *, to: Console) -> int:
    """Print counts, findings and acknowledgements; return the number of findings."""
    counts = Table(title="What was looked at", title_justify="left", title_style="bold")
    for column in ("environment", "tool", "resources", "findings", "acknowledged"):
        counts.add_column(column, justify="left" if column in ("environment", "tool") else "right")
    for result in results:
        for scan in result.scans:
            counts.add_row(
                result.variant.title,
                f"{scan.tool} {scan.version}",
                f"{scan.resources} of {result.resources}",
                str(len(scan.findings)),
                str(len(scan.acknowledged)),
            )
        counts.add_section()
    to.print(counts)
    found = _findings(results, to=to)
    _acknowledgements(results, to=to)
    to.print()
    to.print(f"[bold]{'[green]' if not found else '[red]'}{found} findings[/]")
    return found


def _findings(results: Iterable[Result], *, to: Console) -> int:
    found = 0
    for result in results:
        findings = [finding for scan in result.scans for finding in scan.findings]
        found += len(findings)
        if not findings:
            continue
        to.print()
        to.print(f"[bold]{escape(result.variant.title)}: {len(findings)} findings[/]")
        for finding in findings:
            to.print(f"[red]{escape(finding.tool)}[/] {escape(finding.rule)} at {escape(finding.resource)}")
            to.print(Padding(escape(finding.sentence), (0, 0, 0, 4)))
    return found


def _acknowledgements(results: Sequence[Result], *, to: Console) -> None:
    where: dict[Acknowledgement, list[str]] = defaultdict(list)
    for result in results:
        for scan in result.scans:
            for one in scan.acknowledged:
                where[_of_any_environment(one, result)].append(result.variant.title)
    if not where:
        return
    rules: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for one, found_in in where.items():
        rules[(one.resource, one.reason, tuple(found_in))].append(f"{one.tool}: {one.rule}")
    table = Table(
        title="What is acknowledged, and why",
        title_justify="left",
        title_style="bold",
        show_lines=True,
    )
    table.add_column("resource", overflow="fold", ratio=3)
    table.add_column("rules", overflow="fold", ratio=5)
    table.add_column("reason", ratio=5)
    table.add_column("environments", ratio=2)
    everywhere = tuple(result.variant.title for result in results)
    for (resource, reason, titles), names in sorted(rules.items()):
        table.add_row(
            escape(resource),
            escape("\n".join(sorted(names))),
            escape(reason),
            "all" if titles == everywhere else "\n".join(titles),
        )
    to.print()
    to.print(table)


def _of_any_environment(one: Acknowledgement, result: Result) -> Acknowledgement:
    """Name the resource without its environment, so that equal ones are shown once."""
    return Acknowledgement(
        tool=one.tool,
        rule=one.rule,
        resource=one.resource.replace(f"-{result.variant.environment}-", "-", 1).removesuffix("/Resource"),
        reason=one.reason,
    )
