"""Measures and frameworks, as the files beside this one list them.

`measures/*.toml`: a table per measure, by a name that frameworks use.

    title       what it comes to
    resources   types, each with paths of constructs after it where only those are meant
    with        a setting without which there are no such resources
    how         what is done
    tests       tests that show it: file::name
    rules       rules of cdk-nag (without the pack's name) or of AWS Config; they lead to the control ids of
                NIST 800-53, HIPAA and PCI DSS 3.2.1, and where cdk-nag implements one it is a proof
    acknowledged  rules of scanners whose acknowledgements belong here
    owner       what the account's owner must do

`frameworks/*.toml`: a title, a short one, a note, and per control id its title and its measures.
"""

import re
import tarfile
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ALLOWED = {"title", "resources", "with", "how", "tests", "rules", "acknowledged", "owner"}


class CatalogueError(Exception):
    """The files beside this one contradict themselves, the tests or the stacks. A sentence per fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is done, or that is left to the account's owner."""

    name: str
    title: str
    resources: tuple[str, ...]
    setting: str | None
    how: str
    tests: tuple[str, ...]
    rules: tuple[str, ...]
    acknowledged: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a framework asks for, and the measures that answer."""

    number: str
    title: str
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A list of controls."""

    title: str
    short: str
    note: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a pack: cdk-nag's name if it implements it, AWS Config's name, and the control ids."""

    names: frozenset[str]
    implemented: bool
    controls: tuple[str, ...]


def measures() -> dict[str, Measure]:
    """Read all measures, by name."""
    found: dict[str, Measure] = {}
    for file in sorted((HERE / "measures").glob("*.toml")):
        for name, entry in tomllib.loads(file.read_text()).items():
            unknown = set(entry) - ALLOWED
            if unknown or name in found:
                raise CatalogueError(
                    f"{file.name}: {name} is there twice or has unknown members {sorted(unknown)}"
                )
            found[name] = _measure(name, entry)
    return found


def _measure(name: str, entry: dict[str, Any]) -> Measure:
    return Measure(
        name=name,
        title=entry["title"],
        resources=tuple(entry.get("resources", ())),
        setting=entry.get("with"),
        how=entry.get("how", ""),
        tests=tuple(entry.get("tests", ())),
        rules=tuple(entry.get("rules", ())),
        acknowledged=tuple(entry.get("acknowledged", ())),
        owner=entry.get("owner", ""),
    )


def frameworks() -> list[Framework]:
    """Read the frameworks that have a file."""
    return [
        Framework(
            title=content["title"],
            short=content["short"],
            note=content["note"],
            controls=tuple(
                Control(number=number, title=title, measures=tuple(names))
                for number, (title, names) in content["controls"].items()
            ),
        )
        for name in ("fsbp", "cis", "pci")
        for content in [tomllib.loads((HERE / "frameworks" / f"{name}.toml").read_text())]
    ]


def packs() -> dict[str, list[Rule]]:
    """Read which rule answers to which control ids, from the list that comes with cdk-nag.

    Returns
    -------
    dict
        By the pack's name as cdk-nag writes it before its rules; AWS Config's conformance pack of the same
        framework is where the list has the control ids from.
    """
    specification = find_spec("cdk_nag")
    if specification is None or specification.origin is None:
        raise CatalogueError("cdk-nag is not installed: run `make setup`")
    (archive,) = (Path(specification.origin).parent / "_jsii").glob("*.tgz")
    with tarfile.open(archive) as opened:
        member = opened.extractfile("package/RULES.md")
        text = member.read().decode() if member else ""
    found: dict[str, list[Rule]] = {}
    for heading, pack in (
        ("NIST 800-53 rev 5", "NIST.800.53.R5"),
        ("HIPAA Security", "HIPAA.Security"),
        ("PCI DSS 3.2.1", "PCI.DSS.321"),
    ):
        section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        found[pack] = [rule for line in section.splitlines() for rule in _rule(line)]
        if not found[pack]:
            raise CatalogueError(f"cdk-nag's list of rules has no section {heading!r}")
    return found


def _rule(line: str) -> list[Rule]:
    link = re.match(r"\| \[(?P<name>[^\]]+)\]\(\S+/(?P<config>[a-z0-9-]+)\.html\)", line)
    if link is None:
        return []
    _, _, short = link["name"].rpartition("-") if "." in link["name"] else ("", "", link["name"])
    controls = line.rstrip(" |").rpartition("|")[2]
    return [
        Rule(
            names=frozenset({short, link["config"]}),
            implemented=short != link["config"],
            controls=tuple(dict.fromkeys(part.strip() for part in controls.split(","))),
        )
    ]
