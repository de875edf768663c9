"""What is recorded of a deployment, what of it alarms, how it is asked: trail, archive, alarms, queries.

What must stay true: every use of a key is in a trail; its files can be neither changed nor deleted before
their time; each alarm reaches the topic and names what to do.

With `trail = organization` another trail of the account records management events. Then this one records data
events alone, alarms count what EventBridge hands on, and of IAM's changes EventBridge knows in us-east-1 only
(stacks/audit_rules.py says what to do elsewhere).
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from stacks import names
from stacks.audit_alarms import Alarms
from stacks.audit_archive import AuditBuckets
from stacks.audit_dashboard import Dashboard
from stacks.audit_filters import Counters
from stacks.audit_queries import Queries
from stacks.audit_rules import AlarmRules, ManagementEvents
from stacks.audit_topic import AlarmTopic
from stacks.audit_trail import Trail, trail_arn
from stacks.audit_watched import Watched, role_arn
from stacks.keys import DUTIES, PLANNER, KeysStack
from stacks.maintenance import MaintenanceStack
from stacks.object_client import DUTY as OBJECT_CLIENT
from stacks.service import ServiceStack
from stacks.settings import Settings
from stacks.storage import StorageStack

# Roles of re-encryption that may use no key that reveals records.
OF_RUNS = (PLANNER, "reencryption-machine")


class AuditStack(cdk.Stack):
    """Archive, trail, topic, rules, alarms, queries, dashboard."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        storage: StorageStack,
        service: ServiceStack,
        maintenance: MaintenanceStack,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        functions = {
            "writer": service.writer,
            "reader": service.reader,
            "tenant-admin": service.tenant_admin,
        }
        if maintenance.rotation is not None:
            functions["rotation"] = maintenance.rotation
        functions |= {
            "reencryptor": maintenance.reencryption.reencryptor,
            "planner": maintenance.reencryption.planner,
        }
        function_logs = {name: function.log_group for name, function in functions.items()}

        buckets = AuditBuckets(
            self, "Buckets", settings=settings, audit_key=keys.audit_key, trail_arn=trail_arn(settings)
        )
        trail = Trail(
            self,
            "Trail",
            settings=settings,
            audit_key=keys.audit_key,
            archive=buckets.archive,
            functions=[function.function_arn for function in functions.values()],
            tables=[storage.records, storage.key_store],
            buckets=[storage.objects],
        )
        topic = AlarmTopic(
            self, "Alarms", settings=settings, storage_key=keys.storage_key, audit_key=keys.audit_key
        )

        management_logs = trail.log_group
        log_groups = [
            names.trail_log_group(settings),
            *(names.function_log_group(settings, n) for n in functions),
        ]
        handed_on = None
        if settings.trail == "organization":
            handed_on = ManagementEvents(self, "Events", settings=settings, audit_key=keys.audit_key)
            management_logs = handed_on.log_group
            log_groups.append(names.management_events_log_group(settings))

        watched = Watched(
            settings=settings,
            envelope_key=keys.envelope_key,
            storage_key=keys.storage_key,
            audit_key=keys.audit_key,
            roles=_roles(settings),
            clients=[*_clients(settings), *(names.role(settings, role) for role in OF_RUNS)],
            workers=[role_arn(role) for role in (*_roles(settings, working=True), *_clients(settings))],
            # Names of roles are unique in an account, whatever their paths.
            workers_in_patterns=[f"*/{role}" for role in (*_workers(settings), *_clients(settings))],
            tenant_admins=[f"*/{role}" for role in _roles(settings, "tenant-admin", working=True)],
            reencryptors=[f"*/{role}" for role in _roles(settings, "reencryptor", working=True)],
            functions=[names.function(settings, function) for function in functions],
            api_id=service.api.rest_api_id,
            key_store=storage.key_store,
            scheduler_group=names.schedule_group(settings) if settings.has_schedules else None,
            trail=names.trail(settings),
            topic_arns=[topic.topic.topic_arn, topic.key_topic.topic_arn],
            buckets=[
                buckets.archive.bucket_name,
                buckets.access_logs.bucket_name,
                storage.objects.bucket_name,
                maintenance.reencryption.bucket.bucket_name,
            ],
            log_groups=log_groups,
            stacks=self.stack_name.removesuffix("Audit"),
        )
        if handed_on is not None:
            handed_on.feed(watched)
        AlarmRules(self, "Rules", watched=watched, topic=topic)
        counters = Counters(
            self,
            "Counters",
            watched=watched,
            management_events=management_logs,
            data_events=trail.log_group,
            function_logs=function_logs,
        )
        Alarms(
            self,
            "CountedAlarms",
            settings=settings,
            topic=topic,
            counters=counters,
            api=service.api,
            functions=functions,
        )
        Queries(
            self,
            "Queries",
            watched=watched,
            buckets=buckets,
            audit_key=keys.audit_key,
            records=storage.records,
            objects=storage.objects,
        )
        Dashboard(
            self, "Operators", settings=settings, counters=counters, api=service.api, functions=functions
        )

        cdk.CfnOutput(self, "ArchiveBucketName", value=buckets.archive.bucket_name)
        cdk.CfnOutput(
            self,
            "AuditWorkGroupName",
            value=names.audit_workgroup(settings),
            description="For `sealed audit`: SEALED_AUDIT_WORKGROUP",
        )
        cdk.CfnOutput(self, "AlarmTopicArn", value=topic.topic.topic_arn)
        cdk.CfnOutput(self, "TrailArn", value=trail_arn(settings))


def _roles(settings: Settings, *duties: str, working: bool = False) -> list[str]:
    """Name the roles of duties and their sessions: all, or those that hold the duties' rights."""
    named = duties or tuple(DUTIES)
    functions, of_sessions = settings.functions_hold_rights or not working, settings.sessions_hold_rights
    return [
        *(names.role(settings, duty) for duty in named if functions),
        *(names.session_role(settings, duty) for duty in named if of_sessions),
    ]


def _clients(settings: Settings) -> list[str]:
    """Name the roles that callers take."""
    return [names.role(settings, OBJECT_CLIENT)]


def _workers(settings: Settings) -> list[str]:
    """Name the functions' roles that may use the envelope key.

    While the setting changes both kinds may. Six names would be too long for the pattern of a metric filter:
    then each duty's are named by what they begin with.
    """
    if settings.tenant_sessions_changing:
        return [f"{role}*" for role in _roles(settings)[: len(DUTIES)]]
    return _roles(settings, working=True)
