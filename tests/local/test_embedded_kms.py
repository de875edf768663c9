"""KMS in the embedded AWS: what the record format relies on behaves as in AWS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.additions.kms import encryption_context_bytes
from local.embedded import EmbeddedAws


@pytest.fixture
def kms(aws: EmbeddedAws) -> Any:
    return aws.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_data_key_opens_under_its_own_context(kms: Any, key: str) -> None:
    sealed = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "b", "c": "d"})
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"c": "d", "a": "b"})
    assert opened["Plaintext"] == sealed["Plaintext"]
    assert opened["KeyId"] == key


@pytest.mark.parametrize("other", [{"ab": ""}, {"": "ab"}, {"a": "b", "c": ""}, {"a": "B"}, {}])
def test_a_data_key_does_not_open_under_another_context(kms: Any, key: str, other: dict[str, str]) -> None:
    sealed = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "b"})
    code = refusal(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=other)
    assert code == "InvalidCiphertextException"


def test_contexts_that_concatenate_alike_serialize_differently() -> None:
    assert encryption_context_bytes({"a": "b"}) != encryption_context_bytes({"ab": ""})
    assert encryption_context_bytes({"a": '","b":"'}) != encryption_context_bytes({"a": "", "b": ""})


def test_naming_another_key_on_decrypt_is_an_incorrect_key(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    assert refusal(kms.decrypt, CiphertextBlob=sealed, KeyId=other) == "IncorrectKeyException"
    assert kms.decrypt(CiphertextBlob=sealed, KeyId=key)["KeyId"] == key


def test_bytes_that_no_key_sealed_are_an_invalid_ciphertext(kms: Any, key: str) -> None:
    assert refusal(kms.decrypt, CiphertextBlob=b"\xff" * 80, KeyId=key) == "InvalidCiphertextException"


def test_a_disabled_key_does_no_cryptography_until_it_is_enabled(kms: Any, key: str) -> None:
    sealed = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert refusal(kms.decrypt, CiphertextBlob=sealed) == "DisabledException"
    assert refusal(kms.generate_data_key, KeyId=key, KeySpec="AES_256") == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=sealed)["KeyId"] == key


def test_a_key_that_awaits_deletion_does_no_cryptography(kms: Any, key: str) -> None:
    sealed = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert refusal(kms.decrypt, CiphertextBlob=sealed) == "KMSInvalidStateException"
    assert refusal(kms.encrypt, KeyId=key, Plaintext=b"x") == "KMSInvalidStateException"


def test_the_deployed_envelope_key_can_be_read_back(aws: EmbeddedAws, kms: Any) -> None:
    arn = aws.outputs["EnvelopeKeyArn"]
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"
    rotation = kms.get_key_rotation_status(KeyId=arn)
    assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 365)
    statements = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow", "Deny"}


def test_kms_calls_are_counted_by_operation(aws: EmbeddedAws, kms: Any, key: str) -> None:
    before = aws.kms_calls().get("GenerateDataKey", 0)
    kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert aws.kms_calls()["GenerateDataKey"] == before + 1
    assert aws.requests("kms")[-1].operation == "GenerateDataKey"


def wrapped(kms: Any, key: str) -> bytes:
    answer = kms.generate_data_key_without_plaintext(
        KeyId=key, NumberOfBytes=32, EncryptionContext={"a": "b"}
    )
    assert "Plaintext" not in answer
    assert answer["KeyId"] == key
    blob: bytes = answer["CiphertextBlob"]
    return blob


@pytest.fixture
def other(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def test_re_encrypting_moves_a_key_to_another_key_and_context(kms: Any, key: str, other: str) -> None:
    blob = wrapped(kms, key)
    moved = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId=key,
        SourceEncryptionContext={"a": "b"},
        DestinationKeyId=other,
        DestinationEncryptionContext={"c": "d"},
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, other)
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"c": "d"}, KeyId=other)
    assert opened["Plaintext"] == kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"]
    new = {"CiphertextBlob": moved["CiphertextBlob"]}
    assert refusal(kms.decrypt, **new, EncryptionContext={"a": "b"}) == "InvalidCiphertextException"


def test_re_encrypting_answers_with_full_arns_whatever_named_the_keys(kms: Any, key: str, other: str) -> None:
    kms.create_alias(AliasName="alias/source", TargetKeyId=key)
    kms.create_alias(AliasName="alias/destination", TargetKeyId=other)
    moved = kms.re_encrypt(
        CiphertextBlob=wrapped(kms, key),
        SourceKeyId="alias/source",
        SourceEncryptionContext={"a": "b"},
        DestinationKeyId="alias/destination",
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, other)
    kms.delete_alias(AliasName="alias/source")
    kms.delete_alias(AliasName="alias/destination")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"SourceKeyId": "other"}, "IncorrectKeyException"),
        ({"SourceKeyId": "absent"}, "NotFoundException"),
        ({"DestinationKeyId": "absent"}, "NotFoundException"),
        ({"SourceEncryptionContext": {"a": "c"}}, "InvalidCiphertextException"),
        ({"SourceEncryptionContext": {"ab": ""}}, "InvalidCiphertextException"),
        ({"CiphertextBlob": b"\xff" * 96}, "InvalidCiphertextException"),
    ],
)
def test_re_encrypting_with_another_key_or_context_is_refused(
    kms: Any, key: str, other: str, change: dict[str, Any], code: str
) -> None:
    keys = {"other": other, "absent": key[:-12] + "000000000000"}
    asked = {
        "CiphertextBlob": wrapped(kms, key),
        "SourceKeyId": key,
        "SourceEncryptionContext": {"a": "b"},
        "DestinationKeyId": other,
        **{
            name: keys.get(value, value) if isinstance(value, str) else value
            for name, value in change.items()
        },
    }
    assert refusal(kms.re_encrypt, **asked) == code


@pytest.mark.parametrize("which", ["source", "destination"])
def test_re_encrypting_needs_both_keys_enabled(kms: Any, key: str, other: str, which: str) -> None:
    asked = {
        "CiphertextBlob": wrapped(kms, key),
        "SourceEncryptionContext": {"a": "b"},
        "DestinationKeyId": other,
    }
    unusable = key if which == "source" else other
    kms.disable_key(KeyId=unusable)
    assert refusal(kms.re_encrypt, **asked) == "DisabledException"
    kms.schedule_key_deletion(KeyId=unusable, PendingWindowInDays=7)
    assert refusal(kms.re_encrypt, **asked) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=unusable)
    kms.enable_key(KeyId=unusable)
    assert kms.re_encrypt(**asked)["KeyId"] == other


def test_a_key_that_is_off_makes_no_data_key_without_plaintext(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    call = kms.generate_data_key_without_plaintext
    assert refusal(call, KeyId=key, NumberOfBytes=32) == "DisabledException"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert refusal(call, KeyId=key, NumberOfBytes=32) == "KMSInvalidStateException"
