"""A synthesized app, and its templates with references replaced by what they will be once deployed."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws_cdk.cx_api import CloudAssembly

from evidence.synthesis import compose
from stacks.stack_names import deployment_name

ASSET = re.compile(r"\b[0-9a-f]{64}\b")
ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "111122223333", "eu-central-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": "<stack id>",
    "AWS::URLSuffix": "amazonaws.com",
}

Resource = dict[str, Any]
Template = dict[str, Any]


def settings_of(environment: str) -> dict[str, Any]:
    """An environment of cdk.json, so that the tests hold for a fork's names too."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    settings: dict[str, Any] = context["environments"][environment]
    return settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """The stacks of one environment: templates by the last part of the stack's name."""

    environment: str
    settings: Mapping[str, Any]
    directory: Path
    templates: dict[str, Template]
    cloud: CloudAssembly
    _resolved: dict[str, dict[str, Resource]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def prefix(self) -> str:
        return str(self.settings["prefix"])

    def resources(self, kind: str) -> dict[str, Resource]:
        """All resources of a type, by logical id, resolved. They are for reading: everybody gets the same."""
        if kind not in self._resolved:
            self._resolved[kind] = {
                logical_id: self.resolve(resource, template=template)
                for template in self.templates.values()
                for logical_id, resource in template["Resources"].items()
                if resource["Type"] == kind
            }
        return self._resolved[kind]

    @property
    def functions(self) -> list[str]:
        """The functions by their duties, in the order in which they are made."""
        rotation = [] if self.settings["branch_key_rotation_days"] is None else ["rotation"]
        return ["writer", "reader", "tenant-admin", *rotation, "reencryptor", "planner"]

    def worker(self, duty: str) -> str:
        """The role that holds a duty's rights: its sessions', where the function works in these."""
        return f"{duty}-session" if self.settings["tenant_sessions"] else duty

    def table(self, name: str) -> Resource:
        """One of the tables, by the last part of its name."""
        (found,) = [
            table
            for table in self.resources("AWS::DynamoDB::Table").values()
            if table["Properties"]["TableName"] == f"{self.prefix}-{name}"
        ]
        return found

    def key(self, name: str) -> Resource:
        """One of the three KMS keys."""
        wanted = f"alias/{self.prefix}/{name}"
        (arn,) = [
            alias["Properties"]["TargetKeyId"]
            for alias in self.resources("AWS::KMS::Alias").values()
            if alias["Properties"]["AliasName"] == wanted
        ]
        (key,) = [key for name, key in self.resources("AWS::KMS::Key").items() if arn.endswith(f"/{name}")]
        return {**key, "Arn": arn}

    def identity_statements(self, role: str) -> list[dict[str, Any]]:
        """Every statement that IAM knows for a role, wherever in the stacks it stands."""
        name = f"{self.prefix}-{role}"
        (own,) = [
            found["Properties"]
            for found in self.resources("AWS::IAM::Role").values()
            if found["Properties"].get("RoleName") == name
        ]
        assert "ManagedPolicyArns" not in own
        assert "Policies" not in own
        attached = [
            policy["Properties"]
            for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")
            for policy in self.resources(kind).values()
            if name in (*policy["Properties"].get("Roles", ()), policy["Properties"].get("RoleName"))
        ]
        return [statement for policy in attached for statement in policy["PolicyDocument"]["Statement"]]

    def policy_documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every policy document of every stack, with where it stands."""
        for stack, template in self.templates.items():
            for logical_id, resource in template["Resources"].items():
                resolved = self.resolve(resource, template=template)
                for path, document in _documents(resolved["Properties"]):
                    yield f"{stack}.{logical_id}.{path}", document

    def resolve(self, value: Any, *, template: Template) -> Any:
        """Replace references by the names and ARNs that they will have."""
        match value:
            case {"Ref": str(target)}:
                return PSEUDO.get(target) or self._referenced(target, template=template)
            case {"Fn::GetAtt": [target, attribute]}:
                return (
                    self._arn(target, template=template) if attribute == "Arn" else f"<{target}.{attribute}>"
                )
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.resolve(part, template=template) for part in parts)
            case {"Fn::Sub": str(text)}:
                for name, replacement in PSEUDO.items():
                    text = text.replace(f"${{{name}}}", replacement)
                return text
            case {"Fn::ImportValue": name}:
                return self._exported(name)
            case {"Fn::Select": [index, {"Fn::GetAZs": ""}]}:
                return f"<zone {index}>"
            case dict():
                assert not any(key.startswith("Fn::") for key in value), f"unknown function in {value}"
                return {key: self.resolve(inner, template=template) for key, inner in value.items()}
            case list():
                return [self.resolve(inner, template=template) for inner in value]
            case _:
                return value

    def _exported(self, name: str) -> Any:
        for template in self.templates.values():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return self.resolve(output["Value"], template=template)
        raise AssertionError(f"{name} is imported but not exported")

    def _referenced(self, logical_id: str, *, template: Template) -> str:
        match template["Resources"][logical_id]["Type"]:
            case "AWS::SNS::Topic":
                return self._arn(logical_id, template=template)
            case "AWS::KMS::Key":
                return logical_id  # the last part of its ARN
            case _:
                return self._physical(logical_id, template=template)

    def _physical(self, logical_id: str, *, template: Template) -> str:
        resource = template["Resources"][logical_id]
        names = (
            "BucketName",
            "FunctionName",
            "LogGroupName",
            "RoleName",
            "StageName",
            "TableName",
            "TopicName",
        )
        for name in names:
            if name in resource["Properties"]:
                return str(self.resolve(resource["Properties"][name], template=template))
        return f"<{logical_id}>"

    def _arn(self, logical_id: str, *, template: Template) -> str:
        name = self._physical(logical_id, template=template)
        match template["Resources"][logical_id]["Type"]:
            case "AWS::IAM::Role":
                return f"arn:aws:iam::{ACCOUNT}:role/{name}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{logical_id}"
            case "AWS::DynamoDB::Table":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
            case "AWS::Logs::LogGroup":
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"
            case "AWS::Lambda::Function":
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{name}"
            case "AWS::SNS::Topic":
                return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
            case _:
                return f"<{logical_id}.Arn>"


def _documents(value: Any, *, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, str) and value.startswith('{"Statement"'):
        yield path, json.loads(value)  # a log group's policy is text
    elif isinstance(value, dict):
        if isinstance(value.get("Statement"), list):  # a rule of AWS WAF has one statement, no list
            yield path, value
        for name, inner in value.items():
            yield from _documents(inner, path=f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _documents(inner, path=f"{path}[{index}]")


def synthesize(
    environment: str, *, context: Any, target: Path, changes: Mapping[str, Any] | None = None
) -> Assembly:
    """Synthesize as the CDK's command line does, without building the functions' package.

    Parameters
    ----------
    environment
        One of cdk.json's environments.
    context
        The context of cdk.json.
    target
        The directory for the assembly.
    changes
        Settings of the environment that are to be other than in cdk.json.
    """
    app = compose(environment, context=context, target=target, changes=changes)
    cloud = app.synth()
    templates = {
        stack.stack_name.removeprefix(f"{deployment_name(environment)}-"): json.loads(
            Path(stack.template_full_path).read_text()
        )
        for stack in cloud.stacks
    }
    return Assembly(
        environment=environment,
        settings={**context["environments"][environment], **(changes or {})},
        directory=target,
        templates=templates,
        cloud=cloud,
    )


def masked(value: Any) -> Any:
    """The template without asset hashes, which change with every line of the functions."""
    match value:
        case dict():
            return {key: masked(inner) for key, inner in value.items()}
        case list():
            return [masked(inner) for inner in value]
        case str():
            return ASSET.sub("<asset>", value)
        case _:
            return value
