"""A rule for cfn-lint that reports every resource: so its run shows what it looked at."""

from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch  # type: ignore[import-untyped]


class Census(CloudFormationLintRule):  # type: ignore[misc]
    """Report each resource, as information."""

    id = "I9001"
    shortdesc = "A resource"
    description = "Counts the resources that rules are applied to"
    tags = ("resources",)

    def match(self, cfn: Any) -> list[Any]:  # noqa: ANN401 - cfn-lint has no types
        """Name every resource of a template."""
        return [RuleMatch(["Resources", name], name) for name in cfn.get_resources()]
