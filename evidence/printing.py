"""The scanners' results as a reviewer reads them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from evidence.findings import Acknowledgement
from evidence.scan import Result

LONGEST_RULE = 46
"""Of cdk-nag's rules without findings of their own in brackets."""
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
    _notes(results, to=to)
    to.print()
    to.print(f"[bold]{'[green]' if not found else '[red]'}{_counted(found)}[/]")
    return found


def _findings(results: Iterable[Result], *, to: Console) -> int:
    found = 0
    for result in results:
        findings = [finding for scan in result.scans for finding in scan.findings]
        found += len(findings)
        if not findings:
            continue
        to.print()
        to.print(f"[bold]{escape(result.variant.title)}: {_counted(len(findings))}[/]")
        for finding in findings:
            to.print(f"[red]{escape(finding.tool)}[/] {escape(finding.rule)} at {escape(finding.resource)}")
            to.print(Padding(escape(finding.sentence), (0, 0, 0, 4), expand=False))
    return found


def _notes(results: Iterable[Result], *, to: Console) -> None:
    notes = [
        (result.variant.title, note) for result in results for scan in result.scans for note in scan.notes
    ]
    if not notes:
        return
    to.print()
    to.print("[bold]What the stacks tell who deploys them[/]")
    for title, note in notes:
        to.print(Padding(escape(f"{title}: {note.sentence}"), (0, 0, 0, 4), expand=False))


def _acknowledgements(results: Sequence[Result], *, to: Console) -> None:
    where: dict[Acknowledgement, list[str]] = defaultdict(list)
    for result in results:
        for scan in result.scans:
            for one in scan.acknowledged:
                where[_of_any_environment(one, result)].append(result.variant.title)
    if not where:
        return
    rules: dict[tuple[str, str, tuple[str, ...]], list[Acknowledgement]] = defaultdict(list)
    for one, found_in in where.items():
        rules[(one.resource, one.reason, tuple(found_in))].append(one)
    table = Table(
        title="What is acknowledged, and why",
        title_justify="left",
        title_style="bold",
        show_lines=True,
    )
    table.add_column("resource", overflow="fold", max_width=34)
    table.add_column("rules", overflow="fold", max_width=LONGEST_RULE)
    table.add_column("reason")
    table.add_column("environments", max_width=24)
    everywhere = tuple(result.variant.title for result in results)
    for (resource, reason, titles), names in sorted(rules.items()):
        table.add_row(
            escape(resource),
            escape(_by_tool(names)),
            escape(reason),
            "all" if titles == everywhere else "\n".join(titles),
        )
    to.print()
    to.print(table)


def _counted(findings: int) -> str:
    return f"{findings} finding{'' if findings == 1 else 's'}"


def _by_tool(acknowledged: Iterable[Acknowledgement]) -> str:
    by_tool: dict[str, list[str]] = defaultdict(list)
    for one in sorted(acknowledged):
        by_tool[one.tool].append(one.rule)
    return "\n".join(line for tool, rules in by_tool.items() for line in (f"{tool}:", *rules))


def _of_any_environment(one: Acknowledgement, result: Result) -> Acknowledgement:
    """Name the resource without its environment, so that equal ones are shown once."""
    return Acknowledgement(
        tool=one.tool,
        rule=one.rule,
        resource=one.resource.partition(f"-{result.variant.environment}-")[2].removesuffix("/Resource"),
        reason=one.reason,
    )
