"""Re-encryption of everything: its functions, the state machine over them, and who may start it.

What must stay true: nobody calls the function `reencryptor` but the machine; the machine reaches no record
and no key of records; what it keeps lies under the storage key, for as long as the settings say.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as stepfunctions

from stacks import names
from stacks.acknowledgements import acknowledge, wildcard
from stacks.functions import InMachine, Surroundings, add_function, sessions
from stacks.keys import DUTIES, PLANNER
from stacks.reencryption_machine import SEGMENTS, definition
from stacks.runs_bucket import add_runs_bucket, runs_bucket_arn, through_runs_bucket
from stacks.service_keys import (
    EXECUTIONS_OF,
    executions_context,
    logs_of_this_account,
    reencryption_arn,
)
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION
from stacks.table_rights import Tables, records_of_all_tenants, size_of_records

# Lambda's most: a call hands back where it is well before.
_MOST_SECONDS = 900
_STATES = "states.amazonaws.com"
_KEY_USES = ("kms:Decrypt", "kms:GenerateDataKey")
# Places in the bucket, and what the machine does there: a manifest is read, each answer is put.
_PLACES: Mapping[str, tuple[str, str]] = {
    "Manifests": ("runs/*/manifest-*.json", "s3:GetObject"),
    "Answers": ("runs/*/results/*", "s3:PutObject"),
}
# While there is no bucket, anybody may take its name.
_OURS = {"StringEquals": {"s3:ResourceAccount": cdk.Aws.ACCOUNT_ID}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencryption:
    """What was added."""

    bucket: s3.Bucket
    planner: lambda_.Function
    reencryptor: lambda_.Function
    machine: stepfunctions.CfnStateMachine


def add_reencryption(stack: cdk.Stack, surroundings: Surroundings, *, tables: Tables) -> Reencryption:
    """Add bucket, functions, machine, and the policy of operators."""
    settings, keys = surroundings.settings, surroundings.keys
    role = _role(stack, surroundings, machine_arn=reencryption_arn(settings))
    bucket = add_runs_bucket(stack, settings, storage_key=keys.storage_key, writers=[keys.planner, role])
    rights = DUTIES["reencryptor"].tables(settings, tables) if settings.functions_hold_rights else []
    reencryptor = add_function(
        stack,
        "reencryptor",
        role=keys.reencryptor,
        surroundings=surroundings,
        tables=[*rights, records_of_all_tenants(tables)],
        environment=sessions("reencryptor", settings=settings, keys=keys),
        schedule=InMachine(timeout_seconds=_MOST_SECONDS, concurrency=None),
    )
    machine_arn = reencryption_arn(settings)
    executions = _executions_of(stack, surroundings)
    planner = add_function(
        stack,
        PLANNER,
        role=keys.planner,
        # It reaches nothing that a network of our own would have to keep to itself.
        surroundings=replace(surroundings, network=None),
        tables=[
            size_of_records(tables),
            *_documents(settings),
            _storage_key(surroundings),
            iam.PolicyStatement(
                sid="IsItRunning", actions=["states:DescribeExecution"], resources=[executions]
            ),
        ],
        environment={"MAINTENANCE_BUCKET": bucket.bucket_name},
        schedule=InMachine(timeout_seconds=_MOST_SECONDS, concurrency=1),
    )
    of_planner = stack.node.find_child(f"{names.title(PLANNER)}MayWork")
    acknowledge(
        of_planner,
        reason="The `*` stands for a run's documents, and for an execution of the one machine.",
        nag=[wildcard(of_planner, arn) for arn in (_documents_arn(settings), executions)],
    )
    policy = _machine_may_work(
        stack,
        surroundings,
        role=role,
        functions=[planner, reencryptor],
        machine_arn=machine_arn,
        executions=executions,
    )
    machine = _machine(stack, surroundings, role=role, planner=planner, reencryptor=reencryptor)
    machine.node.add_dependency(policy)
    return Reencryption(bucket=bucket, planner=planner, reencryptor=reencryptor, machine=machine)


def _documents_arn(settings: Settings) -> str:
    return f"{runs_bucket_arn(settings)}/runs/*"


def _documents(settings: Settings) -> list[iam.PolicyStatement]:
    """What the planner reads and writes: runs, and the lock that says which of them works."""
    return [
        iam.PolicyStatement(
            sid="Runs",
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[_documents_arn(settings), f"{runs_bucket_arn(settings)}/lock.json"],
            conditions=_OURS,
        ),
        # Without it S3 says of a lock that is not there that it is forbidden.
        iam.PolicyStatement(
            sid="ListRuns",
            actions=["s3:ListBucket"],
            resources=[runs_bucket_arn(settings)],
            conditions=_OURS,
        ),
    ]


def _storage_key(surroundings: Surroundings) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="StorageKeyThroughRunsBucket",
        actions=list(_KEY_USES),
        resources=[surroundings.keys.storage_key.key_arn],
        conditions=through_runs_bucket(surroundings.settings),
    )


def _role(stack: cdk.Stack, surroundings: Surroundings, *, machine_arn: str) -> iam.Role:
    return iam.Role(
        stack,
        "ReencryptionMachine",
        role_name=names.role(surroundings.settings, "reencryption-machine"),
        description="Runs re-encryptions: calls their functions, keeps their results.",
        assumed_by=iam.ServicePrincipal(_STATES).with_conditions(
            {
                "StringEquals": {
                    "aws:SourceAccount": stack.account,
                    # The map's children are executions of the machine by another name.
                    "aws:SourceArn": [machine_arn, f"{machine_arn}/{SEGMENTS}"],
                }
            }
        ),
    )


def _machine_may_work(
    stack: cdk.Stack,
    surroundings: Surroundings,
    *,
    role: iam.Role,
    functions: list[lambda_.Function],
    machine_arn: str,
    executions: str,
) -> iam.ManagedPolicy:
    # The map's own executions have its label after the machine's name; AWS documents both forms.
    children = [executions, executions.removesuffix(":*") + f"/{SEGMENTS}:*"]
    bucket = runs_bucket_arn(surroundings.settings)
    places = {sid: f"{bucket}/{place}" for sid, (place, _) in _PLACES.items()}
    policy = iam.ManagedPolicy(
        stack,
        "ReencryptionMachineMayWork",
        description="What the state machine of re-encryption does.",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                sid="ItsFunctions",
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in functions],
            ),
            *(
                iam.PolicyStatement(sid=sid, actions=[action], resources=[places[sid]], conditions=_OURS)
                for sid, (_, action) in _PLACES.items()
            ),
            _storage_key(surroundings),
            executions_under_storage_key(surroundings),
            # What is logged of executions that lie under a key is handed on encrypted.
            iam.PolicyStatement(
                sid="ItsLogOnTheWay",
                actions=["kms:GenerateDataKey"],
                resources=[surroundings.keys.storage_key.key_arn],
                conditions={"StringEquals": logs_of_this_account()},
            ),
            iam.PolicyStatement(sid="Children", actions=["states:StartExecution"], resources=[machine_arn]),
            iam.PolicyStatement(
                sid="ItsChildren",
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=children,
            ),
            # Where logs are delivered to is set by calls that know no resource.
            iam.PolicyStatement(
                sid="LogsAndTraces",
                actions=[
                    "logs:CreateLogDelivery",
                    "logs:DeleteLogDelivery",
                    "logs:DescribeLogGroups",
                    "logs:DescribeResourcePolicies",
                    "logs:GetLogDelivery",
                    "logs:ListLogDeliveries",
                    "logs:PutResourcePolicy",
                    "logs:UpdateLogDelivery",
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                resources=["*"],
            ),
        ],
    )
    acknowledge(
        policy,
        reason=(
            "Delivery of logs and traces knows no resource; the other `*` stand for a run's documents and "
            "for executions of the one machine and of its map."
        ),
        nag=[
            "AwsSolutions-IAM5[Resource::*]",
            *(wildcard(policy, arn) for arn in (*places.values(), *children)),
        ],
    )
    return policy


def _machine(
    stack: cdk.Stack,
    surroundings: Surroundings,
    *,
    role: iam.Role,
    planner: lambda_.Function,
    reencryptor: lambda_.Function,
) -> stepfunctions.CfnStateMachine:
    settings, key = surroundings.settings, surroundings.keys.storage_key
    log_group = logs.LogGroup(
        stack,
        "ReencryptionLogs",
        log_group_name=names.reencryption_log_group(settings),
        encryption_key=key,
        retention=LOG_RETENTION[settings.log_retention_days],
        removal_policy=settings.removal_policy,
    )
    machine = stepfunctions.CfnStateMachine(
        stack,
        "Reencryption",
        state_machine_name=names.reencryption(settings),
        state_machine_type="STANDARD",
        role_arn=role.role_arn,
        # Not by the stack's own way to write JSON: it leaves out every null, and these mean something.
        definition_string=json.dumps(
            definition(planner=planner.function_arn, reencryptor=reencryptor.function_arn)
        ),
        # Each event, without what is handed on: that names records.
        logging_configuration=stepfunctions.CfnStateMachine.LoggingConfigurationProperty(
            level="ALL",
            include_execution_data=False,
            destinations=[
                stepfunctions.CfnStateMachine.LogDestinationProperty(
                    cloud_watch_logs_log_group=stepfunctions.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                        log_group_arn=log_group.log_group_arn
                    )
                )
            ],
        ),
        tracing_configuration=stepfunctions.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        encryption_configuration=stepfunctions.CfnStateMachine.EncryptionConfigurationProperty(
            type="CUSTOMER_MANAGED_KMS_KEY",
            kms_key_id=key.key_arn,
            kms_data_key_reuse_period_seconds=300,
        ),
    )
    cdk.CfnOutput(stack, "ReencryptionStateMachineArn", value=machine.attr_arn)
    return machine


def add_operators(stack: cdk.Stack, surroundings: Surroundings, made: Reencryption) -> iam.ManagedPolicy:
    """Add the policy of those who start, follow and stop runs."""
    settings, executions = surroundings.settings, _executions_of(stack, surroundings)
    objects = _documents_arn(settings)
    policy = iam.ManagedPolicy(
        stack,
        "MaintenanceOperate",
        managed_policy_name=f"{settings.prefix}-maintenance-operate",
        description="Starts, follows and stops re-encryptions; reads their results.",
        statements=[
            iam.PolicyStatement(
                sid="Runs",
                actions=["states:ListExecutions", "states:StartExecution"],
                resources=[made.machine.attr_arn],
            ),
            iam.PolicyStatement(
                sid="OwnExecutions",
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[executions],
            ),
            iam.PolicyStatement(
                sid="Results", actions=["s3:GetObject"], resources=[objects], conditions=_OURS
            ),
            iam.PolicyStatement(
                sid="ListResults",
                actions=["s3:ListBucket"],
                resources=[runs_bucket_arn(settings)],
                conditions=_OURS,
            ),
            iam.PolicyStatement(
                sid="StorageKeyThroughRunsBucket",
                actions=["kms:Decrypt"],
                resources=[surroundings.keys.storage_key.key_arn],
                conditions=through_runs_bucket(settings),
            ),
            executions_under_storage_key(surroundings),
        ],
    )
    acknowledge(
        policy,
        reason="The `*` stands for a run's documents, and for an execution of the one machine.",
        nag=[wildcard(policy, objects), wildcard(policy, executions)],
    )
    cdk.CfnOutput(stack, "MaintenanceOperatePolicyArn", value=policy.managed_policy_arn)
    return policy


def executions_under_storage_key(surroundings: Surroundings) -> iam.PolicyStatement:
    """Let somebody start and look at executions, whose input and history lie under the storage key."""
    return iam.PolicyStatement(
        sid="ExecutionsLieUnderTheStorageKey",
        actions=list(_KEY_USES),
        resources=[surroundings.keys.storage_key.key_arn],
        conditions={"StringEquals": {EXECUTIONS_OF: executions_context(surroundings.settings)}},
    )


def _executions_of(stack: cdk.Stack, surroundings: Surroundings) -> str:
    return stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{names.reencryption(surroundings.settings)}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
