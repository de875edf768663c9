"""docs/controls.md, written from the catalogue and the synthesized prod."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence.assembly import Assembly
from evidence.controls import catalogue, proofs
from evidence.controls.catalogue import Framework, Measure, Rule
from evidence.controls.proofs import Production
from evidence.synthesis import PROD, PROD_IN_VPC, REPORT_ONLY, ROOT, Variant, cdk_context, compose

FILE = ROOT / "docs" / "controls.md"
PACKS = {"NIST.800.53.R5": "NIST 800-53 Rev. 5", "HIPAA.Security": "HIPAA Security Rule"}
SCANNERS_TEST = "tests/infrastructure/test_scanners.py"

NIST = re.compile(r"[A-Z]{2}-\d+(\(\d+\))?")

INTRODUCTION = f"""\
<!-- Written by `make controls` from evidence/controls and the synthesized stacks. Do not edit. -->
# Controls

What frameworks ask of these stacks, what meets it, and what proves it. `make controls` writes this page and
fails on a test, a resource or an acknowledgement that does not exist; `make test` fails when the page is not
up to date.

- *Resources* are those of prod as cdk.json has it; those of the VPC are there when `vpc_cidr` is set.
- *Proofs*: a test; a rule of cdk-nag that reports nothing ([test_scanners.py](../{SCANNERS_TEST}));
  *accepted*, an acknowledgement whose reason stands [below](#measures); or the account's *owner*, whose part
  no template can do.
- Being listed here certifies nothing: an assessor judges the whole account, people and procedures included.
"""


def document(*, production: Production, in_vpc: Production) -> str:
    """Write the page.

    Parameters
    ----------
    production
        Prod as cdk.json has it.
    in_vpc
        Prod with a VPC.

    Raises
    ------
    CatalogueError
        If a claim has no proof.
    """
    measures, frameworks, packs = catalogue.measures(), catalogue.frameworks(), catalogue.packs()
    proofs.require_proofs(
        measures,
        frameworks=frameworks,
        packs=packs,
        production=(production, in_vpc),
        tests=proofs.known_tests(),
    )
    page = _Page(measures=measures, frameworks=frameworks, packs=packs, production=production, in_vpc=in_vpc)
    return "\n".join(
        [
            INTRODUCTION,
            *page.contents(),
            *page.owner(),
            *(line for framework in frameworks for line in page.framework(framework)),
            *(line for pack, title in PACKS.items() for line in page.pack(pack, title=title)),
            *page.measures(),
            *page.resources(),
            *page.references(),
        ]
    )


def synthesized() -> str:
    """Synthesize prod, and write the page about it."""
    return document(production=_production(PROD), in_vpc=_production(PROD_IN_VPC))


def _production(variant: Variant) -> Production:
    with TemporaryDirectory(prefix="controls-") as name:
        app = compose(
            variant.environment,
            context={**cdk_context(), **REPORT_ONLY},
            target=Path(name),
            changes=variant.changes,
        )
        return Production(Assembly(Path(app.synth().directory)), variant=variant)


class _Page:
    def __init__(
        self,
        *,
        measures: Mapping[str, Measure],
        frameworks: Iterable[Framework],
        packs: Mapping[str, list[Rule]],
        production: Production,
        in_vpc: Production,
    ) -> None:
        self._measures = measures
        self._frameworks = list(frameworks)
        self._packs = packs
        self._production = production
        self._in_vpc = in_vpc

    def contents(self) -> list[str]:
        titles = ["The account owner's part", *(one.title for one in self._frameworks), *PACKS.values()]
        return [*(f"- [{title}](#{_anchor(title)})" for title in (*titles, "Measures", "Resources")), ""]

    def owner(self) -> list[str]:
        rows = [
            [_link(one), one.owner, ", ".join(self._asked_by(one))]
            for one in self._measures.values()
            if one.owner
        ]
        return [
            "## The account owner's part\n",
            *_table(["what", "what to do", "asked for by"], rows),
        ]

    def framework(self, framework: Framework) -> list[str]:
        rows = []
        for control in framework.controls:
            chosen = [self._measures[name] for name in control.measures]
            rows.append([control.number, control.title, *self._cells(chosen)])
        header = ["control", "what it asks", "resources", "how it is met", "proof"]
        return [f"## {framework.title}\n", f"{framework.note}\n", *_table(header, rows)]

    def pack(self, pack: str, *, title: str) -> list[str]:
        rows = []
        for measure in self._measures.values():
            controls = [
                control
                for rule in self._packs[pack]
                if rule.names & set(measure.rules)
                for control in rule.controls
            ]
            if controls:
                rows.append([_listed(controls), *self._cells([measure])])
        note = (
            "Which controls a rule answers to is the word of AWS Config's conformance pack, as cdk-nag's "
            "list of rules has it. Letters of parts are left out of the numbers.\n"
        )
        return [f"## {title}\n", note, *_table(["controls", "resources", "how it is met", "proof"], rows)]

    def measures(self) -> list[str]:
        lines = ["## Measures\n"]
        for measure in self._measures.values():
            lines.append(f"### {measure.title}\n")
            if measure.how:
                lines.append(f"{measure.how}\n")
            lines += [f"- {fact}" for fact in self._facts(measure)]
            lines.append("")
        return lines

    def resources(self) -> list[str]:
        rows = []
        for kind in sorted({*self._production.kinds, *self._in_vpc.kinds}):
            plain = sorted(self._production.kinds.get(kind, []))
            further = sorted(set(self._in_vpc.kinds.get(kind, [])) - set(plain))
            named = ", ".join([*(_code(name) for name in plain), *(f"{_code(name)} ¹" for name in further)])
            rows.append([_code(kind), str(len(plain) + len(further)), named])
        return [
            "## Resources\n",
            "Stack and construct of every resource of prod. ¹: with `vpc_cidr`.\n",
            *_table(["type", "how many", "which"], rows),
        ]

    def references(self) -> list[str]:
        files: dict[str, str] = {}
        for measure in self._measures.values():
            for test in measure.tests:
                file, _, name = test.partition("::")
                if files.setdefault(name, file) != file:
                    raise catalogue.CatalogueError(f"{name} is in {file} and in {files[name]}: rename one")
        return [*(f"[{name}]: ../{file}" for name, file in sorted(files.items())), ""]

    def _where(self, measure: Measure) -> Production:
        return self._in_vpc if measure.setting else self._production

    def _cells(self, chosen: list[Measure]) -> list[str]:
        return [
            _lines(dict.fromkeys(cell for one in chosen for cell in self._resources(one))) or "the account",
            _lines(_link(one) for one in chosen),
            _lines(dict.fromkeys(proof for one in chosen for proof in self._proofs(one))),
        ]

    def _resources(self, measure: Measure) -> list[str]:
        cells = []
        for kind, names in self._where(measure).of(measure).items():
            short = _code(kind.removeprefix("AWS::"))
            if len(names) <= proofs.FEW:
                cells.append(f"{short}: {', '.join(names)}")
            else:
                cells.append(f"{len(names)} of {short}")
        return [f"{cell} (with `{measure.setting}`)" if measure.setting else cell for cell in cells]

    def _passed(self, measure: Measure) -> list[str]:
        """Rules of cdk-nag that report nothing on at least one of the measure's resources."""
        where = self._where(measure)
        there = {name for names in where.of(measure).values() for name in names}
        silenced = {
            rule: {
                resource
                for acknowledged, resource, _ in where.acknowledged
                if acknowledged in {f"{pack}-{rule}" for pack in self._packs}
            }
            for rule in proofs.implemented(measure, packs=self._packs)
        }
        return [rule for rule, resources in silenced.items() if there - resources]

    def _proofs(self, measure: Measure) -> list[str]:
        accepted = self._where(measure).accepted(measure, packs=self._packs)
        return [
            *(_test(test) for test in measure.tests),
            *(f"cdk-nag {_code(rule)}" for rule in self._passed(measure)),
            *([f"[accepted](#{_anchor(measure.title)})"] if accepted else []),
            *([f"[owner](#{_anchor(measure.title)})"] if measure.owner else []),
        ]

    def _facts(self, measure: Measure) -> list[str]:
        accepted = self._where(measure).accepted(measure, packs=self._packs)
        resources, passed = self._resources(measure), self._passed(measure)
        return [
            *([f"Resources: {'; '.join(resources)}"] if resources else []),
            *([f"Tests: {', '.join(_test(test) for test in measure.tests)}"] if measure.tests else []),
            *([f"cdk-nag: {', '.join(_code(rule) for rule in passed)}"] if passed else []),
            *(
                f"Accepted ({', '.join(_code(rule) for rule in one.rules)}) at "
                f"{', '.join(_code(name) for name in one.resources)}: {one.reason}"
                for one in accepted
            ),
            *([f"Owner: {measure.owner}"] if measure.owner else []),
        ]

    def _asked_by(self, measure: Measure) -> list[str]:
        return [
            f"{framework.short} {control.number}"
            for framework in self._frameworks
            for control in framework.controls
            if measure.name in control.measures
        ]


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        f"| {' | '.join('---' for _ in header)} |",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
        "",
    ]


def _lines(cells: Iterable[str]) -> str:
    return "<br>".join(cells)


def _code(text: str) -> str:
    return f"`{text}`"


def _test(test: str) -> str:
    """Name a test; `references` says where it stands."""
    return f"[{test.partition('::')[2]}]"


def _link(measure: Measure) -> str:
    return f"[{measure.title}](#{_anchor(measure.title)})"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _listed(controls: Iterable[str]) -> str:
    """Sort control ids, without the letters of NIST's parts."""
    whole = {found[0] if (found := NIST.match(control)) else control for control in controls}
    return ", ".join(sorted(whole, key=_natural))


def _natural(number: str) -> list[tuple[bool, int, str]]:
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", number)]
