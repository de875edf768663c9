"""Credentials and signatures: botocore's own chain, and its Signature Version 4 for API Gateway."""

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from client.awsfailures import told
from client.credentials import credentials_of

_SERVICE = "execute-api"


class Signer:
    """Signs requests for one Region. Safe to share between threads; credentials refresh themselves."""

    def __init__(self, credentials: Credentials, *, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def signed(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return `headers` with those of the signature. `url` must be encoded as it will be sent."""
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        with told("credentials"):
            frozen = self._credentials.get_frozen_credentials()
            SigV4Auth(frozen, _SERVICE, self._region).add_auth(request)
        return {name: str(value) for name, value in request.headers.items()}


def signer_for(*, region: str, profile: str | None) -> Signer:
    """Return a signer with the credentials that the environment, a profile or the machine's role gives."""
    return Signer(credentials_of(Session(profile=profile)), region=region)
