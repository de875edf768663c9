"""Athena over the trail's files: two tables, a workgroup, and the questions of an audit as named queries.

What must stay true: results are encrypted with the audit key and go away after a month, whoever asks; a query
reads no more than the limit; a question that needs files which are not there is not offered.

`management_events` and `data_events` are the same files where the trail is this deployment's own.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import names
from stacks.audit_archive import AuditBuckets
from stacks.audit_table import trail_files
from stacks.audit_watched import Watched

QUERIES = Path(__file__).parent / "queries"
MOST_BYTES_SCANNED = 100 * 1024**3
DATA, MANAGEMENT = "data_events", "management_events"
# The other trail's files may be older than this deployment.
DAYS_OF_ANOTHER_TRAIL = 3653

_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")
_FROM = re.compile(r"^FROM (\w+)$", re.MULTILINE)


class Queries(Construct):
    """Database, tables, workgroup, named queries."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        watched: Watched,
        buckets: AuditBuckets,
        audit_key: kms.IKey,
        records: dynamodb.ITable,
        objects: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = watched.settings
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=f"{settings.prefix}_audit".replace("-", "_"), description="The trail's files."
            ),
        )
        own = f"s3://{buckets.archive.bucket_name}/AWSLogs/{cdk.Aws.ACCOUNT_ID}"
        places = {DATA: (own, settings.archive_retention_days + 1)}
        if settings.trail == "own":
            places[MANAGEMENT] = places[DATA]
        elif settings.organization_trail_archive is not None:
            places[MANAGEMENT] = (settings.organization_trail_archive.rstrip("/"), DAYS_OF_ANOTHER_TRAIL)
        else:
            cdk.Annotations.of(self).add_warning_v2(
                "sealed-records:no-management-events",
                f"cdk.json: environments.{settings.environment}.trail is 'organization' and "
                "organization_trail_archive is null: there are no named queries on management events, such "
                "as who decrypted for a tenant.",
            )
        tables = {
            name: trail_files(
                self,
                _title(name),
                name=name,
                description=f"CloudTrail: {name.replace('_', ' ')}.",
                database=database,
                location=location,
                region=settings.region,
                days=days,
            )
            for name, (location, days) in places.items()
        }
        workgroup = self._workgroup(watched, buckets=buckets, audit_key=audit_key)
        known = values(watched, buckets=buckets, records=records, objects=objects)
        for file in sorted(QUERIES.glob("*.sql")):
            sql = file.read_text(encoding="utf-8")
            table = table_of(sql)
            if table not in tables:
                continue
            query = athena.CfnNamedQuery(
                self,
                _title(file.stem),
                name=file.stem,
                description=purpose(sql),
                database=database.ref,
                work_group=workgroup.name,
                query_string=_PLACEHOLDER.sub(lambda found: known[found[1]], sql),
            )
            query.add_resource_dependency(workgroup)
            query.add_resource_dependency(tables[table])

    def _workgroup(
        self, watched: Watched, *, buckets: AuditBuckets, audit_key: kms.IKey
    ) -> athena.CfnWorkGroup:
        group = athena.CfnWorkGroup
        return group(
            self,
            "WorkGroup",
            name=names.audit_workgroup(watched.settings),
            description="Questions to the trail's files.",
            state="ENABLED",
            # Else the history of its queries would keep the workgroup from being deleted.
            recursive_delete_option=True,
            work_group_configuration=group.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=MOST_BYTES_SCANNED,
                requester_pays_enabled=False,
                engine_version=group.EngineVersionProperty(selected_engine_version="Athena engine version 3"),
                result_configuration=group.ResultConfigurationProperty(
                    output_location=f"s3://{buckets.results.bucket_name}/",
                    expected_bucket_owner=cdk.Aws.ACCOUNT_ID,
                    encryption_configuration=group.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=audit_key.key_arn
                    ),
                ),
            ),
        )


def values(
    watched: Watched, *, buckets: AuditBuckets, records: dynamodb.ITable, objects: s3.IBucket
) -> Mapping[str, str]:
    """Give what the placeholders of the queries stand for."""
    return {
        "access_logs": buckets.access_logs.bucket_name,
        "archive": buckets.archive.bucket_name,
        "envelope_key_arn": watched.envelope_key.key_arn,
        "key_arns": ", ".join(f"'{key.key_arn}'" for key in watched.keys),
        "functions": "|".join(watched.functions),
        "objects": objects.bucket_name,
        "region": cdk.Aws.REGION,
        "roles": ", ".join(f"'{role}'" for role in (*watched.roles, *watched.clients)),
        "role_arns": ", ".join(f"'{arn}'" for arn in watched.role_arns),
        "stacks": watched.stacks,
        "table_arns": f"'{records.table_arn}', '{watched.key_store.table_arn}'",
        "trail": watched.trail,
        "trail_arn": watched.arn("cloudtrail", f"trail/{watched.trail}"),
    }


def table_of(sql: str) -> str:
    """Say which table a query reads."""
    (table,) = _FROM.findall(sql)
    return str(table)


def purpose(sql: str) -> str:
    """Give the comment that a query begins with: what it answers, and its parameters in order."""
    lines = sql.splitlines()
    return " ".join(line.removeprefix("-- ") for line in lines if line.startswith("-- "))


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in re.split("[-_]", name))
