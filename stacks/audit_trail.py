"""The trail: who called what, in every Region, with each use of a key, a function and the table.

What must stay true: with `trail = own`, management events are recorded, reading ones too (Decrypt is one),
and no service is left out; with `trail = organization` another trail of the account does that, and this one
records data events alone. Files are signed, so that a missing or changed one is found.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import names
from stacks.acknowledgements import acknowledge, wildcard
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION

Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


def trail_arn(settings: Settings) -> str:
    """Give the trail's ARN, which policies name before there is a trail."""
    here = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return f"arn:{cdk.Aws.PARTITION}:cloudtrail:{here}:trail/{names.trail(settings)}"


class Trail(Construct):
    """Attributes: `log_group`, where its events are within minutes.

    Parameters
    ----------
    archive
        Where its files go.
    functions, tables, buckets
        Whose data events it records; functions by their ARNs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        audit_key: kms.IKey,
        archive: s3.Bucket,
        functions: Sequence[str],
        tables: Sequence[dynamodb.ITable],
        buckets: Sequence[s3.IBucket] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=names.trail_log_group(settings),
            encryption_key=audit_key,
            retention=LOG_RETENTION[settings.log_retention_days],
            removal_policy=settings.removal_policy,
        )
        role, policy = self._role(names.trail_log_group(settings))
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=names.trail(settings),
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=archive.bucket_name,
            kms_key_id=audit_key.key_arn,
            cloud_watch_logs_log_group_arn=self.log_group.log_group_arn,
            cloud_watch_logs_role_arn=role.role_arn,
            advanced_event_selectors=selectors(settings, functions=functions, tables=tables, buckets=buckets),
        )
        # CloudTrail tries both permissions when the trail is made.
        trail.node.add_dependency(policy)
        if archive.policy is not None:
            trail.node.add_dependency(archive.policy)

    def _role(self, log_group: str) -> tuple[iam.Role, iam.ManagedPolicy]:
        role = iam.Role(
            self,
            "LogsRole",
            description="Writes the trail's events to its log group, and does nothing else.",
            assumed_by=iam.ServicePrincipal("cloudtrail.amazonaws.com"),
        )
        # CloudTrail names its streams so, and adds a number to further ones.
        here = f"arn:{cdk.Aws.PARTITION}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
        stream = f"{cdk.Aws.ACCOUNT_ID}_CloudTrail_{cdk.Aws.REGION}*"
        streams = f"{here}:log-group:{log_group}:log-stream:{stream}"
        policy = iam.ManagedPolicy(
            self,
            "MayWriteLogs",
            description="The trail's own streams of its log group.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="TrailsOwnStreams",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[streams],
                )
            ],
        )
        acknowledge(
            policy,
            reason="The streams of the trail's own log group: CloudTrail names them, and makes further ones.",
            nag=[wildcard(policy, streams)],
        )
        return role, policy


def selectors(
    settings: Settings,
    *,
    functions: Sequence[str],
    tables: Sequence[dynamodb.ITable],
    buckets: Sequence[s3.IBucket],
) -> list[Selector]:
    """Say what is recorded."""
    chosen = []
    if settings.trail == "own":
        # No further field: readOnly would drop Decrypt or DisableKey, eventSource would drop a service.
        chosen.append(
            Selector(
                name="Management events, reading and writing",
                field_selectors=[Field(field="eventCategory", equal_to=["Management"])],
            )
        )
    if functions:
        chosen.append(
            Selector(
                name="Calls of functions",
                field_selectors=[
                    Field(field="eventCategory", equal_to=["Data"]),
                    Field(field="resources.type", equal_to=["AWS::Lambda::Function"]),
                    # A version or an alias of a function has an ARN that begins alike.
                    Field(field="resources.ARN", starts_with=list(functions)),
                ],
            )
        )
    if tables:
        chosen.append(
            Selector(
                name="Items of tables",
                field_selectors=[
                    Field(field="eventCategory", equal_to=["Data"]),
                    Field(field="resources.type", equal_to=["AWS::DynamoDB::Table"]),
                    Field(field="resources.ARN", equal_to=[table.table_arn for table in tables]),
                ],
            )
        )
    if buckets:
        chosen.append(
            Selector(
                name="Objects of buckets",
                field_selectors=[
                    Field(field="eventCategory", equal_to=["Data"]),
                    Field(field="resources.type", equal_to=["AWS::S3::Object"]),
                    Field(
                        field="resources.ARN", starts_with=[bucket.arn_for_objects("") for bucket in buckets]
                    ),
                ],
            )
        )
    return chosen
