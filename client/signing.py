"""Credentials and signatures: botocore's own chain, and its Signature Version 4 for API Gateway."""

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from client.problems import DeniedError

_SERVICE = "execute-api"


class Signer:
    """Signs requests for one Region. Safe to share between threads; credentials refresh themselves."""

    def __init__(self, credentials: Credentials, *, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def signed(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return `headers` with those of the signature. `url` must be encoded as it will be sent."""
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        try:
            frozen = self._credentials.get_frozen_credentials()
            SigV4Auth(frozen, _SERVICE, self._region).add_auth(request)
        except BotoCoreError as error:
            raise DeniedError(f"the credentials could not be used: {error}") from error
        return {name: str(value) for name, value in request.headers.items()}


def signer_for(*, region: str, profile: str | None) -> Signer:
    """Return a signer with the credentials that the environment, a profile or the machine's role gives."""
    try:
        credentials = Session(profile=profile).get_credentials()
    except BotoCoreError as error:
        raise DeniedError(f"no usable credentials: {error}") from error
    if credentials is None:
        raise DeniedError(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile"
        )
    return Signer(credentials, region=region)
