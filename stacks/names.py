"""Physical names that one stack gives and another's policy must know before the resource exists.

Where only one stack uses a name, it stands there.
"""

import aws_cdk as cdk

from stacks.settings import Settings


def audit_workgroup(settings: Settings) -> str:
    """Name Athena's workgroup of the audit, which `sealed audit` asks."""
    return f"{settings.prefix}-audit"


def trail(settings: Settings) -> str:
    """Name the trail. Fixed, so that key and bucket policies can name its ARN."""
    return f"{settings.prefix}-trail"


def topic(settings: Settings) -> str:
    """Name the topic of the alarms."""
    return f"{settings.prefix}-alarms"


def key_topic(settings: Settings) -> str:
    """Name the second topic, for alarms about the key that the first one lies under."""
    return f"{settings.prefix}-alarms-of-keys"


def trail_log_group(settings: Settings) -> str:
    """Name the log group that the trail writes to."""
    return f"/aws/cloudtrail/{trail(settings)}"


def management_events_log_group(settings: Settings) -> str:
    """Name the log group that EventBridge fills where another trail has the management events."""
    return f"/aws/events/{settings.prefix}-management-events"


def firewall_log_group(settings: Settings) -> str:
    """Name the firewall's log group; AWS WAF takes only names that begin so."""
    return f"aws-waf-logs-{settings.prefix}"


def flow_log_group(settings: Settings) -> str:
    """Name the log group of the VPC's flow logs."""
    return f"/aws/vpc/{settings.prefix}-flow-logs"


def api_log_group(settings: Settings) -> str:
    """Name the log group of the API's access log."""
    return f"/aws/apigateway/{settings.prefix}-api"


def function(settings: Settings, name: str) -> str:
    """Name a function by its duty."""
    return f"{settings.prefix}-{name}"


def schedule_group(settings: Settings) -> str:
    """Name the group of the schedules."""
    return f"{settings.prefix}-maintenance"


def title(duty: str) -> str:
    """Write a duty as a part of constructs' ids: `tenant-admin` is `TenantAdmin`."""
    return "".join(part.capitalize() for part in duty.split("-"))


def function_log_group(settings: Settings, name: str) -> str:
    """Name the log group of a function."""
    return f"/aws/lambda/{function(settings, name)}"


def vault(settings: Settings) -> str:
    """Name the vault of the records table's copies."""
    return f"{settings.prefix}-records"


def key_store_vault(settings: Settings) -> str:
    """Name the vault of the key store's copies."""
    return f"{settings.prefix}-key-store"


def records(settings: Settings) -> str:
    """Name the table of records."""
    return f"{settings.prefix}-records"


def objects_bucket(settings: Settings) -> str:
    """Name the bucket of objects.

    Names of buckets are unique in the world: the account makes it so, since a prefix is unique in an account.
    The Region would be too much: with the longest prefix this has 61 of the 63 characters that S3 takes.
    """
    return f"{settings.prefix}-objects-{cdk.Aws.ACCOUNT_ID}"


def runs_bucket(settings: Settings) -> str:
    """Name the bucket of the runs of re-encryption."""
    return f"{settings.prefix}-runs-{cdk.Aws.ACCOUNT_ID}"


def reencryption(settings: Settings) -> str:
    """Name the state machine of re-encryption."""
    return f"{settings.prefix}-reencryption"


def reencryption_log_group(settings: Settings) -> str:
    """Name the machine's log group. Vended logs go to groups that begin so without filling a policy up."""
    return f"/aws/vendedlogs/states/{reencryption(settings)}"


def role(settings: Settings, duty: str) -> str:
    """Name the role of a duty."""
    return f"{settings.prefix}-{duty}"


#: How the names of sessions' roles end.
SESSIONS = "-session"


def session_duty(duty: str) -> str:
    """Name the duty for one tenant at a time."""
    return f"{duty}{SESSIONS}"


def session_role(settings: Settings, duty: str) -> str:
    """Name the role of a duty's sessions."""
    return role(settings, session_duty(duty))


def key_store(settings: Settings) -> str:
    """Name the table of branch keys."""
    return f"{settings.prefix}-key-store"
