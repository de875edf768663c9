"""Whose credentials the commands use: botocore's own chain, and what to do where it ends with none."""

from botocore.credentials import Credentials
from botocore.session import Session

from client.awsfailures import told
from client.problems import DeniedError


def open_session(profile: str | None) -> Session:
    """Return a session of a profile, or of the environment.

    Raises
    ------
    UsageError
        There is no such profile.
    """
    session = Session(profile=profile)
    with told("credentials"):
        # Otherwise it would be told as credentials that are missing.
        session.get_scoped_config()
    return session


def credentials_of(session: Session) -> Credentials:
    """Return the credentials that the environment, a profile or the machine's role gives.

    Raises
    ------
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
