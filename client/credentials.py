"""Whose credentials the commands use: botocore's own chain, and what to do where it ends with none."""

from botocore.credentials import Credentials
from botocore.session import Session

from client.awsfailures import told
from client.problems import DeniedError


def credentials_of(session: Session) -> Credentials:
    """Return the credentials that the environment, a profile or the machine's role gives.

    Raises
    ------
    UsageError
        There is no such profile.
    DeniedError
        None of them gives any, or they cannot be had.
    """
    with told("credentials"):
        credentials = session.get_credentials()
    if credentials is None:
        raise DeniedError(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
            "or give --profile"
        )
    return credentials
