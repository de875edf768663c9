"""Who an access key belongs to: users of the emulator's IAM, sessions of its STS, an account's root.

The roots' keys are made here, since the emulator's IAM has none; nothing that is deployed uses them.
"""

import secrets
from datetime import UTC
from threading import Lock

from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends

from local.emulator import ACCOUNT
from local.signature import Caller

#: The key of the machine's operator: the CDK, and tests behind the service's back. Nothing limits it.
OPERATOR_KEY = "embedded"
#: The key of the machine itself, which reads what is deployed in order to serve it. It leaves no record, and
#: nobody outside of this process knows it.
MACHINE_KEY = f"machine-{secrets.token_hex(16)}"
_PARTITION = "aws"
_ROOTS: dict[str, Caller] = {}
_LOCK = Lock()


def find(access_key_id: str) -> Caller | None:
    """Return the owner of an access key id, or None if it is not known or not active."""
    return _session(access_key_id) or _user(access_key_id) or _ROOTS.get(access_key_id)


def find_session(access_key_id: str) -> AssumedRole | None:
    """Return the session of a role that an access key id belongs to."""
    for backends in list(sts_backends.values()):
        session = backends[_PARTITION].get_assumed_role_from_access_key(access_key_id)
        if session is not None:
            return session
    return None


def root_of(account: str = ACCOUNT) -> Caller:
    """Make an access key of an account's root, as an account has by default none and should keep it so."""
    caller = Caller(
        access_key_id=f"AKIA{secrets.token_hex(8).upper()}",
        secret_access_key=secrets.token_urlsafe(30),
        session_token=None,
        expires=None,
        arn=f"arn:aws:iam::{account}:root",
        unique_id=account,
        account=account,
    )
    with _LOCK:
        _ROOTS[caller.access_key_id] = caller
    return caller


def _session(access_key_id: str) -> Caller | None:
    session = find_session(access_key_id)
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
    for account, backends in list(iam_backends.items()):
        iam = backends[_PARTITION]
        key = iam.access_keys.get(access_key_id)
        if key is None or key.status != "Active" or key.user_name is None:
            continue
        user = iam.get_user(key.user_name)
        return Caller(
            access_key_id=access_key_id,
            secret_access_key=key.secret_access_key,
            session_token=None,
            expires=None,
            arn=user.arn,
            unique_id=user.id,
            account=account,
        )
    return None
