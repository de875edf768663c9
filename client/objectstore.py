"""The objects of one tenant: a session of the role object-client, and the calls of S3 and KMS made in it.

The role's session carries the tenant as a tag, and everything it may do hangs on that tag. It lasts an hour
at most, so it is begun anew while a long transfer runs.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from client.awsfailures import told
from client.credentials import credentials_of
from client.deploymentoutputs import check_bucket, check_form, check_given
from client.problems import UsageError
from envelope import KmsKeyring

_BUCKET, _ROLE, _KEY = "SEALED_OBJECTS_BUCKET", "SEALED_OBJECT_ROLE_ARN", "SEALED_ENVELOPE_KEY_ARN"
_OLD_KEYS = "SEALED_DECRYPT_KEY_ARNS"
_OUTPUTS = {_BUCKET: "ObjectsBucketName", _ROLE: "ObjectClientRoleArn", _KEY: "EnvelopeKeyArn"}
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}")
_SESSION_SECONDS = 3600
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """What the stacks' outputs say.

    Parameters
    ----------
    bucket
        Name of the objects bucket.
    role_arn
        ARN of the role object-client.
    key_arn
        Full ARN of the envelope key.
    old_key_arns
        Further keys that stored objects may be wrapped under.
    """

    bucket: str
    role_arn: str
    key_arn: str
    old_key_arns: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The account of the deployment, as the role's ARN names it."""
        return self.role_arn.split(":")[4]


def settings_from(environment: Mapping[str, str]) -> ObjectSettings:
    """Read the settings from environment variables; raises UsageError naming what is missing or wrong."""
    check_given(environment, _OUTPUTS, place="the stacks' outputs")
    check_form(environment, _ROLE, _ROLE_ARN, what="ARN of a role", output=_OUTPUTS[_ROLE])
    check_bucket(environment, _BUCKET, output=_OUTPUTS[_BUCKET])
    old = environment.get(_OLD_KEYS, "").replace(",", " ").split()
    return ObjectSettings(environment[_BUCKET], environment[_ROLE], environment[_KEY], tuple(old))


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """What a command works with, in a session for one tenant.

    Parameters
    ----------
    s3
        A client of S3.
    bucket, account
        The objects bucket, and the id of the account that owns it.
    key_arn
        The envelope key.
    keyring
        Wraps and unwraps data keys by the envelope key.
    """

    s3: Any
    bucket: str
    account: str
    key_arn: str
    keyring: KmsKeyring

    @property
    def at(self) -> dict[str, str]:
        """What every call names: the bucket, and whose it must be. Anybody may take a name that is free."""
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self.account}

    def has(self, key: str) -> bool:
        """Tell whether there is an object of this key.

        By a listing: whoever may list its own prefix alone is told 403, not 404, of an object that is absent.
        """
        found = self.s3.list_objects_v2(**self.at, Prefix=key, MaxKeys=1)
        return any(entry["Key"] == key for entry in found.get("Contents", ()))


def open_store(
    settings: ObjectSettings,
    *,
    tenant: str,
    region: str | None,
    profile: str | None,
    timeout: float,
    connections: int = 1,
) -> ObjectStore:
    """Begin a session of the role for a tenant.

    Parameters
    ----------
    settings
        Of the deployment.
    tenant
        Becomes the session's tag; the role's trust takes it only from a caller with the same tag.
    region, profile
        As the options of the command give them.
    timeout
        Seconds to wait for an answer.
    connections
        How many calls of S3 are made at once.
    """
    with told("credentials"):
        own = Session(profile=profile)
        _set_region(own, region, of=settings.key_arn)
        credentials_of(own)
        provider = _TenantSession(own, role_arn=settings.role_arn, tenant=tenant)
        with told(f"the role for tenant {tenant} (your own credentials must carry the tag tenant={tenant})"):
            provider.begin()
        session = Session(profile=profile)
        _set_region(session, region, of=settings.key_arn)
        session.register_component("credential_provider", CredentialResolver([provider]))
        config = Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=connections + 1,
            # Messages authenticate themselves; what is uploaded is checked by its parts' checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        s3 = _client(session, "s3", config=config)
        kms = _client(session, "kms", config=config)
    with told(f"{_KEY} or {_OLD_KEYS}"):
        keyring = KmsKeyring(kms, settings.key_arn, decrypt_key_arns=settings.old_key_arns)
    return ObjectStore(s3, settings.bucket, settings.account, settings.key_arn, keyring)


def _set_region(session: Session, region: str | None, *, of: str) -> None:
    """Choose the Region: as asked for, as the environment says, or the key's own."""
    chosen = region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    in_arn = of.split(":")[3] if of.count(":") >= 5 else None
    session.set_config_variable("region", chosen or in_arn or "us-east-1")


def _client(session: Session, service: str, *, config: Config | None = None) -> Any:  # noqa: ANN401
    try:
        return session.create_client(service, config=config)
    except BotoCoreError:
        raise
    except ValueError as error:
        raise UsageError(f"AWS_ENDPOINT_URL, or what the profile has in its place: {error}") from None


class _TenantSession(CredentialProvider):
    """Assumes the role with the tenant as tag, and again before the session ends."""

    METHOD = "sealed-object-client"

    def __init__(self, session: Session, *, role_arn: str, tenant: str) -> None:
        super().__init__(session)
        self._sts = _client(session, "sts")
        self._role_arn = role_arn
        self._tenant = tenant
        self._credentials: RefreshableCredentials | None = None

    def begin(self) -> None:
        """Assume the role for the first time, so that a refusal is told before anything else is done."""
        self._credentials = RefreshableCredentials.create_from_metadata(
            metadata=self._assumed(), refresh_using=self._assumed, method=self.METHOD
        )

    def load(self) -> RefreshableCredentials | None:
        return self._credentials

    def _assumed(self) -> dict[str, str]:
        answer = self._sts.assume_role(
            RoleArn=self._role_arn,
            RoleSessionName=f"sealed-{self._tenant}"[:64],
            Tags=[{"Key": "tenant", "Value": self._tenant}],
            DurationSeconds=_SESSION_SECONDS,
        )["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }
