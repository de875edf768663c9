"""Settings of an environment: typed, frozen, validated. The only reader of cdk.json's `environments`.

Every wrong setting is refused with one sentence that names it, its value and what is allowed (the rules are
in settings_allowed.py). What production must have is checked here, so that no stack needs to ask twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import aws_cdk as cdk

from stacks.settings_allowed import (
    CONTRADICTIONS,
    PRODUCTION_CONTRADICTIONS,
    PRODUCTION_RULES,
    RULES,
)
from stacks.settings_rules import Rule

PRODUCTION = "prod"
"""The environment whose data must survive mistakes."""


class SettingsError(Exception):
    """A setting in cdk.json is wrong. The message is one sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What distinguishes one environment from another, by the names that cdk.json uses.

    Attributes
    ----------
    environment
        The name of the environment, part of every stack's name.
    project
        Value of the tag `project` on every resource.
    tags
        Names and values of further tags on every resource.
    prefix
        Starts every physical name; unique in an account.
    account, region
        Where to deploy; None: where the CLI's credentials point.
    rotation_days
        Period of the three keys' automatic rotation.
    deletion_window_days
        How long a deleted key can still be recovered.
    removal
        What becomes of keys, tables and logs when their stack is deleted.
    termination_protection
        Whether a stack refuses to be deleted until the protection is taken off.
    permissions_boundary_arn
        The IAM policy that bounds every role; None: no boundary.
    logical_table
        Name that is bound into every record. Records of another name no longer verify: never change it.
    plaintext_attributes
        Attributes of a record that stay readable in the table: signed, not encrypted.
    decrypt_key_arns
        Further KMS keys that old records and branch keys are wrapped under.
    key_strategy
        What the data keys of new records are wrapped under: KMS, one call per `record`, or the branch key of
        their `tenant`. Both are read at all times.
    writer_keeps_branch_keys
        Whether the writer may use branch keys in the strategy `record` as well: for the deployment that
        changes back, while writers of the strategy `tenant` still run.
    tenant_sessions
        Whether a function works in a session of its request's tenant, which IAM holds to that tenant.
    tenant_sessions_changing
        Whether functions and sessions both have the rights: for the deployment that changes
        `tenant_sessions`.
    tenant_session_entries
        How many tenants' sessions a function keeps at most.
    logical_key_store
        Name that is bound into every branch key. One of another name no longer opens: never change it.
    branch_key_arn
        The KMS key that branch keys are wrapped under; None: the envelope key.
    branch_key_cache_seconds, branch_key_cache_entries
        How long a function keeps a branch key that it opened, and how many at most.
    branch_key_rotation_days
        The age from which the schedule rotates a branch key; None: nobody does but an operator.
    key_store_recovery_days
        How far back the key store can be restored, and so how long what was shredded can be brought back.
    key_store_backup_days
        How long AWS Backup keeps the daily copies of the key store; None: it makes none.
    object_old_version_days
        How long a version of an object stays that was replaced or deleted.
    maintenance_result_days
        How long the results of a run of re-encryption stay.
    reencryption_schedule
        When a run begins by itself; None: when an operator starts one.
    reencryption_schedule_read_units, reencryption_schedule_write_units
        Units of the table that such a run takes in a second at most; None: no limit.
    log_retention_days
        For the functions' logs and the access log.
    throttle_rate, throttle_burst
        Requests per second that the API accepts, and how many may come at once.
    function_memory_mb, function_timeout_seconds
        Of each function.
    reserved_concurrency
        Of each function; None: no reservation (a new account's quota allows none).
    api_account_role
        Whether this deployment sets the role by which API Gateway writes logs: one per account and Region.
    api_vpc_endpoints
        Interface endpoints of API Gateway; if there are any, the API is private and answers only these.
    api_allowed_cidrs
        Networks that the API answers; if there are none, IAM alone decides.
    waf
        Whether AWS WAF stands before the API.
    waf_rate_limit
        Requests that AWS WAF accepts from one address in five minutes.
    vpc_cidr
        The network that the functions run in; None: they run in Lambda's own.
    code_signing_profile_arn, signed_package
        The version of a signing profile that must have signed the functions' code, and where the signed
        package is (`s3://bucket/key`); None: code is not checked.
    backup_retention_days
        How long AWS Backup keeps the daily copies of the records table; None: it makes none.
    backup_vault_lock
        Whether copies can be deleted before their time: by a few (`GOVERNANCE`) or by nobody (`COMPLIANCE`).
    trail
        Whether this deployment records management events (`own`), or another trail of the account does
        (`organization`) and only what that lacks is recorded here.
    organization_trail_archive
        Where the files of that other trail are (`s3://bucket/prefix`, up to before `/CloudTrail/`).
    archive_lock, archive_retention_days
        How the trail's files are locked (Object Lock's modes), and for how long.
    alarm_subscribers
        E-mail addresses and `https://` addresses that alarms are sent to.
    """

    environment: str
    project: str
    tags: tuple[tuple[str, str], ...]
    prefix: str
    account: str | None
    region: str | None
    rotation_days: int
    deletion_window_days: int
    removal: Literal["retain", "destroy"]
    termination_protection: bool
    permissions_boundary_arn: str | None
    logical_table: str
    plaintext_attributes: tuple[str, ...]
    decrypt_key_arns: tuple[str, ...]
    key_strategy: Literal["record", "tenant"]
    writer_keeps_branch_keys: bool
    tenant_sessions: bool
    tenant_sessions_changing: bool
    tenant_session_entries: int
    logical_key_store: str
    branch_key_arn: str | None
    branch_key_cache_seconds: int
    branch_key_cache_entries: int
    branch_key_rotation_days: int | None
    key_store_recovery_days: int
    key_store_backup_days: int | None
    object_old_version_days: int
    maintenance_result_days: int
    reencryption_schedule: str | None
    reencryption_schedule_read_units: int | None
    reencryption_schedule_write_units: int | None
    log_retention_days: int
    throttle_rate: int
    throttle_burst: int
    function_memory_mb: int
    function_timeout_seconds: int
    reserved_concurrency: int | None
    api_account_role: bool
    api_vpc_endpoints: tuple[str, ...]
    api_allowed_cidrs: tuple[str, ...]
    waf: bool
    waf_rate_limit: int
    vpc_cidr: str | None
    code_signing_profile_arn: str | None
    signed_package: str | None
    backup_retention_days: int | None
    backup_vault_lock: Literal["none", "GOVERNANCE", "COMPLIANCE"]
    trail: Literal["own", "organization"]
    organization_trail_archive: str | None
    archive_lock: Literal["GOVERNANCE", "COMPLIANCE"]
    archive_retention_days: int
    alarm_subscribers: tuple[str, ...]

    @property
    def is_production(self) -> bool:
        """Whether this is the environment that must be protected."""
        return self.environment == PRODUCTION

    @property
    def writer_uses_branch_keys(self) -> bool:
        """Whether the writer may open the active branch keys."""
        return self.key_strategy == "tenant" or self.writer_keeps_branch_keys

    @property
    def functions_hold_rights(self) -> bool:
        """Whether the functions' own roles may use keys and tables."""
        return not self.tenant_sessions or self.tenant_sessions_changing

    @property
    def sessions_hold_rights(self) -> bool:
        """Whether there are roles for sessions of one tenant."""
        return self.tenant_sessions or self.tenant_sessions_changing

    @property
    def has_schedules(self) -> bool:
        """Whether anything happens by itself."""
        return self.branch_key_rotation_days is not None or self.reencryption_schedule is not None

    @property
    def retains_data(self) -> bool:
        """Whether data outlives its stack."""
        return self.removal == "retain"

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What CloudFormation does with a resource that holds data or keys."""
        return cdk.RemovalPolicy.RETAIN if self.retains_data else cdk.RemovalPolicy.DESTROY


def load(environments: object, *, env: object) -> Settings:
    """Read and check the settings of one environment.

    Parameters
    ----------
    environments
        `context.environments` of cdk.json: an object per environment, a value per setting.
    env
        The name of the one that is wanted.

    Raises
    ------
    SettingsError
        For the first thing that is wrong.
    """
    name, given = _environment(environments, env=env)
    for setting in given:
        if setting not in RULES:
            raise SettingsError(
                f"cdk.json: environments.{name} has the unknown setting {setting!r}; "
                f"allowed are {', '.join(RULES)}."
            )
    for setting, rule in RULES.items():
        # jsii drops null from JSON, so a setting that may be null may be absent.
        if setting not in given and not rule.accepts(None):
            raise SettingsError(
                f"cdk.json: environments.{name}.{setting} is missing; it must be {rule.allowed}."
            )
        _check(name, setting=setting, value=given.get(setting), rule=rule)
    if name == PRODUCTION:
        for setting, rule in PRODUCTION_RULES.items():
            _check(name, setting=setting, value=given.get(setting), rule=rule)
    complete = {**dict.fromkeys(RULES), **given}
    for contradicts, sentence in (
        *CONTRADICTIONS,
        *(PRODUCTION_CONTRADICTIONS if name == PRODUCTION else ()),
    ):
        if contradicts(complete):
            raise SettingsError(f"cdk.json: in environments.{name}, {sentence.format_map(complete)}.")
    return _typed(name, given=given)


def _environment(environments: object, *, env: object) -> tuple[str, Mapping[str, object]]:
    if not isinstance(environments, dict) or not environments:
        raise SettingsError(
            "cdk.json: context.environments is not an object; it must hold one object per environment."
        )
    if not isinstance(env, str) or env not in environments:
        raise SettingsError(
            f"env is {env!r}; allowed are the environments of cdk.json: {', '.join(environments)}."
        )
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", env):
        raise SettingsError(
            f"cdk.json: the environment's name {env!r} becomes part of stack names; "
            "it must be 1 to 16 lower-case letters and digits, a letter first."
        )
    given = environments[env]
    if not isinstance(given, dict):
        raise SettingsError(f"cdk.json: environments.{env} is {given!r}; it must be an object of settings.")
    return env, given


def _check(environment: str, *, setting: str, value: object, rule: Rule) -> None:
    if not rule.accepts(value):
        where = (
            " in production" if environment == PRODUCTION and rule is PRODUCTION_RULES.get(setting) else ""
        )
        raise SettingsError(
            f"cdk.json: environments.{environment}.{setting} is {value!r}; it must be {rule.allowed}{where}."
        )


def _typed(environment: str, *, given: Mapping[str, object]) -> Settings:
    """Checked values as `Settings`; JSON's lists and objects become tuples, since the dataclass is frozen."""
    values = {name: _frozen(value) for name, value in given.items()}
    values = dict.fromkeys(RULES) | values
    return Settings(environment=environment, **cast("dict[str, Any]", values))


def _frozen(value: object) -> object:
    match value:
        case list():
            return tuple(value)
        case dict():
            return tuple(value.items())
        case _:
            return value
