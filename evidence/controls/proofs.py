"""What measures claim, held against what there is: tests, resources of prod, acknowledgements."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.assembly import Assembly
from evidence.controls.catalogue import CatalogueError, Framework, Measure, Rule
from evidence.synthesis import ROOT, Variant

FEW = 4
"""So many resources are named where a measure is meant for a whole type; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Acknowledgements with one reason."""

    rules: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str


class Production:
    """The resources and acknowledgements of a variant of prod.

    Parameters
    ----------
    assembly
        The app, synthesized.
    variant
        What it is.
    """

    def __init__(self, assembly: Assembly, *, variant: Variant) -> None:
        self._marker = f"-{variant.environment}-"
        self.kinds: dict[str, list[str]] = defaultdict(list)
        for resource in assembly.resources:
            self.kinds[resource.kind].append(self._named(resource.path))
        self.acknowledged: list[tuple[str, str, str]] = [
            (one.rule.partition("::")[2], self._named(one.path), one.reason)
            for one in assembly.cdk_acknowledgements
        ]
        for resource in assembly.resources:
            self.acknowledged += [
                (entry["id"], self._named(resource.path), entry.get("comment", ""))
                for entry in resource.metadata.get("checkov", {}).get("skip", ())
            ]

    def _named(self, path: str) -> str:
        return path.partition(self._marker)[2].removesuffix("/Resource")

    def of(self, measure: Measure) -> dict[str, list[str]]:
        """Find the resources that a measure is about, by type."""
        found: dict[str, list[str]] = {}
        for entry in measure.resources:
            kind, _, wanted = entry.partition(" ")
            there = self.kinds.get(kind, [])
            chosen = wanted.split(",") if wanted else there
            missing = [name for name in chosen if name not in there]
            if missing or not chosen:
                raise CatalogueError(
                    f"measure {measure.name}: prod has no {kind} {', '.join(missing)}".strip()
                )
            found[kind] = sorted(chosen)
        return found

    def accepted(self, measure: Measure, *, packs: Iterable[str]) -> list[Accepted]:
        """Find the acknowledgements that belong to a measure, those with one reason together."""
        wanted = {*measure.acknowledged, *(f"{pack}-{rule}" for pack in packs for rule in measure.rules)}
        by_reason: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for rule, resource, reason in self.acknowledged:
            if rule.partition("[")[0] in wanted:
                by_reason[reason][0].add(rule.partition("[")[0])
                by_reason[reason][1].add(resource)
        return [
            Accepted(rules=tuple(sorted(rules)), resources=tuple(sorted(resources)), reason=reason)
            for reason, (rules, resources) in sorted(by_reason.items())
        ]


def known_tests(root: Path = ROOT) -> set[str]:
    """Every test there is, as `file::name`."""
    return {
        f"{file.relative_to(root).as_posix()}::{node.name}"
        for file in (root / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def require_proofs(
    measures: Mapping[str, Measure],
    *,
    frameworks: Iterable[Framework],
    packs: Mapping[str, list[Rule]],
    production: Iterable[Production],
    tests: set[str],
) -> None:
    """Fail unless every claim has its proof.

    Raises
    ------
    CatalogueError
        With a line for each that has none.
    """
    faults = [
        *_unknown_measures(measures, frameworks=frameworks),
        *(fault for measure in measures.values() for fault in _of_measure(measure, packs=packs, tests=tests)),
        *_acknowledgements(measures, packs=packs, production=list(production)),
    ]
    if faults:
        raise CatalogueError("\n".join(faults))


def implemented(measure: Measure, *, packs: Mapping[str, list[Rule]]) -> list[str]:
    """The rules of a measure that cdk-nag applies."""
    return [
        name
        for name in measure.rules
        if any(name in rule.names and rule.implemented for rules in packs.values() for rule in rules)
    ]


def _of_measure(measure: Measure, *, packs: Mapping[str, list[Rule]], tests: set[str]) -> Iterator[str]:
    names = {name for rules in packs.values() for rule in rules for name in rule.names}
    for test in measure.tests:
        if test not in tests:
            yield f"measure {measure.name}: there is no test {test}"
    for rule in measure.rules:
        if rule not in names:
            yield f"measure {measure.name}: cdk-nag's list has no rule {rule}"
    if not (measure.tests or measure.owner or implemented(measure, packs=packs)):
        yield f"measure {measure.name}: nothing proves it, and it is not the account owner's"
    if measure.resources and not measure.how:
        yield f"measure {measure.name}: it names resources, but not what is done"


def _unknown_measures(measures: Mapping[str, Measure], *, frameworks: Iterable[Framework]) -> Iterator[str]:
    used = {measure.name for measure in measures.values() if measure.rules}
    for framework in frameworks:
        for control in framework.controls:
            used |= set(control.measures)
            for name in control.measures:
                if name not in measures:
                    yield f"{framework.title} {control.number}: there is no measure {name}"
    for name in sorted(set(measures) - used):
        yield f"measure {name}: no control asks for it"


def _acknowledgements(
    measures: Mapping[str, Measure], *, packs: Mapping[str, list[Rule]], production: list[Production]
) -> Iterator[str]:
    there = {rule.partition("[")[0] for one in production for rule, _, _ in one.acknowledged}
    listed = {
        name
        for measure in measures.values()
        for name in (*measure.acknowledged, *(f"{pack}-{rule}" for pack in packs for rule in measure.rules))
    }
    for measure in measures.values():
        for rule in measure.acknowledged:
            if rule not in there:
                yield f"measure {measure.name}: {rule} is acknowledged nowhere in prod"
    for rule in sorted(there - listed):
        if rule.startswith(tuple(packs)):
            yield f"{rule} is acknowledged in prod, but no measure lists it"
