"""Derived keys and the serialized context: known answers, and the same values by another route."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

from envelope import ConfigurationError
from envelope.derivation import branch_wrapping_key, field_keys, hkdf_sha512
from envelope.encryption_context import serialize, serialize_pairs

_KEY = bytes(range(32))


def test_hkdf_without_salt_extracts_with_zeros_and_expands_once() -> None:
    extracted = hmac.digest(bytes(hashlib.sha512().digest_size), _KEY, "sha512")
    assert hkdf_sha512(_KEY, b"purpose") == hmac.digest(extracted, b"purpose\x01", "sha512")[:32]


def test_branch_wrapping_key_is_kbkdf_in_counter_mode() -> None:
    salt = bytes(range(16))
    expected = KBKDFHMAC(
        algorithm=hashes.SHA256(),
        mode=Mode.CounterMode,
        length=32,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=b"aws-kms-hierarchy",
        context=salt,
        fixed=None,
    ).derive(_KEY)
    assert branch_wrapping_key(_KEY, salt) == expected


def test_field_key_starts_at_three_times_its_ordinal_in_the_counter() -> None:
    """Each field's key on its own, as the specification describes it."""
    for ordinal, (key, nonce) in enumerate(field_keys(_KEY, 100)):
        block = b"AwsDbeField" + b"\x2c" + (3 * ordinal).to_bytes(4, "big")
        alone = Cipher(algorithms.AES256(_KEY), modes.CTR(block)).encryptor().update(bytes(44))
        assert (key, nonce) == (alone[:32], alone[32:])


def test_no_encrypted_field_needs_no_key() -> None:
    assert field_keys(_KEY, 0) == []


def test_context_is_sorted_by_utf_8_bytes() -> None:
    assert serialize_pairs({"b": "1", "aé": "", "a": "é"}) == bytes.fromhex(
        "0003 0001 61 0002 c3a9 0003 61c3a9 0000 0001 62 0001 31"
    )


def test_empty_context_is_nothing_as_additional_data_and_a_count_in_the_header() -> None:
    assert serialize({}) == b""
    assert serialize_pairs({}) == b"\x00\x00"


def test_context_up_to_its_limit_is_accepted() -> None:
    assert len(serialize({"k": "v" * (65_533 - 7)})) == 65_533
    with pytest.raises(ConfigurationError, match="65533 are allowed"):
        serialize({"k": "v" * (65_533 - 6)})
    with pytest.raises(ConfigurationError, match="exceeds 65,535 bytes"):
        serialize({"k": "v" * 65_536})
