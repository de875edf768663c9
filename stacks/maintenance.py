"""What happens by itself: branch keys are rotated when they have come of age.

What must stay true: the schedule's role may start this one function and nothing else; at most one run works
at a time where concurrency is reserved, and a run that is late or fails loses nothing, because the next one
finds what is due.
"""

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
from stacks.settings import Settings
from stacks.storage import StorageStack
from stacks.table_rights import Tables, heads_of_branch_keys, tables_of_rotation

# A run ends by itself before this and leaves the rest to the next.
_MOST_SECONDS = 300
_FLEXIBLE_MINUTES = 60
_RETRIES = 3


class MaintenanceStack(cdk.Stack):
    """Function `rotation` and the schedule that calls it every day."""

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
        if settings.branch_key_rotation_days is None:
            raise ValueError("there is nothing to maintain without the setting branch_key_rotation_days")
        self._settings = settings
        tables = Tables(records=storage.records.table_arn, key_store=storage.key_store.table_arn)
        rights = tables_of_rotation(tables) if settings.functions_hold_rights else []
        self.rotation = add_function(
            self,
            "rotation",
            role=keys.tenant_admin,
            surroundings=Surroundings(
                settings=settings,
                keys=keys,
                storage=storage,
                network=network,
                code=functions_code(self, settings),
            ),
            tables=[*rights, heads_of_branch_keys(tables)],
            environment={
                "BRANCH_KEY_ROTATION_DAYS": settings.branch_key_rotation_days,
                # Each branch key is rotated in a session of its own tenant.
                **sessions("tenant-admin", settings=settings, keys=keys),
            },
            schedule=OnSchedule(timeout_seconds=_MOST_SECONDS, concurrency=1),
        )
        self._every_day(self.rotation)
        cdk.CfnOutput(self, "RotationFunctionName", value=self.rotation.function_name)

    def _every_day(self, function: lambda_.Function) -> None:
        name = names.schedule_group(self._settings)
        group = scheduler.CfnScheduleGroup(self, "Schedules", name=name)
        role = self._role(function, group=name)
        scheduler.CfnSchedule(
            self,
            "EveryDay",
            name=f"{self._settings.prefix}-rotation",
            description="Rotates branch keys that have come of age.",
            group_name=group.ref,
            schedule_expression="rate(1 day)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=_FLEXIBLE_MINUTES
            ),
            state="ENABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                input="{}",
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=cdk.Duration.hours(6).to_seconds(),
                    maximum_retry_attempts=_RETRIES,
                ),
            ),
        )

    def _role(self, function: lambda_.Function, *, group: str) -> iam.Role:
        here = self.format_arn(service="scheduler", resource="schedule-group", resource_name=group)
        role = iam.Role(
            self,
            "Scheduler",
            role_name=f"{self._settings.prefix}-scheduler",
            description="Starts the function that rotates branch keys; nothing else.",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {"StringEquals": {"aws:SourceAccount": self.account, "aws:SourceArn": here}}
            ),
        )
        iam.ManagedPolicy(
            self,
            "SchedulerMayStartRotation",
            description="The function that rotates branch keys.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="Rotation", actions=["lambda:InvokeFunction"], resources=[function.function_arn]
                )
            ],
        )
        return role
