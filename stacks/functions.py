"""A function of the service: its code, its log, what it may do, and where it runs.

What must stay true: a function's role has the statements written here and in keys.py and no others; its log
group exists before it, under the storage key; its environment holds names and ARNs only, under the storage
key; code that runs in it cannot touch the network interfaces that Lambda makes for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from stacks import names, packaging
from stacks.acknowledgements import acknowledge, wildcard
from stacks.code_signing import FunctionCode
from stacks.keys import KeysStack
from stacks.network import NetworkStack
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION
from stacks.storage import StorageStack

# What Lambda does for a function in a VPC, in the name of the function's role.
INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all functions share."""

    settings: Settings
    keys: KeysStack
    storage: StorageStack
    network: NetworkStack | None
    code: FunctionCode


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSchedule:
    """How a function is run that nobody waits for: its time, and how many at once where any are reserved."""

    timeout_seconds: int
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InMachine:
    """How the state machine runs a function: its time, and how many at once where any are reserved.

    Without a number as many run at once as the run says that calls it.
    """

    timeout_seconds: int
    concurrency: int | None


def add_function(
    stack: cdk.Stack,
    name: str,
    *,
    role: iam.Role,
    surroundings: Surroundings,
    tables: Sequence[iam.PolicyStatement],
    environment: Mapping[str, object] | None = None,
    schedule: OnSchedule | InMachine | None = None,
) -> lambda_.Function:
    """Add a function and the policies of its role.

    Parameters
    ----------
    stack
        The stack that the function belongs to.
    name
        Its duty: the last part of its name, and its module in `service`.
    role
        Its role, of KeysStack.
    surroundings
        What it shares with the others.
    tables
        What it may do with the tables.
    environment
        Variables of its own; one that is None is left out.
    schedule
        For a function that a schedule or the state machine calls, and not the API.
    """
    settings, network = surroundings.settings, surroundings.network
    title = names.title(name)
    reserved = settings.reserved_concurrency
    if schedule is not None and reserved is not None:
        reserved = schedule.concurrency
    log_group = logs.LogGroup(
        stack,
        f"{title}Logs",
        log_group_name=names.function_log_group(settings, name),
        encryption_key=surroundings.keys.storage_key,
        retention=LOG_RETENTION[settings.log_retention_days],
        removal_policy=settings.removal_policy,
    )
    policies = [
        _may_work(
            stack,
            title,
            role=role,
            tables=tables,
            log_group=log_group,
        )
    ]
    if network is not None:
        policies.append(_may_join(stack, title, role=role, network=network, settings=settings, name=name))
    function = lambda_.Function(
        stack,
        title,
        function_name=names.function(settings, name),
        description=role.node.default_child.description,  # type: ignore[union-attr]
        runtime=packaging.RUNTIME,
        architecture=packaging.ARCHITECTURE,
        handler=f"service.{name.replace('-', '_')}.handler",
        code=surroundings.code.code,
        # Its statements are written out in managed policies; CDK's additions would make KeysStack need this
        # stack.
        role=role.without_policy_updates(),
        memory_size=settings.function_memory_mb,
        timeout=cdk.Duration.seconds(
            schedule.timeout_seconds if schedule else settings.function_timeout_seconds
        ),
        reserved_concurrent_executions=reserved,
        tracing=lambda_.Tracing.ACTIVE,
        log_group=log_group,
        environment=_environment(stack, name, surroundings=surroundings, own=environment or {}),
        environment_encryption=surroundings.keys.storage_key,
        vpc=network.vpc if network else None,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED) if network else None,
        security_groups=[network.functions_security_group] if network else None,
    )
    if surroundings.code.signing is not None:
        signed = surroundings.code.signing.attr_code_signing_config_arn
        cast("lambda_.CfnFunction", function.node.default_child).code_signing_config_arn = signed
    for policy in policies:
        function.node.add_dependency(policy)
    _accept(function, surroundings=surroundings, schedule=schedule, reserved=reserved)
    return function


def sessions(duty: str, *, settings: Settings, keys: KeysStack) -> dict[str, object]:
    """Variables by which a function begins sessions of one tenant each; none where it works by itself."""
    if not settings.tenant_sessions:
        return {}
    return {
        "SESSION_ROLE_ARN": keys.session_role_arn(duty),
        "TENANT_SESSION_ENTRIES": settings.tenant_session_entries,
    }


def _environment(
    stack: cdk.Stack, name: str, *, surroundings: Surroundings, own: Mapping[str, object]
) -> dict[str, str]:
    """Names and ARNs only: whoever may describe the function reads them."""
    settings = surroundings.settings
    environment = {
        "RECORDS_TABLE": surroundings.storage.records.table_name,
        "LOGICAL_TABLE": settings.logical_table,
        "KEY_STRATEGY": settings.key_strategy,
        "KEY_STORE_TABLE": surroundings.storage.key_store.table_name,
        "LOGICAL_KEY_STORE": settings.logical_key_store,
        "BRANCH_KEY_ARN": settings.branch_key_arn,
        "BRANCH_KEY_CACHE_SECONDS": settings.branch_key_cache_seconds,
        "BRANCH_KEY_CACHE_ENTRIES": settings.branch_key_cache_entries,
        "ENVELOPE_KEY_ARN": surroundings.keys.envelope_key.key_arn,
        "DECRYPT_KEY_ARNS": ",".join(settings.decrypt_key_arns),
        "PLAINTEXT_ATTRIBUTES": ",".join(settings.plaintext_attributes),
        # Binds a cursor to its list; no secret, since what confines a page to its tenant is the key
        # condition.
        "CURSOR_KEY": stack.stack_id,
        "POWERTOOLS_SERVICE_NAME": f"records-{name}",
        "POWERTOOLS_METRICS_NAMESPACE": "SealedRecords",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        **own,
    }
    return {name: str(value) for name, value in environment.items() if value not in (None, "")}


def _may_work(
    stack: cdk.Stack,
    title: str,
    *,
    role: iam.Role,
    tables: Sequence[iam.PolicyStatement],
    log_group: logs.LogGroup,
) -> iam.ManagedPolicy:
    policy = iam.ManagedPolicy(
        stack,
        f"{title}MayWork",
        description=f"What the function {title.lower()} does beside using keys.",
        roles=[role],
        statements=[
            *tables,
            iam.PolicyStatement(
                sid="OwnLogs",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            ),
            iam.PolicyStatement(
                sid="Traces",
                actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                resources=["*"],
            ),
        ],
    )
    acknowledge(
        policy,
        reason="X-Ray has no resource that these two actions could name; they write traces and read none.",
        nag=["AwsSolutions-IAM5[Resource::*]"],
    )
    return policy


def _may_join(
    stack: cdk.Stack, title: str, *, role: iam.Role, network: NetworkStack, settings: Settings, name: str
) -> iam.ManagedPolicy:
    """Let Lambda connect a function to our subnets, and keep the function's own code from the same actions.

    Lambda makes the interfaces outside of the function, where a call carries no `lambda:SourceFunctionArn`;
    each call of the function's code carries it.
    """

    def here(resource: str, resource_name: str) -> str:
        return stack.format_arn(service="ec2", resource=resource, resource_name=resource_name)

    function = stack.format_arn(
        service="lambda",
        resource="function",
        resource_name=names.function(settings, name),
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    policy = iam.ManagedPolicy(
        stack,
        f"{title}MayJoinNetwork",
        description=f"The network interfaces that Lambda makes for the function {name}.",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                sid="InterfacesInOurSubnets",
                actions=["ec2:CreateNetworkInterface"],
                resources=[
                    here("network-interface", "*"),
                    here("security-group", network.functions_security_group.security_group_id),
                    *(here("subnet", subnet.subnet_id) for subnet in network.vpc.isolated_subnets),
                ],
            ),
            # Lambda refuses a function whose role may not delete every interface of the account.
            iam.PolicyStatement(
                sid="Interfaces",
                actions=[
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:DeleteNetworkInterface",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                resources=[here("*", "*")],
            ),
            iam.PolicyStatement(
                sid="LookAtInterfaces",
                actions=["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
                resources=["*"],
            ),
            iam.PolicyStatement(
                sid="CodeMayNotTouchInterfaces",
                effect=iam.Effect.DENY,
                actions=list(INTERFACE_ACTIONS),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function}},
            ),
        ],
    )
    acknowledge(
        policy,
        reason="EC2 takes no narrower resource for looking at interfaces, and an interface has no name "
        "before it is made; new ones come into our subnets only. The last statement denies all of it to the "
        "code of the function.",
        nag=[
            "AwsSolutions-IAM5[Resource::*]",
            *(wildcard(policy, here(kind, "*")) for kind in ("*", "network-interface")),
        ],
    )
    return policy


def _accept(
    function: lambda_.Function,
    *,
    surroundings: Surroundings,
    schedule: OnSchedule | InMachine | None,
    reserved: int | None,
) -> None:
    nist, hipaa, pci = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"
    called = (
        "API Gateway calls the function and waits: a failure is the caller's answer. A dead-letter "
        "queue takes asynchronous calls, of which there are none, and would keep plaintext."
    )
    runs_again = (
        "The schedule's event holds nothing to keep: a run that fails is an alarm, and the next one does "
        "what it left."
    )
    awaited = (
        "The state machine calls the function and waits: it tries again, and what fails in the end stands in "
        "its execution and alarms. A dead-letter queue takes asynchronous calls, of which there are none."
    )
    reasons = {OnSchedule: runs_again, InMachine: awaited}
    acknowledge(
        function,
        reason=reasons.get(type(schedule), called),
        nag=[f"{pack}-LambdaDLQ" for pack in (nist, hipaa)],
        checkov=["CKV_AWS_116"],
    )
    if surroundings.network is None:
        acknowledge(
            function,
            reason="The setting vpc_cidr puts the functions into private subnets; without it they run in "
            "Lambda's own network, take no connections, and reach only KMS and DynamoDB, with their roles.",
            nag=[f"{pack}-LambdaInsideVPC" for pack in (nist, hipaa, pci)],
            checkov=["CKV_AWS_117"],
        )
    if reserved is None:
        by_run = (
            "The state machine alone calls the function, and as often at once as a run's concurrency says; "
            "fewer places of its own would fail segments that wait, more would be lost to the API for good."
        )
        not_set = (
            "The setting reserved_concurrency is null here, because a new account's quota leaves none "
            "to reserve; the API's throttling bounds how many run at once."
        )
        acknowledge(
            function,
            reason=by_run if isinstance(schedule, InMachine) else not_set,
            nag=[f"{pack}-LambdaConcurrency" for pack in (nist, hipaa)],
            checkov=["CKV_AWS_115"],
        )
