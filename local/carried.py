"""Compares what the templates say of each deployed resource with what the embedded AWS holds of it.

A property is carried if what describes the resource has its value, under its name, whole: every member of a
structure, every element of a list. What is not carried is listed in docs/local.md, by type and property.
"""

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends

from local.clients import Clients
from local.descriptions import describe
from local.emulator import ACCOUNT

# What an API calls otherwise than the template does.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "accesslogsetting": ("accesslogsettings",),
    "destinationbucketname": ("targetbucket",),
    "integration": ("methodintegration",),
    "integrationhttpmethod": ("httpmethod",),
    "logfileprefix": ("targetprefix",),
    "loggingconfiguration": ("loggingenabled",),
    "targetbackupvault": ("targetbackupvaultname",),
    "serversideencryptionbydefault": ("applyserversideencryptionbydefault",),
}
Property = tuple[str, str]


def compare(clients: Clients, *, stacks: Iterator[str] | list[str]) -> tuple[set[Property], set[Property]]:
    """Return the properties that are carried in every resource that has them, and those that are not."""
    seen: dict[Property, bool] = defaultdict(lambda: True)
    for stack in cloudformation_backends[ACCOUNT][clients.region].stacks.values():
        if stack.name not in stacks:
            continue
        for resource_type, physical_id, properties in _resources(stack):
            described = _plain(describe(clients, resource_type, physical_id, properties))
            for name, value in properties.items():
                seen[resource_type, name] &= _has(described, name, value)
    return {each for each, holds in seen.items() if holds}, {
        each for each, holds in seen.items() if not holds
    }


def _resources(stack: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:  # noqa: ANN401 - moto's
    resources = stack.resource_map
    for logical_id, resource in resources._resource_json_map.items():
        if logical_id not in resources or "Properties" not in resource:
            continue
        properties = parsing.clean_json(copy.deepcopy(resource["Properties"]), resources)
        physical_id = getattr(resources[logical_id], "physical_resource_id", logical_id)
        if resource["Type"].startswith("AWS::CDK"):
            continue
        yield resource["Type"], str(physical_id), properties


def _has(described: Any, name: str, value: Any) -> bool:  # noqa: ANN401 - JSON
    return any(includes(found, value) for found in _under(described, name))


def _under(described: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield every value that stands under a name, however deep."""
    names = {_bare(name), *_OTHER_NAMES.get(_bare(name), ())}
    if isinstance(described, Mapping):
        for key, value in described.items():
            if _bare(key) in names:
                yield value
            yield from _under(value, name)
    elif isinstance(described, list):
        for each in described:
            yield from _under(each, name)


def includes(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether what is found has all of what is wanted; texts of JSON are read."""
    found, wanted = _parsed(found), _parsed(wanted)
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return False
        return all(
            any(includes(inner, value) for inner in _direct(found, name)) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        listed = found if isinstance(found, list) else [found]
        return all(any(includes(each, one) for each in listed) for one in wanted)
    return _scalar(found) == _scalar(wanted)


def _direct(found: Mapping[str, Any], name: str) -> Iterator[Any]:
    names = {_bare(name), *_OTHER_NAMES.get(_bare(name), ())}
    for key, value in found.items():
        if _bare(key) in names:
            yield value


def _parsed(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _scalar(value: Any) -> str:  # noqa: ANN401 - a scalar
    text = str(value)
    if text.lower() in ("true", "false"):
        return text.lower()
    return str(float(text)) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items() if name != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
