"""What each setting may be, what production may not be without, and which settings contradict each other."""

from collections.abc import Callable, Mapping
from typing import Any

from aws_cdk.aws_logs import RetentionDays

from stacks.settings_rules import (
    Rule,
    list_of,
    network,
    one_of,
    optional,
    schedule,
    text,
    texts_by_name,
    true_or_false,
    whole_number,
)

LOG_RETENTION: Mapping[int, RetentionDays] = {
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    180: RetentionDays.SIX_MONTHS,
    365: RetentionDays.ONE_YEAR,
    731: RetentionDays.TWO_YEARS,
    1827: RetentionDays.FIVE_YEARS,
    3653: RetentionDays.TEN_YEARS,
}

# The keys of a record, what the service adds to it and what the item format adds to it (aws_dbe_*) have
# fixed actions.
ATTRIBUTE = text(
    r"(?!aws_dbe_)(?!(tenant|record|revision|updated_at)$)[^,\s]{1,255}",
    allowed="an attribute's name: 1 to 255 characters without commas or white space, none of tenant, record, "
    "revision and updated_at, and not beginning with aws_dbe_",
)

LOGICAL_NAME = text(r"[A-Za-z0-9_.-]{3,255}", allowed="3 to 255 letters, digits, '-', '_' and '.'")

KEY_ARN = text(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
    allowed="the full ARN of a KMS key (no alias)",
)

S3_PLACE = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=-]+"

RULES: Mapping[str, Rule] = {
    "project": text(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", allowed="1 to 128 letters, digits, '-', '_' and '.'"
    ),
    "tags": texts_by_name(
        # `project` and `environment` are ours; roles with a tag `tenant` would pass for sessions of one.
        text(
            r"(?!aws:)(?!(project|environment|[Tt][Ee][Nn][Aa][Nn][Tt])$)[A-Za-z0-9 _.:/=+@-]{1,128}",
            allowed="1 to 128 characters, none of project, environment and tenant",
        ),
        text(r"[A-Za-z0-9 _.:/=+@-]{0,256}", allowed="up to 256 characters"),
    ),
    # The longest name that is made of it is a caller's policy: <prefix>-records-write, of 128 characters at
    # most; the shortest limits are a bucket's, 63 (names.py), and a function's and a role's, 64.
    "prefix": text(
        r"[a-z][a-z0-9-]{1,38}[a-z0-9]",
        allowed="3 to 40 lower-case letters, digits and '-', a letter first and no '-' last",
    ),
    "account": optional(text(r"[0-9]{12}", allowed="an account's twelve digits, in quotes")),
    "region": optional(text(r"[a-z]{2,3}(-[a-z]+)+-[0-9]", allowed="a Region such as 'eu-central-1'")),
    "rotation_days": whole_number(90, 2560),
    "deletion_window_days": whole_number(7, 30),
    "removal": one_of("retain", "destroy"),
    "termination_protection": true_or_false(),
    "permissions_boundary_arn": optional(
        text(
            r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+", allowed="an IAM policy's ARN"
        )
    ),
    "logical_table": LOGICAL_NAME,
    "plaintext_attributes": list_of(ATTRIBUTE),
    "decrypt_key_arns": list_of(KEY_ARN),
    "key_strategy": one_of("record", "tenant"),
    "writer_keeps_branch_keys": true_or_false(),
    "tenant_sessions": true_or_false(),
    "tenant_sessions_changing": true_or_false(),
    # Each has connections of its own, and a function has 1,024 descriptors.
    "tenant_session_entries": whole_number(1, 300),
    "logical_key_store": LOGICAL_NAME,
    "branch_key_arn": optional(KEY_ARN),
    "branch_key_cache_seconds": whole_number(1, 3600),
    "branch_key_cache_entries": whole_number(1, 100_000),
    "branch_key_rotation_days": optional(whole_number(1, 3650)),
    "key_store_recovery_days": whole_number(1, 35),
    "key_store_backup_days": optional(whole_number(1, 35)),
    "object_old_version_days": whole_number(1, 3650),
    "maintenance_result_days": whole_number(30, 3650),
    "reencryption_schedule": optional(schedule()),
    "reencryption_schedule_read_units": optional(whole_number(1, 1_000_000)),
    "reencryption_schedule_write_units": optional(whole_number(1, 1_000_000)),
    "log_retention_days": one_of(*LOG_RETENTION),
    "throttle_rate": whole_number(1, 10_000),
    "throttle_burst": whole_number(1, 5_000),
    "function_memory_mb": whole_number(128, 10_240),
    # API Gateway gives up after 29 seconds: a function that may run longer would write what its caller
    # never hears of.
    "function_timeout_seconds": whole_number(10, 28),
    "reserved_concurrency": optional(whole_number(1, 1000)),
    "api_account_role": true_or_false(),
    "api_vpc_endpoints": list_of(
        text(r"vpce-[0-9a-f]{8,17}", allowed="an endpoint such as 'vpce-0123456789abcdef0'")
    ),
    "api_allowed_cidrs": list_of(
        network(
            allowed="a network such as '203.0.113.0/24', without host bits and not the whole internet",
            accepts=lambda given: given.prefixlen > 0,
        )
    ),
    "waf": true_or_false(),
    "waf_rate_limit": whole_number(10, 2_000_000),
    "vpc_cidr": optional(
        network(
            allowed="a private IPv4 network from /16 to /26, such as '10.20.0.0/24'",
            accepts=lambda given: given.version == 4 and given.is_private and 16 <= given.prefixlen <= 26,
        )
    ),
    "code_signing_profile_arn": optional(
        text(
            r"arn:aws[a-z-]*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[A-Za-z0-9_]{2,64}/[A-Za-z0-9]{10}",
            allowed="the ARN of a signing profile's version",
        )
    ),
    "signed_package": optional(text(S3_PLACE, allowed="an object's place, s3://bucket/key")),
    "backup_retention_days": optional(whole_number(1, 36_500)),
    "backup_vault_lock": one_of("none", "GOVERNANCE", "COMPLIANCE"),
    "trail": one_of("own", "organization"),
    "organization_trail_archive": optional(
        text(S3_PLACE, allowed="a place such as s3://bucket/AWSLogs/123456789012")
    ),
    "archive_lock": one_of("GOVERNANCE", "COMPLIANCE"),
    "archive_retention_days": whole_number(1, 3653),
    "alarm_subscribers": list_of(
        text(
            r"[^@\s]+@[^@\s.]+\.[^@\s]+|https://[^\s/]+(/\S*)?",
            allowed="an e-mail address or an https:// address",
        )
    ),
}

# What production may not be without.
PRODUCTION_RULES: Mapping[str, Rule] = {
    "archive_retention_days": whole_number(365, 3653),
    "backup_retention_days": whole_number(35, 36_500),
    "deletion_window_days": one_of(30),
    "log_retention_days": one_of(*(days for days in LOG_RETENTION if days >= 365)),
    "removal": one_of("retain"),
    "termination_protection": Rule(lambda value: value is True, "true"),
}

# Two clients of a tenant take half of one (make sessions); the rest is for their TLS connections.
MEGABYTES_OF_A_SESSION = 3

Given = Mapping[str, Any]
# What production may not have, beside single values.
PRODUCTION_CONTRADICTIONS: tuple[tuple[Callable[[Given], bool], str], ...] = (
    (
        lambda given: not given["tenant_sessions"] and not given["tenant_sessions_changing"],
        "tenant_sessions is false; in production IAM holds functions to one tenant at a time: set it to true",
    ),
)
# Settings that contradict each other: what must not be, and the sentence about it.
CONTRADICTIONS: tuple[tuple[Callable[[Given], bool], str], ...] = (
    (
        lambda given: bool(given["api_vpc_endpoints"]) and bool(given["api_allowed_cidrs"]),
        (
            "api_vpc_endpoints is {api_vpc_endpoints} and api_allowed_cidrs is {api_allowed_cidrs}; "
            "a private API has no public callers: "
            "leave one of them empty"
        ),
    ),
    (
        lambda given: (given["code_signing_profile_arn"] is None) != (given["signed_package"] is None),
        (
            "code_signing_profile_arn is {code_signing_profile_arn!r} and signed_package is "
            "{signed_package!r}; Lambda refuses code that is not signed: set both or neither"
        ),
    ),
    (
        lambda given: (
            given["backup_vault_lock"] != "none"
            and given["backup_retention_days"] is None
            and given["key_store_backup_days"] is None
        ),
        (
            "backup_vault_lock is {backup_vault_lock!r}, and backup_retention_days and key_store_backup_days "
            "are null; a lock needs copies: set days, or set the lock to 'none'"
        ),
    ),
    (
        lambda given: (
            given["branch_key_arn"] is not None
            and given["region"] is not None
            and given["branch_key_arn"].split(":")[3] != given["region"]
        ),
        (
            "branch_key_arn is {branch_key_arn!r} and region is {region!r}; "
            "KMS works in one Region: name a key of that Region"
        ),
    ),
    (
        lambda given: (
            given["tenant_sessions"]
            and given["tenant_session_entries"] * MEGABYTES_OF_A_SESSION > given["function_memory_mb"] - 128
        ),
        (
            "tenant_session_entries is {tenant_session_entries} and function_memory_mb is "
            "{function_memory_mb}; a session takes some 3 MB beside the 128 MB that a function begins with: "
            "set fewer entries, or more memory"
        ),
    ),
    (
        lambda given: (
            given["reencryption_schedule"] is None
            and (given["reencryption_schedule_read_units"] or given["reencryption_schedule_write_units"])
        ),
        (
            "reencryption_schedule is null, reencryption_schedule_read_units is "
            "{reencryption_schedule_read_units} and reencryption_schedule_write_units is "
            "{reencryption_schedule_write_units}; they limit runs that begin by themselves: "
            "set a schedule, or both to null"
        ),
    ),
    (
        lambda given: given["organization_trail_archive"] is not None and given["trail"] != "organization",
        (
            "organization_trail_archive is {organization_trail_archive!r} and trail is 'own'; "
            "set trail to 'organization', or the archive to null"
        ),
    ),
    (
        lambda given: given["removal"] == "destroy" and given["archive_lock"] == "COMPLIANCE",
        (
            "removal is 'destroy' and archive_lock is 'COMPLIANCE'; "
            "nobody can destroy what is locked so: "
            "set archive_lock to 'GOVERNANCE', or removal to 'retain'"
        ),
    ),
    (
        lambda given: given["removal"] == "destroy" and given["backup_vault_lock"] == "COMPLIANCE",
        (
            "removal is 'destroy' and backup_vault_lock is 'COMPLIANCE'; "
            "nobody can destroy what is locked so: "
            "set backup_vault_lock to 'GOVERNANCE' or 'none', or removal to 'retain'"
        ),
    ),
    (
        lambda given: given["removal"] == "destroy" and given["termination_protection"],
        "removal is 'destroy' and termination_protection is true; set one of them otherwise",
    ),
)
