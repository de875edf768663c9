"""What is done to everything at once, by itself or when an operator says so: rotation, re-encryption.

What must stay true: the schedules' role may start these and nothing else; a run that is late or fails loses
nothing, because the next one finds what is due.
"""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks import names
from stacks.code_signing import functions_code
from stacks.functions import OnSchedule, Surroundings, add_function, sessions
from stacks.keys import KeysStack
from stacks.network import NetworkStack
from stacks.reencryption import add_operators, add_reencryption, executions_under_storage_key
from stacks.settings import Settings
from stacks.storage import StorageStack
from stacks.table_rights import Tables, heads_of_branch_keys, tables_of_rotation

# A run ends by itself before this and leaves the rest to the next.
_MOST_SECONDS = 300
_FLEXIBLE_MINUTES = 60
_RETRIES = 3


class MaintenanceStack(cdk.Stack):
    """Re-encryption, and where branch keys are rotated by themselves the function `rotation`; schedules."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        storage: StorageStack,
        network: NetworkStack | None,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings
        tables = Tables(records=storage.records.table_arn, key_store=storage.key_store.table_arn)
        surroundings = Surroundings(
            settings=settings,
            keys=keys,
            storage=storage,
            network=network,
            code=functions_code(self, settings),
        )
        self.reencryption = add_reencryption(self, surroundings, tables=tables)
        add_operators(self, surroundings, self.reencryption)
        cdk.CfnOutput(self, "MaintenanceBucketName", value=self.reencryption.bucket.bucket_name)
        self.rotation: lambda_.Function | None = None
        started: list[iam.PolicyStatement] = []
        if settings.branch_key_rotation_days is not None:
            self.rotation = self._rotation(settings.branch_key_rotation_days, surroundings, tables=tables)
            cdk.CfnOutput(self, "RotationFunctionName", value=self.rotation.function_name)
            started.append(
                iam.PolicyStatement(
                    sid="Rotation",
                    actions=["lambda:InvokeFunction"],
                    resources=[self.rotation.function_arn],
                )
            )
        if settings.reencryption_schedule is not None:
            started.append(
                iam.PolicyStatement(
                    sid="Reencryption",
                    actions=["states:StartExecution"],
                    resources=[self.reencryption.machine.attr_arn],
                )
            )
        if started:
            self._schedules(started, surroundings)

    def _rotation(self, days: int, surroundings: Surroundings, *, tables: Tables) -> lambda_.Function:
        settings, keys = surroundings.settings, surroundings.keys
        rights = tables_of_rotation(tables) if settings.functions_hold_rights else []
        return add_function(
            self,
            "rotation",
            role=keys.tenant_admin,
            surroundings=surroundings,
            tables=[*rights, heads_of_branch_keys(tables)],
            environment={
                "BRANCH_KEY_ROTATION_DAYS": days,
                # Each branch key is rotated in a session of its own tenant.
                **sessions("tenant-admin", settings=settings, keys=keys),
            },
            schedule=OnSchedule(timeout_seconds=_MOST_SECONDS, concurrency=1),
        )

    def _schedules(self, started: list[iam.PolicyStatement], surroundings: Surroundings) -> None:
        settings, name = self._settings, names.schedule_group(self._settings)
        group = scheduler.CfnScheduleGroup(self, "Schedules", name=name)
        role = self._role(started, group=name, surroundings=surroundings)
        if self.rotation is not None:
            self._schedule(
                "EveryDay",
                name="rotation",
                description="Rotates branch keys that have come of age.",
                expression="rate(1 day)",
                group=group,
                role=role,
                target=self.rotation.function_arn,
                given={},
            )
        if settings.reencryption_schedule is not None:
            self._schedule(
                "Reencrypting",
                name="reencryption",
                description="Encrypts anew what is not as it would be written today.",
                expression=settings.reencryption_schedule,
                group=group,
                role=role,
                target=self.reencryption.machine.attr_arn,
                given=_limits(settings),
            )

    def _schedule(
        self,
        construct_id: str,
        *,
        name: str,
        description: str,
        expression: str,
        group: scheduler.CfnScheduleGroup,
        role: iam.Role,
        target: str,
        given: Mapping[str, int],
    ) -> None:
        scheduler.CfnSchedule(
            self,
            construct_id,
            name=f"{self._settings.prefix}-{name}",
            description=description,
            group_name=group.ref,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=_FLEXIBLE_MINUTES
            ),
            state="ENABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=target,
                role_arn=role.role_arn,
                input=json.dumps(given),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=cdk.Duration.hours(6).to_seconds(),
                    maximum_retry_attempts=_RETRIES,
                ),
            ),
        )

    def _role(
        self, started: list[iam.PolicyStatement], *, group: str, surroundings: Surroundings
    ) -> iam.Role:
        here = self.format_arn(service="scheduler", resource="schedule-group", resource_name=group)
        role = iam.Role(
            self,
            "Scheduler",
            role_name=f"{self._settings.prefix}-scheduler",
            description="Starts what is done by itself; nothing else.",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {"StringEquals": {"aws:SourceAccount": self.account, "aws:SourceArn": here}}
            ),
        )
        if self._settings.reencryption_schedule is not None:
            started = [*started, executions_under_storage_key(surroundings)]
        iam.ManagedPolicy(
            self,
            "SchedulerMayStartRotation",
            description="What the schedules start.",
            roles=[role],
            statements=started,
        )
        return role


def _limits(settings: Settings) -> dict[str, int]:
    """Return the members of an execution's input that limit the units it takes of the table."""
    limits = {
        "read_units_per_second": settings.reencryption_schedule_read_units,
        "write_units_per_second": settings.reencryption_schedule_write_units,
    }
    return {name: units for name, units in limits.items() if units is not None}
