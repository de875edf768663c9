"""S3: an upload is known under its own key alone; moto finds it by its id, whatever object is named.

Who may write one object could otherwise add to, list, end or take away the upload of another.
Source: S3 API Reference, "UploadPart", "Error codes": NoSuchUpload.
"""

from typing import Any
from urllib.parse import parse_qs, urlparse

from moto.s3.exceptions import NoSuchUpload
from moto.s3.responses import S3Response

from local.additions.s3_ownership import find_bucket


def install() -> None:
    """Refuse requests that name an upload beside another key than it was begun for."""
    original = S3Response._key_response

    def _key_response(self: S3Response, request: Any, full_url: str) -> Any:  # noqa: ANN401 - moto's own
        bucket = find_bucket(self.parse_bucket_name_from_url(request, full_url) or "")
        # As moto reads it.
        for upload_id in parse_qs(urlparse(full_url).query).get("uploadId", ())[:1]:
            upload = None if bucket is None else bucket.multiparts.get(upload_id)
            if upload is None or upload.key_name != self.parse_key_name():
                raise NoSuchUpload(upload_id=upload_id)
        return original(self, request, full_url)

    S3Response._key_response = _key_response  # type: ignore[method-assign]
