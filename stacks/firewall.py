"""AWS WAF before the API: AWS's managed rules and a limit per address.

What must stay true:
- A record is free text that only its owner reads: no rule refuses it for words that look like an attack.
- WAF's log and console show nothing of a record and nothing that names one: no body, path or query, also not
  the part of it that a rule matched; and no credentials.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2

from stacks import names
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION

# Rules of AWSManagedRulesCommonRuleSet that only count; its others (path, query, cookies) block.
#
# The service never interprets a body: it parses JSON strictly, encrypts each value and gives the same value
# back as JSON to a caller with the tenant's tag. There is no page, shell, path or address that it would
# become. What these rules look for does occur in clinical text, which quotes lab systems' addresses, file
# names and HTML of other programs; and a refusal would keep a record from being written, depending on its
# words. What they count shows in CloudWatch.
COUNTED = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    # It refuses bodies over 8 KiB; a record may have 400 KB encrypted, as JSON up to 2 MiB.
    "SizeRestrictions_BODY",
    # A caller is known by its signature. That it gives no User-Agent tells nothing.
    "NoUserAgent_HEADER",
)
CREDENTIALS = ("authorization", "x-amz-security-token")
ADDRESSES, BAD_INPUTS, COMMON = (
    "AWSManagedRulesAmazonIpReputationList",
    # Its rules block, those for bodies too: they match exploits of programs as such, not words of a text.
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)

Rule = wafv2.CfnWebACL.RuleProperty


def add_firewall(
    stack: cdk.Stack, *, settings: Settings, stage: apigateway.Stage, log_key: kms.IKey
) -> wafv2.CfnWebACL:
    """Add a web ACL, bind it to the API's stage, and keep its log.

    Parameters
    ----------
    stack
        The stack that it belongs to.
    settings
        Of the environment; `waf_rate_limit` among them.
    stage
        What it stands before.
    log_key
        The key that its log lies under.
    """
    acl = wafv2.CfnWebACL(
        stack,
        "Firewall",
        name=f"{settings.prefix}-firewall",
        description="Before the API of records",
        scope="REGIONAL",
        # Who may call what, IAM decides.
        default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=_visible(f"{settings.prefix}-firewall"),
        data_protection_config=wafv2.CfnWebACL.DataProtectionConfigProperty(
            data_protections=[
                _never_shown("BODY"),
                _never_shown("QUERY_STRING"),
                *(_never_shown("SINGLE_HEADER", key=header) for header in CREDENTIALS),
            ]
        ),
        rules=[
            _rate_rule(0, limit=settings.waf_rate_limit),
            _managed_rules(1, group=ADDRESSES),
            _managed_rules(2, group=BAD_INPUTS),
            _managed_rules(3, group=COMMON, counted=COUNTED),
        ],
    )
    wafv2.CfnWebACLAssociation(
        stack, "FirewallOfStage", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn
    )
    _log(stack, acl=acl, settings=settings, key=log_key)
    return acl


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        metric_name=metric,
        cloud_watch_metrics_enabled=True,
        # Samples show whole requests in the console to whoever may look at the web ACL.
        sampled_requests_enabled=False,
    )


def _never_shown(field: str, *, key: str | None = None) -> wafv2.CfnWebACL.DataProtectProperty:
    """Keep a field out of WAF's logs and samples, also where they quote what a rule matched."""
    return wafv2.CfnWebACL.DataProtectProperty(
        action="SUBSTITUTION",
        field=wafv2.CfnWebACL.FieldToProtectProperty(
            field_type=field, field_keys=None if key is None else [key]
        ),
        exclude_rule_match_details=False,
        exclude_rate_based_details=False,
    )


def _rate_rule(priority: int, *, limit: int) -> Rule:
    return Rule(
        name="RequestsOfOneAddress",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                limit=limit, aggregate_key_type="IP", evaluation_window_sec=300
            )
        ),
        visibility_config=_visible("RequestsOfOneAddress"),
    )


def _managed_rules(priority: int, *, group: str, counted: Sequence[str] = ()) -> Rule:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    return Rule(
        name=group.removeprefix("AWSManagedRules"),
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),  # the group's own actions hold
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count)
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visible(group.removeprefix("AWSManagedRules")),
    )


def _log(stack: cdk.Stack, *, acl: wafv2.CfnWebACL, settings: Settings, key: kms.IKey) -> None:
    name = names.firewall_log_group(settings)
    log_group = logs.LogGroup(
        stack,
        "FirewallLog",
        log_group_name=name,
        encryption_key=key,
        retention=LOG_RETENTION[settings.log_retention_days],
        removal_policy=settings.removal_policy,
    )
    # Without it WAF would write one of its own.
    writer = log_group.add_to_resource_policy(
        iam.PolicyStatement(
            sid="FirewallMayWrite",
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
            },
        )
    )
    logging = wafv2.CfnLoggingConfiguration(
        stack,
        "FirewallLogging",
        resource_arn=acl.attr_arn,
        # WAF wants the log group's ARN without the `:*` that CloudFormation gives it.
        log_destination_configs=[
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
        ],
        redacted_fields=[
            {"uriPath": {}},
            {"queryString": {}},
            *({"singleHeader": {"Name": header}} for header in CREDENTIALS),
        ],
    )
    logging.node.add_dependency(log_group)
    if writer.policy_dependable is not None:
        logging.node.add_dependency(writer.policy_dependable)
