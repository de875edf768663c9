"""Derived keys and the serialized context: known answers, and the same values by another route."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

from envelope import ConfigurationError
from envelope.derivation import (
    branch_wrapping_key,
    derive_from_data_key,
    field_keys,
    hkdf_expand,
    hkdf_extract,
)
from envelope.encryption_context import SerializedContext, serialize, serialize_pairs

_KEY = bytes(range(32))


def test_hkdf_without_salt_extracts_with_zeros_and_expands_once() -> None:
    extracted = hmac.digest(bytes(hashlib.sha512().digest_size), _KEY, "sha512")
    assert (
        hkdf_expand(hkdf_extract(_KEY), b"purpose") == hmac.digest(extracted, b"purpose\x01", "sha512")[:32]
    )


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


@pytest.mark.parametrize(
    ("key", "salt", "info", "extracted", "first_32_bytes"),
    [
        pytest.param(
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
            id="A.1",
        ),
        pytest.param(
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
            id="A.2",
        ),
        pytest.param(
            "0b" * 22,
            "",
            "",
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
            id="A.3",
        ),
    ],
)
def test_hkdf_gives_the_answers_of_rfc_5869(
    key: str, salt: str, info: str, extracted: str, first_32_bytes: str
) -> None:
    """The RFC's cases with SHA-256. Its keys are longer: asked for here is how they begin."""
    got = hkdf_extract(bytes.fromhex(key), salt=bytes.fromhex(salt), hash_name="sha256")
    assert got.hex() == extracted
    assert hkdf_expand(got, bytes.fromhex(info), hash_name="sha256").hex() == first_32_bytes


@pytest.mark.parametrize("salt", [None, b"", bytes(range(32)), bytes(range(200))])
@pytest.mark.parametrize("info", [b"", b"COMMITKEY", bytes(300)])
def test_hkdf_is_that_of_the_cryptography_library(salt: bytes | None, info: bytes) -> None:
    extracted = hkdf_extract(_KEY) if salt is None else hkdf_extract(_KEY, salt=salt)
    expected = HKDF(hashes.SHA512(), length=32, salt=salt, info=info).derive(_KEY)
    assert hkdf_expand(extracted, info) == expected


def test_an_items_derived_keys_differ_by_their_labels() -> None:
    message_id = bytes(range(32, 64))
    derived = derive_from_data_key(_KEY, message_id=message_id)
    assert derived.commit_key == hkdf_expand(hkdf_extract(_KEY), b"AWS_DBE_COMMIT_KEY" + message_id)
    assert derived.field_root_key == hkdf_expand(hkdf_extract(_KEY), b"AWS_DBE_DERIVE_KEY" + message_id)
    assert repr(derived) == "DerivedKeys()"


def test_a_serialized_context_is_its_pairs_and_cannot_change() -> None:
    given = {"b": "1", "a": "é"}
    context = SerializedContext(given)
    given["b"] = "2"
    assert context == {"b": "1", "a": "é"}
    assert dict(context) == {**context} == dict(context.items())
    assert (list(context), len(context), context["a"], context.get("c")) == (["b", "a"], 2, "é", None)
    assert context.keys() == {"a", "b"}
    assert (repr(context), str(context)) == (repr(dict(context)), str(dict(context)))
    assert context.pairs == serialize(context) == serialize(dict(context)) == serialize_pairs(dict(context))
    assert serialize(SerializedContext({})) == b""
    assert SerializedContext({}).pairs == b"\x00\x00"
    with pytest.raises(TypeError):
        context["b"] = "2"  # type: ignore[index]
    with pytest.raises(AttributeError):
        context.pairs = b""  # type: ignore[misc]
    with pytest.raises(ConfigurationError, match="65533 are allowed"):
        SerializedContext({"k": "v" * (65_533 - 6)})
