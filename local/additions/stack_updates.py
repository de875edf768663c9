"""CloudFormation: an updated stack's resources change in place; what cannot change here is refused and named.

moto's own updates leave out most properties, forget resources of a type they do not know, replace rules and
topics, and delete before they add. Nothing is replaced here: what AWS changes by replacing has no place in a
deployment that goes on serving.
"""

import copy
import json
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack, StackSet
from moto.cloudformation.parsing import ResourceMap
from moto.iam.models import iam_backends

from local.additions.cloudformation import Apply, Properties, Where

Resource = dict[str, Any]

_CHANGES: dict[str, tuple[frozenset[str], Apply]] = {}
_MOST_POLICY_VERSIONS = 5


def install() -> None:
    """Change moto's way of updating a stack. Calling it again changes nothing."""
    ResourceMap.update = _update  # type: ignore[method-assign]
    CloudFormationBackend._resolve_update_parameters = _parameters  # type: ignore[method-assign, assignment]
    changeable("AWS::IAM::ManagedPolicy", "PolicyDocument", "Roles", apply=_managed_policy)


def changeable(resource_type: str, *properties: str, apply: Apply) -> None:
    """Let ``apply`` change these properties of a deployed resource, given all of the new ones."""
    _CHANGES[resource_type] = frozenset(properties), apply


def _parameters(
    _self: CloudFormationBackend, instance: Stack | StackSet, incoming_params: list[dict[str, Any]]
) -> dict[str, str]:
    """Resolve an update's parameters; one that keeps its default was never given, which moto trips over."""
    given = {each["ParameterKey"]: each for each in incoming_params}
    new = {name: each["ParameterValue"] for name, each in given.items() if "ParameterValue" in each}
    return {**{name: value for name, value in instance.parameters.items() if name in given}, **new}


def _update(self: ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    """Add, then change, then delete, as CloudFormation does; nothing at all if part of it cannot be done."""
    old, new = self._resource_json_map, template["Resources"]
    removed = [name for name in old if name not in new and old[name].get("DeletionPolicy") != "Retain"]
    changed = [name for name in new if name in old and _changed_properties(old[name], new[name])]
    for name in changed:
        _check_changeable(name, old[name], new[name])
    for name in removed:
        _check_deletable(name, old[name], created=self._parsed_resources[name])
    self._template, self._resource_json_map = template, new
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    for name in new:
        if name not in old:
            _ = self[name]  # which creates it
    for name in changed:
        where = Where(self._account_id, self._region_name, self.stack_id, name)
        properties = parsing.clean_json(copy.deepcopy(new[name]["Properties"]), self)
        _CHANGES[new[name]["Type"]][1](self[name], properties, where)
    # What was made of another goes before it.
    for name in reversed(removed):
        self._delete_resource(self._parsed_resources.pop(name), old[name])


def _changed_properties(old: Resource, new: Resource) -> set[str]:
    before, after = old.get("Properties", {}), new.get("Properties", {})
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _check_changeable(name: str, old: Resource, new: Resource) -> None:
    known, _ = _CHANGES.get(new["Type"], (frozenset[str](), None))
    unknown = sorted(_changed_properties(old, new) - known)
    if unknown or old["Type"] != new["Type"]:
        message = (
            f"The embedded AWS cannot change {', '.join(unknown)} of {name}, an {new['Type']} that is "
            "deployed. Add it in local/additions, or deploy anew."
        )
        raise ValidationError(name, message=message)


def _check_deletable(name: str, resource: Resource, *, created: object) -> None:
    model = parsing.resource_class_from_type(resource["Type"])
    by_model = not hasattr(model.delete_from_cloudformation_json, "__isabstractmethod__")
    if not by_model and not hasattr(created, "delete"):
        message = f"The embedded AWS cannot delete {name}, an {resource['Type']}. Add it in local/additions."
        raise ValidationError(name, message=message)


def _managed_policy(policy: Any, properties: Properties, where: Where) -> None:  # noqa: ANN401
    backend, arn = iam_backends[where.account]["aws"], policy.arn
    wanted = set(properties.get("Roles", ()))
    attached = {role.name for role in backend.roles.values() if arn in role.managed_policies}
    for name in sorted(attached - wanted):
        backend.detach_role_policy(arn, name)
    for name in sorted(wanted - attached):
        backend.attach_role_policy(arn, name)
    versions = backend.list_policy_versions(arn)
    if len(versions) == _MOST_POLICY_VERSIONS:
        oldest = next(version for version in versions if not version.is_default)
        backend.delete_policy_version(arn, oldest.version_id)
    backend.create_policy_version(arn, json.dumps(properties["PolicyDocument"]), set_as_default=True)
