"""ECDSA signatures: a key pair per item or message, whose public half is stored in the encryption context.

They prove nothing about who wrote the item, since anyone may make a key pair; but someone who can only unwrap
keys cannot alter an item and keep its key pair. Suite 6701, ECDSA P-384 with SHA-384.
Source: ESDK specification, framework/algorithm-suites.md and default-cmm.md.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import SignatureError

PUBLIC_KEY_CONTEXT_KEY = "aws-crypto-public-key"
PUBLIC_KEY_TEXT_LENGTH = 68  # 49 bytes of a compressed point, in base64
# DER signatures over P-384 have 102 to 104 bytes; AWS's readers take exactly 103 off the end of the footer.
SIGNATURE_LENGTH = 103
_ALGORITHM = ec.ECDSA(Prehashed(hashes.SHA384()))
# Order of the base point of P-384 (NIST SP 800-186, 3.2.1.4).
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


class SigningKey:
    """A fresh key pair for one item, or one message."""

    def __init__(self) -> None:
        self._private_key = ec.derive_private_key(_private_value(), ec.SECP384R1())

    def public_key_text(self) -> str:
        """Return the public key as the encryption context holds it: the compressed point in base64."""
        point = self._private_key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return base64.b64encode(point).decode("ascii")

    def sign(self, message: bytes) -> bytes:
        """Return a DER signature of exactly 103 bytes."""
        return self.sign_digest(hashlib.sha384(message).digest())

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the signature of what has this SHA-384; about every second attempt has 103 bytes."""
        while True:
            signature = self._private_key.sign(digest, _ALGORITHM)
            if len(signature) == SIGNATURE_LENGTH:
                return signature


def _private_value() -> int:
    """Return a number from 1 to the order of P-384 less 1, from the operating system's randomness.

    OpenSSL's own generator keeps its state in memory, which a snapshot of a process clones. 64 bits more than
    the order has make the remainder's bias negligible (FIPS 186-5, A.2.1, "Extra Random Bits").
    """
    return int.from_bytes(os.urandom(56), "big") % (_ORDER - 1) + 1


def verify_signature(signature: bytes, *, message: bytes, public_key_text: str) -> None:
    """Raise SignatureError unless the signature is one of `message` under the stored public key."""
    digest = hashlib.sha384(message).digest()
    verify_signed_digest(signature, digest=digest, public_key_text=public_key_text)


def verify_signed_digest(signature: bytes, *, digest: bytes, public_key_text: str) -> None:
    """Raise SignatureError unless the signature is one of what has this SHA-384.

    OpenSSL refuses any DER but the one canonical encoding of the two integers.
    """
    try:
        point = base64.b64decode(public_key_text, validate=True)
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
        public_key.verify(signature, digest, _ALGORITHM)
    except ValueError as error:
        raise SignatureError("the stored public key is not a point of P-384 in base64") from error
    except InvalidSignature as error:
        raise SignatureError("the signature in the footer does not verify") from error
