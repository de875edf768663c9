"""What a function is told by its environment: names and key ARNs, never a secret.

Read once when the container starts, so that a function deployed with a wrong setting fails at its first start
and says which setting is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.names import name_refusal

_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")


class ConfigurationError(Exception):
    """The function's environment lacks a setting, or a setting has a form that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of one function.

    Parameters
    ----------
    records_table
        Physical name of the records table.
    logical_table
        The name that is bound into every record. It outlives the physical table.
    envelope_key_arn
        The KMS key that wraps the data keys of new records.
    decrypt_key_arns
        Further keys that older records may be wrapped under.
    plaintext_attributes
        Attributes that stay readable in the table; they are signed, not encrypted.
    cursor_key
        Binds a page's cursor to its tenant and prefix. Not a secret: the key condition confines a page to its
        tenant.
    """

    records_table: str
    logical_table: str
    envelope_key_arn: str
    decrypt_key_arns: tuple[str, ...]
    plaintext_attributes: tuple[str, ...]
    cursor_key: bytes


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
    return Configuration(
        records_table=_required(environment, "RECORDS_TABLE"),
        logical_table=_required(environment, "LOGICAL_TABLE"),
        envelope_key_arn=_key_arn(_required(environment, "ENVELOPE_KEY_ARN"), setting="ENVELOPE_KEY_ARN"),
        decrypt_key_arns=tuple(
            _key_arn(arn, setting="DECRYPT_KEY_ARNS") for arn in _listed(environment, "DECRYPT_KEY_ARNS")
        ),
        plaintext_attributes=tuple(
            _attribute_name(name, setting="PLAINTEXT_ATTRIBUTES")
            for name in _listed(environment, "PLAINTEXT_ATTRIBUTES")
        ),
        cursor_key=_required(environment, "CURSOR_KEY").encode(),
    )


def _required(environment: Mapping[str, str], setting: str) -> str:
    value = environment.get(setting, "").strip()
    if not value:
        raise ConfigurationError(f"The environment variable {setting} is not set. The service stack sets it.")
    return value


def _listed(environment: Mapping[str, str], setting: str) -> list[str]:
    return [part.strip() for part in environment.get(setting, "").split(",") if part.strip()]


def _key_arn(value: str, *, setting: str) -> str:
    # An alias could be moved to another key: on decrypt only full key ARNs are trusted.
    if not _KEY_ARN.fullmatch(value):
        raise ConfigurationError(
            f"{setting} must hold full KMS key ARNs (arn:aws:kms:...:key/...), not {value!r}."
        )
    return value


def _attribute_name(value: str, *, setting: str) -> str:
    refusal = name_refusal(value, top_level=True)
    if refusal is not None:
        raise ConfigurationError(f"{setting} names {value!r}: this name {refusal.because}.")
    return value
