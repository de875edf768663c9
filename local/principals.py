"""Who an access key belongs to: users of the emulator's IAM, sessions of its STS."""

from datetime import UTC

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.emulator import ACCOUNT
from local.signature import Caller

_PARTITION = "aws"


def find(access_key_id: str) -> Caller | None:
    """Return the owner of an access key id, or None if it is not known or not active."""
    return _session(access_key_id) or _user(access_key_id)


def _session(access_key_id: str) -> Caller | None:
    session = sts_backends[ACCOUNT][_PARTITION].get_assumed_role_from_access_key(access_key_id)
    if session is None:
        return None
    return Caller(
        access_key_id=access_key_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
        # moto's time has no zone; it is UTC.
        expires=session.expiration.replace(tzinfo=UTC),
        arn=session.arn,
        unique_id=session.user_id,
        account=session.account_id,
    )


def _user(access_key_id: str) -> Caller | None:
    iam = iam_backends[ACCOUNT][_PARTITION]
    key = iam.access_keys.get(access_key_id)
    if key is None or key.status != "Active" or key.user_name is None:
        return None
    user = iam.get_user(key.user_name)
    return Caller(
        access_key_id=access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=None,
        expires=None,
        arn=user.arn,
        unique_id=user.id,
        account=ACCOUNT,
    )
