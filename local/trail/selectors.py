"""Which records a trail keeps: its advanced event selectors.

A record is kept if every field of any selector holds. Source: CloudTrail API Reference,
"AdvancedEventSelector", "AdvancedFieldSelector".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
_FIELDS = frozenset(
    {"eventCategory", "eventName", "eventSource", "readOnly", "resources.ARN", "resources.type"}
)


class SelectorError(ValueError):
    """A trail has a selector that is not known here."""


def keeps(selectors: Sequence[Mapping[str, Any]], record: Record) -> bool:
    """Tell whether a trail with these advanced selectors keeps a record; without any, management events.

    Raises
    ------
    SelectorError
        A selector has a field or an operator that is not known.
    """
    if not selectors:
        return bool(record["managementEvent"])
    return any(
        all(_field_holds(field, record) for field in selector["FieldSelectors"]) for selector in selectors
    )


def _field_holds(selector: Mapping[str, Any], record: Record) -> bool:
    field = selector["Field"]
    if field not in _FIELDS:
        raise SelectorError(f"the field {field!r} of an event selector is not known")
    values = _values(field, record)
    for operator, wanted in selector.items():
        if operator == "Field":
            continue
        name = operator.removeprefix("Not")
        if name not in _HOLDS:
            raise SelectorError(f"the operator {operator!r} of an event selector is not known")
        found = any(_HOLDS[name](value, each) for value in values for each in wanted)
        if found == operator.startswith("Not"):
            return False
    return True


def _values(field: str, record: Record) -> list[str]:
    if field == "readOnly":
        return ["true" if record["readOnly"] else "false"]
    if field.startswith("resources."):
        name = field.partition(".")[2]
        # Of a list only what the objects' ARNs begin with is known.
        return [str(each.get(name, each.get("ARNPrefix"))) for each in record.get("resources", ())]
    return [str(record[field])]
