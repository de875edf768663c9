"""Settings of an environment: typed, frozen, validated. The only reader of cdk.json's `environments`.

Every wrong setting is refused with one sentence that names it, its value and what is allowed. What
production must have (`is_production`) is checked here, so that no stack needs to ask twice.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from aws_cdk.aws_logs import RetentionDays

PRODUCTION = "prod"
"""The environment whose data must survive mistakes."""

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
    logical_table
        Name that is bound into every record. Records of another name no longer verify: never change it.
    plaintext_attributes
        Attributes of a record that stay readable in the table: signed, not encrypted.
    decrypt_key_arns
        Further KMS keys that old records are wrapped under.
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
    """

    environment: str
    project: str
    prefix: str
    account: str | None
    region: str | None
    rotation_days: int
    deletion_window_days: int
    removal: Literal["retain", "destroy"]
    logical_table: str
    plaintext_attributes: tuple[str, ...]
    decrypt_key_arns: tuple[str, ...]
    log_retention_days: int
    throttle_rate: int
    throttle_burst: int
    function_memory_mb: int
    function_timeout_seconds: int
    reserved_concurrency: int | None
    api_account_role: bool

    @property
    def is_production(self) -> bool:
        """Whether this is the environment that must be protected."""
        return self.environment == PRODUCTION

    @property
    def retains_data(self) -> bool:
        """Whether data outlives its stack."""
        return self.removal == "retain"


class Rule(NamedTuple):
    """What a setting may be: the test, and its sentence for people."""

    accepts: Callable[[object], bool]
    allowed: str


def text(pattern: str, *, allowed: str) -> Rule:
    """Accept a string that matches as a whole."""
    return Rule(lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)), allowed)


def whole_number(low: int, high: int) -> Rule:
    """Accept an integer in a closed range; `true` is no number."""
    return Rule(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"a whole number from {low} to {high}",
    )


def one_of(*choices: object) -> Rule:
    """Accept the listed values."""
    listed = ", ".join(repr(choice) for choice in choices)
    return Rule(
        lambda value: value in choices and not isinstance(value, bool),
        f"one of {listed}",
    )


def true_or_false() -> Rule:
    """Accept JSON's two truth values, and no number or text that stands for one."""
    return Rule(lambda value: isinstance(value, bool), "true or false")


def optional(rule: Rule) -> Rule:
    """Accept null as well."""
    return Rule(lambda value: value is None or rule.accepts(value), f"null or {rule.allowed}")


def list_of(rule: Rule) -> Rule:
    """Accept a list without repetitions, each element by `rule`."""
    return Rule(
        lambda value: (
            isinstance(value, list)
            and all(rule.accepts(element) for element in value)
            and len(set(value)) == len(value)
        ),
        f"a list without repetitions, each element {rule.allowed}",
    )


# The keys of a record, what the service adds to it and what the item format adds to it (aws_dbe_*) have
# fixed actions.
ATTRIBUTE = text(
    r"(?!aws_dbe_)(?!(tenant|record|revision|updated_at)$)[^,\s]{1,255}",
    allowed="an attribute's name: 1 to 255 characters without commas or white space, none of tenant, record, "
    "revision and updated_at, and not beginning with aws_dbe_",
)

RULES: Mapping[str, Rule] = {
    "project": text(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", allowed="1 to 128 letters, digits, '-', '_' and '.'"
    ),
    # The longest name that is made of it is a caller's policy: <prefix>-records-write, of 128 characters at
    # most; the shortest limit is a function's and a role's, 64.
    "prefix": text(
        r"[a-z][a-z0-9-]{1,38}[a-z0-9]",
        allowed="3 to 40 lower-case letters, digits and '-', a letter first and no '-' last",
    ),
    "account": optional(text(r"[0-9]{12}", allowed="an account's twelve digits, in quotes")),
    "region": optional(text(r"[a-z]{2,3}(-[a-z]+)+-[0-9]", allowed="a Region such as 'eu-central-1'")),
    "rotation_days": whole_number(90, 2560),
    "deletion_window_days": whole_number(7, 30),
    "removal": one_of("retain", "destroy"),
    "logical_table": text(r"[A-Za-z0-9_.-]{3,255}", allowed="3 to 255 letters, digits, '-', '_' and '.'"),
    "plaintext_attributes": list_of(ATTRIBUTE),
    "decrypt_key_arns": list_of(
        text(
            r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
            allowed="the full ARN of a KMS key (no alias)",
        )
    ),
    "log_retention_days": one_of(*LOG_RETENTION),
    "throttle_rate": whole_number(1, 10_000),
    "throttle_burst": whole_number(1, 5_000),
    "function_memory_mb": whole_number(128, 10_240),
    # API Gateway gives up after 29 seconds: a function that may run longer would write what its caller
    # never hears of.
    "function_timeout_seconds": whole_number(10, 28),
    "reserved_concurrency": optional(whole_number(1, 1000)),
    "api_account_role": true_or_false(),
}

PRODUCTION_RULES: Mapping[str, Rule] = {"deletion_window_days": one_of(30), "removal": one_of("retain")}


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
            _check(name, setting=setting, value=given[setting], rule=rule)
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
    """Checked values as `Settings`; JSON's lists become tuples, since the dataclass is frozen."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    values = dict.fromkeys(RULES) | values
    return Settings(environment=environment, **cast("dict[str, Any]", values))
