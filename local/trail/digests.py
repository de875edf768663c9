"""Digest files: signed lists of delivered files, each with its hash, chained to the digest before.

Source: CloudTrail User Guide, "CloudTrail digest file structure", "Custom implementations of CloudTrail log
file integrity validation". The key pair is this process's own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_KEY_BITS = 2048
_ALGORITHM = "SHA256withRSA"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file of records; the hash is of its text before it was compressed."""

    bucket: str
    key: str
    hash: str
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file: where it is, its text and its signature in hexadecimal digits."""

    bucket: str
    key: str
    text: bytes
    signature: str
    end: datetime

    @property
    def metadata(self) -> dict[str, str]:
        """What lies beside it in S3."""
        return {"signature": self.signature, "signature-algorithm": _ALGORITHM}


def make(
    files: Sequence[DeliveredFile],
    *,
    account: str,
    region: str,
    home: str,
    trail: str,
    bucket: str,
    begin: datetime,
    end: datetime,
    before: Digest | None,
) -> Digest:
    """Make the digest of the files that were delivered between two times.

    Parameters
    ----------
    region, home
        Of the files, and of the trail.
    before
        The digest that this one follows.
    """
    day = end.strftime("%Y/%m/%d")
    name = f"{account}_CloudTrail-Digest_{region}_{trail}_{home}_{end.strftime('%Y%m%dT%H%M%SZ')}.json.gz"
    key = f"AWSLogs/{account}/CloudTrail-Digest/{region}/{day}/{name}"
    content = {
        "awsAccountId": account,
        "digestStartTime": begin.strftime(_TIME),
        "digestEndTime": end.strftime(_TIME),
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "newestEventTime": max((file.newest for file in files), default=None),
        "oldestEventTime": min((file.oldest for file in files), default=None),
        **_previous(before),
        "digestPublicKeyFingerprint": public_key()["Fingerprint"],
        "digestSignatureAlgorithm": _ALGORITHM,
        "logFiles": [
            {
                "s3Bucket": file.bucket,
                "s3Object": file.key,
                "hashValue": file.hash,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": file.newest,
                "oldestEventTime": file.oldest,
            }
            for file in files
        ],
    }
    text = json.dumps(content).encode()
    signed = _to_sign(content, text=text)
    signature = _signing_key().sign(signed, padding.PKCS1v15(), hashes.SHA256()).hex()
    return Digest(bucket, key, text, signature, end)


def _previous(before: Digest | None) -> dict[str, Any]:
    return {
        "previousDigestS3Bucket": before.bucket if before else None,
        "previousDigestS3Object": before.key if before else None,
        "previousDigestHashValue": hashlib.sha256(before.text).hexdigest() if before else None,
        "previousDigestHashAlgorithm": "SHA-256" if before else None,
        "previousDigestSignature": before.signature if before else None,
    }


def _to_sign(content: Mapping[str, Any], *, text: bytes) -> bytes:
    """Return what is signed: end time, place, hash and the signature before, each on its line."""
    lines = (
        content["digestEndTime"],
        f"{content['digestS3Bucket']}/{content['digestS3Object']}",
        hashlib.sha256(text).hexdigest(),
        content["previousDigestSignature"] or "null",
    )
    return "\n".join(lines).encode()


def public_key() -> dict[str, Any]:
    """Return the public key as ListPublicKeys does: DER of PKCS #1, and its fingerprint."""
    encoded = (
        _signing_key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    )
    fingerprint = hashlib.md5(encoded, usedforsecurity=False).hexdigest()
    return {
        "Value": encoded,
        "Fingerprint": fingerprint,
        "ValidityStartTime": datetime(2020, 1, 1, tzinfo=UTC),
    }


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
