"""S3: whose a bucket is, and requests that say whose they expect it to be; moto has no ear for that.

Source: S3 User Guide, "Verifying bucket ownership with bucket owner condition".
"""

from typing import Any
from urllib.parse import unquote

from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response

EXPECTED = "x-amz-expected-bucket-owner"
EXPECTED_OF_SOURCE = "x-amz-source-expected-bucket-owner"
_SOURCE = "x-amz-copy-source"


def owner_of(bucket: str) -> str | None:
    """Return the account whose bucket it is, or None if there is no such bucket."""
    _, account = s3_backends.bucket_accounts.get(bucket, (None, None))
    return account


def find_bucket(bucket: str) -> FakeBucket | None:
    """Return the bucket of this name, in whichever account it is."""
    account = owner_of(bucket)
    return None if account is None else s3_backends[account]["aws"].buckets.get(bucket)


def install() -> None:
    """Refuse requests on buckets and on objects that expect another owner than the bucket has."""
    on_bucket, on_object = S3Response._bucket_response, S3Response._key_response

    def _bucket_response(self: S3Response, request: Any, full_url: str) -> Any:  # noqa: ANN401 - moto's own
        _check(request.headers, self.parse_bucket_name_from_url(request, full_url) or "")
        return on_bucket(self, request, full_url)

    def _key_response(self: S3Response, request: Any, full_url: str) -> Any:  # noqa: ANN401
        _check(request.headers, self.parse_bucket_name_from_url(request, full_url) or "")
        return on_object(self, request, full_url)

    S3Response._bucket_response = _bucket_response  # type: ignore[method-assign]
    S3Response._key_response = _key_response  # type: ignore[method-assign]


def _check(headers: Any, bucket: str) -> None:  # noqa: ANN401 - of the request, whatever their case
    """Compare the owners that the request names, if any, with those of its bucket and of a copy's source.

    Raises
    ------
    S3AccessDeniedError
        One of them is another. Of a bucket that does not exist moto says so itself.
    """
    source = unquote(headers.get(_SOURCE, "")).lstrip("/").partition("/")[0]
    for named, expected in ((bucket, headers.get(EXPECTED)), (source, headers.get(EXPECTED_OF_SOURCE))):
        if expected is not None and owner_of(named) not in (None, expected):
            raise S3AccessDeniedError
