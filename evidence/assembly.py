"""What a synthesized app says about itself, read from the files that `cdk` deploys from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

CDK_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
CDK_LOGICAL_ID = "aws:cdk:logicalId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of one template.

    Attributes
    ----------
    stack, logical_id
        Where it stands; CloudFormation's names.
    kind
        Its type, such as `AWS::KMS::Key`.
    path
        Where the construct stands in the app.
    metadata
        What the template says to tools.
    """

    stack: str
    logical_id: str
    kind: str
    path: str
    metadata: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdkAcknowledgement:
    """An entry of CDK's own list of accepted rules."""

    path: str
    rule: str
    reason: str


class Assembly:
    """A cloud assembly.

    Parameters
    ----------
    directory
        Where the app was synthesized to.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        artifacts = json.loads((directory / "manifest.json").read_text()).get("artifacts", {})
        self._stacks = {
            name: artifact
            for name, artifact in artifacts.items()
            if artifact["type"] == "aws:cloudformation:stack"
        }

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        """The templates by the file's name."""
        files = [artifact["properties"]["templateFile"] for artifact in self._stacks.values()]
        return {file: json.loads((self.directory / file).read_text()) for file in files}

    @cached_property
    def resources(self) -> list[Resource]:
        """Every resource of every template."""
        return [
            Resource(
                stack=stack,
                logical_id=logical_id,
                kind=resource["Type"],
                path=self._paths[stack].get(logical_id, f"{stack}/{logical_id}"),
                metadata=resource.get("Metadata", {}),
            )
            for stack, artifact in self._stacks.items()
            for logical_id, resource in self.templates[artifact["properties"]["templateFile"]]
            .get("Resources", {})
            .items()
        ]

    def resource(self, file: str, logical_id: str) -> Resource:
        """Find a resource as a scanner of templates names it."""
        (stack,) = [
            name for name, artifact in self._stacks.items() if artifact["properties"]["templateFile"] == file
        ]
        (found,) = [one for one in self.resources if (one.stack, one.logical_id) == (stack, logical_id)]
        return found

    @cached_property
    def cdk_acknowledgements(self) -> list[CdkAcknowledgement]:
        """Every rule that is accepted by CDK's own means, wherever it stands."""
        return [
            CdkAcknowledgement(path=path, rule=rule, reason=reason)
            for stack in self._stacks
            for path, entry in self._metadata(stack)
            if entry["type"] == CDK_ACKNOWLEDGED
            for rule, reason in entry["data"].items()
        ]

    @cached_property
    def _paths(self) -> dict[str, dict[str, str]]:
        return {
            stack: {
                entry["data"]: path
                for path, entry in self._metadata(stack)
                if entry["type"] == CDK_LOGICAL_ID
            }
            for stack in self._stacks
        }

    def _metadata(self, stack: str) -> Iterator[tuple[str, dict[str, Any]]]:
        artifact = self._stacks[stack]
        known = dict(artifact.get("metadata", {}))
        if "additionalMetadataFile" in artifact:
            known.update(json.loads((self.directory / artifact["additionalMetadataFile"]).read_text()))
        for path, entries in known.items():
            for entry in entries:
                yield path.removeprefix("/"), entry
