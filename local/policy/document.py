"""Reads policy documents: every element and operator is known, or the document is refused.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from local.policy.operators import NullCheck, Operator, operator_named
from local.policy.policy_error import PolicyError

__all__ = ["Condition", "Policy", "PolicyError", "Statement", "parse"]

Effect = Literal["Allow", "Deny"]

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
# Variables are texts like any other in the older version.
_VERSIONS = {"2012-10-17": True, "2008-10-17": False}
_PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_STATEMENT = frozenset({"Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)})


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator, and the values that it is compared with."""

    operator: Operator | NullCheck
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; of each pair of elements one is given, or none where the kind of policy has none.

    Attributes
    ----------
    name
        Its Sid, or its place.
    principals, not_principals
        By kind (`AWS`, `Service`, …); `{"*": ()}` is everybody.
    variables
        Whether `${…}` is a variable here.
    """

    name: str
    effect: Effect
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: Mapping[str, tuple[str, ...]] | None = None
    not_principals: Mapping[str, tuple[str, ...]] | None = None
    conditions: tuple[Condition, ...] = ()
    variables: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy under the name by which a decision speaks of it."""

    name: str
    statements: tuple[Statement, ...] = field(default=())


def parse(document: str | Mapping[str, Any], *, name: str) -> Policy:
    """Read a policy.

    Raises
    ------
    PolicyError
        Something in it is not known here.
    """
    given = json.loads(document) if isinstance(document, str) else document
    _only_known(given, known=_DOCUMENT, where=name)
    version = given.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(f"{name}: the version {version!r} is not known")
    statements = given.get("Statement", ())
    if isinstance(statements, Mapping):
        statements = (statements,)
    return Policy(
        name,
        tuple(
            _statement(each, where=f"{name}, statement {place}", variables=_VERSIONS[version])
            for place, each in enumerate(statements, 1)
        ),
    )


def _statement(given: Mapping[str, Any], *, where: str, variables: bool) -> Statement:
    _only_known(given, known=_STATEMENT, where=where)
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: the effect {effect!r} is not known")
    for pair in _PAIRS:
        if all(name in given for name in pair):
            raise PolicyError(f"{where}: has both {pair[0]} and {pair[1]}")
    if not {"Action", "NotAction"} & given.keys():
        raise PolicyError(f"{where}: has neither Action nor NotAction")
    return Statement(
        name=str(given.get("Sid") or where.rpartition(", ")[2]),
        effect=cast("Effect", effect),
        actions=_texts(given.get("Action"), where=where),
        not_actions=_texts(given.get("NotAction"), where=where),
        resources=_texts(given.get("Resource"), where=where),
        not_resources=_texts(given.get("NotResource"), where=where),
        principals=_principals(given.get("Principal"), where=where),
        not_principals=_principals(given.get("NotPrincipal"), where=where),
        conditions=tuple(_conditions(given.get("Condition", {}), where=where)),
        variables=variables,
    )


def _conditions(given: Mapping[str, Mapping[str, Any]], *, where: str) -> list[Condition]:
    return [
        Condition(operator_named(name, where=where), key.lower(), _values(values, where=where))
        for name, keys in given.items()
        for key, values in keys.items()
    ]


def _values(given: object, *, where: str) -> tuple[str, ...]:
    """Read what a condition compares with: texts, and numbers and truth values as texts."""
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
    values = []
    for value in listed:
        if isinstance(value, bool):
            values.append("true" if value else "false")
        elif isinstance(value, str | int | float):
            values.append(str(value))
        else:
            raise PolicyError(f"{where}: {value!r} is no value of a condition")
    return tuple(values)


def _principals(given: object, *, where: str) -> Mapping[str, tuple[str, ...]] | None:
    if given is None:
        return None
    if given == "*":
        return {"*": ()}
    if not isinstance(given, Mapping):
        raise PolicyError(f"{where}: the principal {given!r} is not known")
    _only_known(given, known=_PRINCIPALS, where=where)
    found = {kind: _texts(named, where=where) or () for kind, named in given.items()}
    if "*" in found.get("AWS", ()):
        return {**found, "*": ()}
    return found


def _texts(given: object, *, where: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, Sequence) or not all(isinstance(text, str) for text in listed):
        raise PolicyError(f"{where}: {given!r} is neither a text nor a list of texts")
    return tuple(listed)


def _only_known(given: object, *, known: frozenset[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise PolicyError(f"{where}: {type(given).__name__} where an object is expected")
    unknown = sorted(given.keys() - known)
    if unknown:
        raise PolicyError(f"{where}: the element {unknown[0]!r} is not known")
