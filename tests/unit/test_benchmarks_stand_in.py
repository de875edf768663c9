"""KMS's stand-in of the benchmarks refuses what KMS refuses, and counts."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from benchmarks.peers.ours import Ours
from benchmarks.peers.stand_in import KEY_ARN, AwsStandIn

_OTHER_ARN = KEY_ARN.replace("12345678", "87654321")
_CONTEXT = {"tenant": "acme"}


@pytest.fixture(scope="module")
def aws() -> AwsStandIn:
    return AwsStandIn()


@pytest.fixture(scope="module")
def kms(aws: AwsStandIn) -> Any:
    return aws.client("kms")


def _generate(kms: Any) -> Any:
    return kms.generate_data_key(KeyId=KEY_ARN, NumberOfBytes=32, EncryptionContext=_CONTEXT)


def test_a_data_key_is_opened_with_its_context(kms: Any) -> None:
    made = _generate(kms)
    assert (len(made["Plaintext"]), len(made["CiphertextBlob"]), made["KeyId"]) == (32, 184, KEY_ARN)
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=_CONTEXT)
    assert (opened["Plaintext"], opened["KeyId"]) == (made["Plaintext"], KEY_ARN)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"EncryptionContext": {"tenant": "other"}}, "InvalidCiphertextException"),
        ({"EncryptionContext": {}}, "InvalidCiphertextException"),
        ({"KeyId": _OTHER_ARN}, "IncorrectKeyException"),
        ({"KeyId": _OTHER_ARN, "EncryptionContext": {}}, "IncorrectKeyException"),
    ],
)
def test_what_does_not_belong_together_is_refused(kms: Any, changed: dict[str, Any], code: str) -> None:
    given = {
        "KeyId": KEY_ARN,
        "CiphertextBlob": _generate(kms)["CiphertextBlob"],
        "EncryptionContext": _CONTEXT,
    }
    with pytest.raises(ClientError) as failure:
        kms.decrypt(**{**given, **changed})
    assert failure.value.response["Error"]["Code"] == code


def test_a_ciphertext_whose_key_was_exchanged_does_not_open(kms: Any) -> None:
    blob = _generate(kms)["CiphertextBlob"].replace(KEY_ARN.encode(), _OTHER_ARN.encode())
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(KeyId=_OTHER_ARN, CiphertextBlob=blob, EncryptionContext=_CONTEXT)


def test_what_is_wrapped_anew_opens_in_the_new_context_only(kms: Any) -> None:
    made = kms.generate_data_key_without_plaintext(
        KeyId=KEY_ARN, NumberOfBytes=32, EncryptionContext=_CONTEXT
    )
    assert "Plaintext" not in made
    moved = kms.re_encrypt(
        CiphertextBlob=made["CiphertextBlob"],
        SourceEncryptionContext=_CONTEXT,
        DestinationKeyId=_OTHER_ARN,
        DestinationEncryptionContext={"tenant": "b"},
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (KEY_ARN, _OTHER_ARN)
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"tenant": "b"})
    assert len(opened["Plaintext"]) == 32
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext=_CONTEXT)


def test_a_given_plaintext_is_wrapped(kms: Any) -> None:
    wrapped = kms.encrypt(KeyId=KEY_ARN, Plaintext=b"key")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=wrapped)["Plaintext"] == b"key"


def test_every_call_is_counted(aws: AwsStandIn, kms: Any) -> None:
    before = aws.kms_calls()
    kms.decrypt(CiphertextBlob=_generate(kms)["CiphertextBlob"], EncryptionContext=_CONTEXT)
    assert aws.kms_calls() - before == 2


def test_requests_are_validated_as_with_aws(kms: Any) -> None:
    with pytest.raises(ParamValidationError):
        kms.generate_data_key(KeyId=KEY_ARN, NumberOfBytes="32")


def test_contenders_of_ours_call_kms_as_often_as_they_say() -> None:
    aws = AwsStandIn()
    ours = Ours(aws)
    contenders = ours.messages(b"text", {"a": "b"})
    calls = {}
    for contender in contenders:
        before = aws.kms_calls()
        stored = contender.encrypt()
        between = aws.kms_calls()
        contender.decrypt(stored)
        # The first use of a version of a branch key fetches it.
        contender.decrypt(stored)
        calls[contender.key] = (between - before, aws.kms_calls() - between)
    assert calls == {
        "one key for all": (0, 0),
        "branch key, cached": (0, 1),
        "KMS data key": (1, 2),
        "local key": (0, 0),
    }
    assert aws.table.calls == {"TransactWriteItems": 1, "GetItem": 2}
