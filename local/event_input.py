"""What an EventBridge rule hands to a target: the event, a part of it, a constant, or a filled-in template.

As in the user guide's chapter "Input transformation": a variable inside quotes gives its text, outside of
them its JSON; a variable whose path is not in the event gives nothing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from local import filter_pattern

_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_QUOTE = re.compile(r'(?<!\\)"')


class EventInputError(ValueError):
    """A rule's input template makes no JSON of an event."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], *, rule: str) -> str:
    """Return the text that ``target`` receives for ``event``; ``rule`` is the rule's ARN.

    Raises
    ------
    EventInputError
        If a template, filled in, is no JSON: an object inside quotes, for example.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(_at(target["InputPath"], event))
    transformer = target.get("InputTransformer")
    if transformer:
        paths = transformer.get("InputPathsMap", {})
        values = {name: _at(path, event) for name, path in paths.items()}
        values["aws.events.rule-arn"] = rule
        values["aws.events.rule-name"] = rule.rpartition("/")[2]
        values["aws.events.event.json"] = values["aws.events.event"] = event
        return _filled(transformer["InputTemplate"], values)
    return json.dumps(event)


def _at(path: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value of JSON
    return event if path == "$" else filter_pattern.select(path, json.dumps(event))


def _filled(template: str, values: Mapping[str, Any]) -> str:
    def fill(variable: re.Match[str]) -> str:
        value = values.get(variable[1])
        quoted = len(_QUOTE.findall(template, 0, variable.start())) % 2 == 1
        if value is None:
            return "" if quoted else '""'
        written = json.dumps(value)
        return written[1:-1] if quoted and isinstance(value, str) else written

    filled = _VARIABLE.sub(fill, template)
    try:
        json.loads(filled)
    except ValueError as error:
        message = f"The rule's input template makes no JSON, and AWS would send nothing: {filled}"
        raise EventInputError(message) from error
    return filled
