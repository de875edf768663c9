"""Findings of scanners that are accepted: each on its resource, with the reason that a reviewer reads.

`make audit-scan` prints them all and fails on one that no scanner reports any more.
"""

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(
    construct: IConstruct,
    *,
    reason: str,
    nag: Sequence[str] = (),
    checkov: Sequence[str] = (),
    cfn_lint: Sequence[str] = (),
) -> None:
    """Accept findings on one resource.

    Parameters
    ----------
    construct
        The resource, or the construct whose one resource is meant.
    reason
        What stands in the place of what the rule asks for, or why the rule cannot apply.
    nag
        Rules of cdk-nag, such as ``AwsSolutions-IAM5[Resource::*]``. The pack's name is put before
        them: of an acknowledgement without it cdk-nag keeps no reason.
    checkov, cfn_lint
        Rules of theirs, such as ``CKV_AWS_116`` and ``W3045``. They read them in the resource's metadata.
    """
    resource = cast(
        "cdk.CfnResource",
        construct if cdk.CfnResource.is_cfn_resource(construct) else construct.node.default_child,
    )
    for rule in nag:
        pack = rule.rpartition("[")[0] or rule
        Validations.of(resource).acknowledge(
            Acknowledgment(id=f"{pack.rpartition('-')[0]}::{rule}", reason=reason)
        )
    _extend(resource, "checkov", "skip", [{"id": rule, "comment": reason} for rule in checkov])
    if cfn_lint:
        resource.add_metadata("cfn-lint", {"config": {"ignore_checks": list(cfn_lint)}, "reason": reason})


def wildcard(construct: IConstruct, arn: str) -> str:
    """Name cdk-nag's finding about an ARN with `*`, with references written as cdk-nag writes them."""
    return f"AwsSolutions-IAM5[Resource::{_flat(cdk.Stack.of(construct).resolve(arn))}]"


def _flat(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": name} | {"Fn::ImportValue": name}:
            return f"<{name}>"
        case _:
            return str(value).replace("${", "<").replace("}", ">")


def _extend(resource: cdk.CfnResource, tool: str, member: str, entries: list[dict[str, str]]) -> None:
    if entries:
        known = (resource.get_metadata(tool) or {}).get(member, [])
        resource.add_metadata(tool, {member: [*known, *entries]})
