"""What a function is told by its environment: names and key ARNs, never a secret.

Read once when the container starts, so that a function deployed with a wrong setting fails at its first start
and says which setting is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from service.names import name_refusal

ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+")
KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")

_LONGEST_CACHING_SECONDS = 3_600
_MOST_CACHE_ENTRIES = 100_000
_LONGEST_RECOVERY_DAYS = _LONGEST_BACKUP_DAYS = 35
_LONGEST_ROTATION_DAYS = 3_650
_MOST_SESSIONS = 10_000


class ConfigurationError(Exception):
    """The function's environment lacks a setting, or a setting has a form that cannot be meant."""


class KeyStrategy(Enum):
    """What the data keys of new records are wrapped under. Records of both strategies are always read."""

    RECORD = "record"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchKeyConfiguration:
    """The settings of branch keys.

    Parameters
    ----------
    table
        Physical name of the key store's table.
    logical_name
        The name that is bound into every branch key. It outlives the physical table.
    key_arn
        The KMS key that new branch keys are wrapped under: the deployed key.
    further_key_arns
        Further keys that older branch keys may be wrapped under.
    cache_seconds, cache_entries
        How long, and how many, opened branch keys stay in a container's memory.
    recovery_days, backup_days
        How long the key store can be brought back to an earlier time, and how long its copies are kept.
    rotation_days
        The age at which a scheduled run rotates a branch key.
    """

    table: str
    logical_name: str
    key_arn: str
    further_key_arns: tuple[str, ...]
    cache_seconds: int
    cache_entries: int
    recovery_days: int | None
    backup_days: int | None
    rotation_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfiguration:
    """The settings of sessions of one tenant each.

    Parameters
    ----------
    role_arn
        The role that they have.
    entries
        How many stay in a container's memory.
    """

    role_arn: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings of one function.

    Parameters
    ----------
    records_table
        Physical name of the records table.
    logical_table
        The name that is bound into every record. It outlives the physical table.
    envelope_key_arn
        The KMS key that wraps the data keys of new records in strategy `record`.
    decrypt_key_arns
        Further keys that older records may be wrapped under.
    plaintext_attributes
        Attributes that stay readable in the table; they are signed, not encrypted.
    cursor_key
        Binds a page's cursor to its tenant and prefix. Not a secret: the key condition confines a page to its
        tenant.
    key_strategy
        What new records are wrapped under.
    branch_keys
        Where branch keys are kept.
    sessions
        How sessions of one tenant are begun; None: the function works with its own role.
    """

    records_table: str
    logical_table: str
    envelope_key_arn: str
    decrypt_key_arns: tuple[str, ...]
    plaintext_attributes: tuple[str, ...]
    cursor_key: bytes
    key_strategy: KeyStrategy
    branch_keys: BranchKeyConfiguration
    sessions: SessionConfiguration | None


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """Read and check the settings.

    Parameters
    ----------
    environment
        Environment variables, as `os.environ`.

    Raises
    ------
    ConfigurationError
        When a setting is absent or has the wrong form. The message names it.
    """
    envelope_key_arn = _key_arn(required(environment, "ENVELOPE_KEY_ARN"), setting="ENVELOPE_KEY_ARN")
    decrypt_key_arns = tuple(
        _key_arn(arn, setting="DECRYPT_KEY_ARNS") for arn in _listed(environment, "DECRYPT_KEY_ARNS")
    )
    return Configuration(
        records_table=required(environment, "RECORDS_TABLE"),
        logical_table=required(environment, "LOGICAL_TABLE"),
        envelope_key_arn=envelope_key_arn,
        decrypt_key_arns=decrypt_key_arns,
        plaintext_attributes=tuple(
            _attribute_name(name, setting="PLAINTEXT_ATTRIBUTES")
            for name in _listed(environment, "PLAINTEXT_ATTRIBUTES")
        ),
        cursor_key=required(environment, "CURSOR_KEY").encode(),
        key_strategy=_strategy(required(environment, "KEY_STRATEGY"), setting="KEY_STRATEGY"),
        branch_keys=_branch_keys(environment, key_arns=(envelope_key_arn, *decrypt_key_arns)),
        sessions=_sessions(environment),
    )


def _branch_keys(environment: Mapping[str, str], *, key_arns: tuple[str, ...]) -> BranchKeyConfiguration:
    own = environment.get("BRANCH_KEY_ARN", "").strip()
    return BranchKeyConfiguration(
        table=required(environment, "KEY_STORE_TABLE"),
        logical_name=required(environment, "LOGICAL_KEY_STORE"),
        key_arn=_key_arn(own, setting="BRANCH_KEY_ARN") if own else key_arns[0],
        further_key_arns=key_arns,
        cache_seconds=_number(
            required(environment, "BRANCH_KEY_CACHE_SECONDS"),
            setting="BRANCH_KEY_CACHE_SECONDS",
            most=_LONGEST_CACHING_SECONDS,
        ),
        cache_entries=_number(
            required(environment, "BRANCH_KEY_CACHE_ENTRIES"),
            setting="BRANCH_KEY_CACHE_ENTRIES",
            most=_MOST_CACHE_ENTRIES,
        ),
        recovery_days=_optional_number(environment, "KEY_STORE_RECOVERY_DAYS", most=_LONGEST_RECOVERY_DAYS),
        backup_days=_optional_number(environment, "KEY_STORE_BACKUP_DAYS", most=_LONGEST_BACKUP_DAYS),
        rotation_days=_optional_number(environment, "BRANCH_KEY_ROTATION_DAYS", most=_LONGEST_ROTATION_DAYS),
    )


def _sessions(environment: Mapping[str, str]) -> SessionConfiguration | None:
    role_arn = environment.get("SESSION_ROLE_ARN", "").strip()
    if not role_arn:
        return None
    if not ROLE_ARN.fullmatch(role_arn):
        raise ConfigurationError(
            f"SESSION_ROLE_ARN must hold a role's ARN (arn:aws:iam::...:role/...), not {role_arn!r}."
        )
    entries = required(environment, "TENANT_SESSION_ENTRIES")
    return SessionConfiguration(
        role_arn=role_arn,
        entries=_number(entries, setting="TENANT_SESSION_ENTRIES", most=_MOST_SESSIONS),
    )


def needed(value: int | None, *, setting: str) -> int:
    """Return a setting that some functions do without, in one that does not.

    Raises
    ------
    ConfigurationError
        When it is not set.
    """
    if value is None:
        raise ConfigurationError(f"The environment variable {setting} is not set. This function needs it.")
    return value


def required(environment: Mapping[str, str], setting: str) -> str:
    """Return a setting that every function needs that asks for it.

    Raises
    ------
    ConfigurationError
        When it is not set.
    """
    value = environment.get(setting, "").strip()
    if not value:
        raise ConfigurationError(f"The environment variable {setting} is not set. The service stack sets it.")
    return value


def _listed(environment: Mapping[str, str], setting: str) -> list[str]:
    return [part.strip() for part in environment.get(setting, "").split(",") if part.strip()]


def _key_arn(value: str, *, setting: str) -> str:
    # An alias could be moved to another key: on decrypt only full key ARNs are trusted.
    if not KEY_ARN.fullmatch(value):
        raise ConfigurationError(
            f"{setting} must hold full KMS key ARNs (arn:aws:kms:...:key/...), not {value!r}."
        )
    return value


def _strategy(value: str, *, setting: str) -> KeyStrategy:
    try:
        return KeyStrategy(value)
    except ValueError:
        known = " or ".join(strategy.value for strategy in KeyStrategy)
        raise ConfigurationError(f"{setting} must be {known}, not {value!r}.") from None


def _number(value: str, *, setting: str, most: int) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", value) or int(value) > most:
        raise ConfigurationError(f"{setting} must be a whole number from 1 to {most}, not {value!r}.")
    return int(value)


def _optional_number(environment: Mapping[str, str], setting: str, *, most: int) -> int | None:
    value = environment.get(setting, "").strip()
    return _number(value, setting=setting, most=most) if value else None


def _attribute_name(value: str, *, setting: str) -> str:
    refusal = name_refusal(value, top_level=True)
    if refusal is not None:
        raise ConfigurationError(f"{setting} names {value!r}: this name {refusal.because}.")
    return value
