"""The algorithm suites of messages: which are written, which are read, and how each derives its keys.

What must stay true: only suites whose header commits to the data key are written. The others are version 1 of
the format, and are read where the caller asks for that: without a commitment one message may be made that
decrypts to different texts under different keys.
Source: ESDK specification, framework/algorithm-suites.md.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .derivation import hkdf_expand, hkdf_extract
from .errors import MalformedMessageError
from .keyring import KEY_LENGTH

_COMMITTING_VERSION = 2


@dataclass(frozen=True, slots=True)
class Suite:
    """One algorithm suite; all of them encrypt with AES-256-GCM.

    Parameters
    ----------
    id
        As it stands in the header, two bytes.
    name
        As the specification calls it, without the parts that are the same for all.
    version
        1 or 2, of the message format.
    signed
        Whether a footer with an ECDSA signature (P-384, SHA-384) follows the body.

    Attributes
    ----------
    id_bytes
        The id as it is stored, and as it enters the derivation of keys.
    commits
        Whether a header commits to the data key.
    message_id_length
        Bytes of a message id.
    """

    id: int
    name: str
    version: int
    signed: bool
    id_bytes: bytes = field(init=False, repr=False)
    commits: bool = field(init=False, repr=False)
    message_id_length: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Once for each suite, not for each message. It is frozen, so they are set past its own __setattr__.
        commits = self.version == _COMMITTING_VERSION
        object.__setattr__(self, "id_bytes", self.id.to_bytes(2, "big"))
        object.__setattr__(self, "commits", commits)
        object.__setattr__(self, "message_id_length", 32 if commits else 16)


COMMITTING = Suite(0x0478, "HKDF_SHA512_COMMIT_KEY", version=2, signed=False)
COMMITTING_SIGNED = Suite(0x0578, "HKDF_SHA512_COMMIT_KEY_ECDSA_P384", version=2, signed=True)
# Of version 1, those with keys of 256 bits: keyrings hand out no others.
_WITHOUT_DERIVATION = Suite(0x0078, "NO_KDF", version=1, signed=False)
_DERIVED_SHA256 = Suite(0x0178, "HKDF_SHA256", version=1, signed=False)
_DERIVED_SHA384_SIGNED = Suite(0x0378, "HKDF_SHA384_ECDSA_P384", version=1, signed=True)
_SUITES = {
    suite.id: suite
    for suite in (
        COMMITTING,
        COMMITTING_SIGNED,
        _WITHOUT_DERIVATION,
        _DERIVED_SHA256,
        _DERIVED_SHA384_SIGNED,
    )
}
_HASHES: dict[Suite, hashes.HashAlgorithm] = {
    _DERIVED_SHA256: hashes.SHA256(),
    _DERIVED_SHA384_SIGNED: hashes.SHA384(),
}


@dataclass(slots=True)
class MessageKeys:
    """What is derived from a message's data key. The key is never shown by repr.

    Parameters
    ----------
    body_key
        Encrypts the body and authenticates the header; 32 bytes.
    commitment
        Stands in the header of version 2; 32 bytes, or none in version 1.
    """

    body_key: bytes = field(repr=False)
    commitment: bytes


def suite_of(version: int, suite_id: int) -> Suite:
    """Return the suite that a header names; raises MalformedMessageError for one that is not read."""
    suite = _SUITES.get(suite_id)
    if suite is None:
        known = ", ".join(f"{known:04x}" for known in _SUITES)
        raise MalformedMessageError(f"the algorithm suite {suite_id:04x} is not read here; {known} are")
    if suite.version != version:
        raise MalformedMessageError(f"the algorithm suite {suite_id:04x} is not one of version {version}")
    return suite


def derive_keys(suite: Suite, *, data_key: bytes, message_id: bytes) -> MessageKeys:
    """Return the keys of one message.

    In version 2 the message id is the salt, so one extraction serves both keys; in version 1 it is a part of
    what the one key is derived for.
    """
    if suite.commits:
        extracted = hkdf_extract(data_key, salt=message_id)
        return MessageKeys(
            hkdf_expand(extracted, suite.id_bytes + b"DERIVEKEY"),
            commitment=hkdf_expand(extracted, b"COMMITKEY"),
        )
    if suite not in _HASHES:
        return MessageKeys(data_key, commitment=b"")
    derivation = HKDF(_HASHES[suite], length=KEY_LENGTH, salt=None, info=suite.id_bytes + message_id)
    return MessageKeys(derivation.derive(data_key), commitment=b"")
