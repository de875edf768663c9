"""AWS WAF: what it refuses, what it only counts, and that its log tells nothing of a record."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, identity_allows

OTHERS = "444455556666"
CREDENTIALS = {"authorization", "x-amz-security-token"}


def only(assembly: Assembly, kind: str) -> dict[str, Any]:
    (found,) = assembly.resources(f"AWS::WAFv2::{kind}").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def rules(assembly: Assembly) -> list[dict[str, Any]]:
    """The rules in the order in which they are asked."""
    return sorted(only(assembly, "WebACL")["Rules"], key=lambda rule: int(rule["Priority"]))


def managed(assembly: Assembly) -> dict[str, dict[str, Any]]:
    groups = (rule["Statement"].get("ManagedRuleGroupStatement") for rule in rules(assembly))
    return {group["Name"]: group for group in groups if group}


def counted(assembly: Assembly, group: str) -> set[str]:
    overrides = managed(assembly)[group].get("RuleActionOverrides", [])
    assert all(override["ActionToUse"] == {"Count": {}} for override in overrides)
    return {override["Name"] for override in overrides}


def test_it_is_a_setting(prod: Assembly, dev: Assembly, changed: Callable[..., Assembly]) -> None:
    assert len(prod.resources("AWS::WAFv2::WebACL")) == 1
    assert not dev.resources("AWS::WAFv2::WebACL")
    assert not changed("prod", waf=False).resources("AWS::WAFv2::WebACL")
    assert len(changed("dev", waf=True).resources("AWS::WAFv2::WebACL")) == 1


def test_it_stands_before_the_stage(prod: Assembly) -> None:
    bound = only(prod, "WebACLAssociation")
    (acl,) = prod.resources("AWS::WAFv2::WebACL")
    assert only(prod, "WebACL")["Scope"] == "REGIONAL"
    assert bound["WebACLArn"] == f"<{acl}.Arn>"
    assert bound["ResourceArn"] == f"arn:aws:apigateway:{REGION}::/restapis/<ApiF70053CD>/stages/v1"


def test_three_managed_groups_and_a_rate_rule_decide(prod: Assembly) -> None:
    assert only(prod, "WebACL")["DefaultAction"] == {"Allow": {}}
    assert [rule["Name"] for rule in rules(prod)] == [
        "RequestsOfOneAddress",
        "AmazonIpReputationList",
        "KnownBadInputsRuleSet",
        "CommonRuleSet",
    ]
    assert {group["VendorName"] for group in managed(prod).values()} == {"AWS"}
    for rule in rules(prod)[1:]:
        assert rule["OverrideAction"] == {"None": {}}, "the group's own actions hold"


@pytest.mark.parametrize("limit", [10, 2000])
def test_an_address_that_asks_too_often_is_refused(changed: Callable[..., Assembly], limit: int) -> None:
    rule = rules(changed("prod", waf_rate_limit=limit))[0]
    assert rule["Action"] == {"Block": {}}
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": limit,
    }


def test_a_record_is_not_refused_for_its_words_or_its_size(prod: Assembly) -> None:
    assert counted(prod, "AWSManagedRulesCommonRuleSet") == {
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
    }


def test_every_other_managed_rule_keeps_its_action(prod: Assembly) -> None:
    assert counted(prod, "AWSManagedRulesKnownBadInputsRuleSet") == set()
    assert counted(prod, "AWSManagedRulesAmazonIpReputationList") == set()
    for group in managed(prod).values():
        assert "ScopeDownStatement" not in group
        assert "ExcludedRules" not in group


def test_nobody_sees_samples_of_requests(prod: Assembly) -> None:
    acl = only(prod, "WebACL")
    for part in (acl, *acl["Rules"]):
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is False
        assert part["VisibilityConfig"]["CloudWatchMetricsEnabled"] is True


def test_its_log_tells_nothing_of_a_record(prod: Assembly) -> None:
    redacted = only(prod, "LoggingConfiguration")["RedactedFields"]
    assert {"UriPath": {}} in redacted
    assert {"QueryString": {}} in redacted
    assert {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field} == CREDENTIALS


def test_not_even_where_it_quotes_what_a_rule_matched(prod: Assembly) -> None:
    protections = only(prod, "WebACL")["DataProtectionConfig"]["DataProtections"]
    for protection in protections:
        assert protection["Action"] == "SUBSTITUTION"
        assert protection["ExcludeRuleMatchDetails"] is False
        assert protection["ExcludeRateBasedDetails"] is False
    fields = [protection["Field"] for protection in protections]
    assert {field["FieldType"] for field in fields} == {"BODY", "QUERY_STRING", "SINGLE_HEADER"}
    assert {key for field in fields for key in field.get("FieldKeys", ())} == CREDENTIALS


def test_its_log_lies_under_the_storage_key_and_ends(prod: Assembly) -> None:
    name = f"aws-waf-logs-{prod.prefix}"
    (group,) = [
        found["Properties"]
        for found in prod.resources("AWS::Logs::LogGroup").values()
        if found["Properties"]["LogGroupName"] == name
    ]
    assert group["KmsKeyId"] == prod.key("storage")["Arn"]
    assert group["RetentionInDays"] == 365
    assert only(prod, "LoggingConfiguration")["LogDestinationConfigs"] == [
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    ]


@pytest.mark.parametrize(("account", "accepted"), [(ACCOUNT, True), (OTHERS, False)])
def test_only_this_accounts_logs_are_written_there(prod: Assembly, account: str, *, accepted: bool) -> None:
    (document,) = [document for place, document in prod.policy_documents() if ".FirewallLog" in place]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-{prod.prefix}"

    def may(resource: str, *, service: str = "delivery.logs.amazonaws.com") -> bool:
        asked = Request(
            principal=service,
            action="logs:PutLogEvents",
            resource=resource,
            context={
                "aws:SourceAccount": account,
                "aws:SourceArn": f"arn:aws:logs:{REGION}:{account}:delivery",
            },
        )
        return identity_allows(asked, policies=document["Statement"])

    assert may(f"{group}:log-stream:waf") == accepted
    assert not may(f"{group}-2:log-stream:waf")
    assert not may(f"{group}:log-stream:waf", service="events.amazonaws.com")


def test_it_may_write_before_it_is_told_to(prod: Assembly) -> None:
    (logging,) = prod.resources("AWS::WAFv2::LoggingConfiguration").values()
    needed = {name.rstrip("0123456789ABCDEF") for name in logging["DependsOn"]}
    assert needed == {"FirewallLog", "FirewallLogPolicyResourcePolicy"}
