"""Ways to take a property of a template away, to see which test misses it."""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.infrastructure.assembly import Assembly, Template

Properties = dict[str, Any]
Change = Callable[[Properties], object]


class Weakening(NamedTuple):
    """What is taken away from which resources, and the test that must notice."""

    what: str
    kind: str
    change: Change
    noticed_by: Callable[..., None]
    arguments: Mapping[str, object] = {}
    logical_id: str = ""


def without(*path: str) -> Change:
    """Remove a property."""
    return lambda properties: _parent(properties, path).pop(path[-1])


def having(value: object, *path: str) -> Change:
    """Give a property another value."""

    def change(properties: Properties) -> None:
        parent = _parent(properties, path)
        assert path[-1] in parent
        parent[path[-1]] = value

    return change


def without_statement(sid: str, *path: str) -> Change:
    """Remove a statement of a policy."""

    def change(properties: Properties) -> None:
        document = _parent(properties, (*path, "Statement"))
        kept = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
        assert len(kept) == len(document["Statement"]) - 1, sid
        document["Statement"] = kept

    return change


def in_statement(sid: str, *path: str, change: Change) -> Change:
    """Change a statement of a policy."""

    def change_statement(properties: Properties) -> None:
        document = _parent(properties, (*path, "Statement"))
        (statement,) = [statement for statement in document["Statement"] if statement.get("Sid") == sid]
        change(statement)

    return change_statement


def _parent(properties: Properties, path: tuple[str, ...]) -> Properties:
    found: Any = properties
    for name in path[:-1]:
        found = found[name]
    return found  # type: ignore[no-any-return]


def weakened(assembly: Assembly, weakening: Weakening) -> Assembly:
    """The assembly with one property less, wherever it stands."""
    templates: dict[str, Template] = copy.deepcopy(assembly.templates)
    changed = 0
    for template in templates.values():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == weakening.kind and logical_id.startswith(weakening.logical_id):
                weakening.change(resource["Properties"])
                changed += 1
    assert changed, f"there is no {weakening.kind} {weakening.logical_id}"
    assert templates != assembly.templates
    return dataclasses.replace(assembly, templates=templates)
