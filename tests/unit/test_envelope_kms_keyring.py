"""The KMS keyring against botocore's own client, with the answers of KMS played back by its Stubber."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber

from envelope import ConfigurationError, DataKeyError, EncryptedDataKey, KeyServiceError, KmsKeyring

_KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_OLD_ARN = "arn:aws:kms:eu-west-1:111122223333:key/00000000-12ab-34cd-56ef-1234567890ab"
_FOREIGN_ARN = "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_MRK_HERE = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
_MRK_THERE = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
_CONTEXT = {"tenant": "a"}
_KEY = b"k" * 32


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "kms", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture
def kms(client: Any) -> Iterator[Stubber]:
    """Plays answers back, and fails the test where a call or a parameter differs from what it names."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _entry(arn: str = _KEY_ARN, *, ciphertext: bytes = b"wrapped") -> EncryptedDataKey:
    return EncryptedDataKey("aws-kms", arn.encode(), ciphertext)


def _expect_decrypt(kms: Stubber, *, arn: str = _KEY_ARN, answer: dict[str, Any] | None = None) -> None:
    kms.add_response(
        "decrypt",
        {"KeyId": arn, "Plaintext": _KEY} | (answer or {}),
        {"KeyId": arn, "CiphertextBlob": b"wrapped", "EncryptionContext": _CONTEXT},
    )


def test_generate_asks_kms_once_for_32_bytes_under_the_whole_context(client: Any, kms: Stubber) -> None:
    kms.add_response(
        "generate_data_key",
        {"KeyId": _KEY_ARN, "Plaintext": _KEY, "CiphertextBlob": b"wrapped"},
        {"KeyId": _KEY_ARN, "NumberOfBytes": 32, "EncryptionContext": _CONTEXT},
    )
    assert KmsKeyring(client, _KEY_ARN).generate(_CONTEXT) == (_KEY, _entry())


@pytest.mark.parametrize("wrong", [{"KeyId": _OLD_ARN}, {"Plaintext": b"k" * 31}, {"Plaintext": b"k" * 33}])
def test_generate_refuses_an_answer_with_another_key_or_length(
    client: Any, kms: Stubber, wrong: dict[str, Any]
) -> None:
    answer = {"KeyId": _KEY_ARN, "Plaintext": _KEY, "CiphertextBlob": b"wrapped"} | wrong
    kms.add_response("generate_data_key", answer)
    with pytest.raises(KeyServiceError, match="another key or length"):
        KmsKeyring(client, _KEY_ARN).generate(_CONTEXT)


def test_unwrap_asks_kms_once_with_the_key_arn_and_the_context(client: Any, kms: Stubber) -> None:
    _expect_decrypt(kms)
    assert KmsKeyring(client, _KEY_ARN).unwrap([_entry()], _CONTEXT) == _KEY


def test_unwrap_uses_further_configured_keys_for_old_records(client: Any, kms: Stubber) -> None:
    _expect_decrypt(kms, arn=_OLD_ARN)
    keyring = KmsKeyring(client, _KEY_ARN, decrypt_key_arns=[_OLD_ARN])
    assert keyring.unwrap([_entry(_OLD_ARN)], _CONTEXT) == _KEY


@pytest.mark.parametrize(
    "entry",
    [
        _entry(_OLD_ARN),
        _entry(_FOREIGN_ARN),
        _entry(_KEY_ARN + "x"),
        _entry("arn:aws:kms:eu-west-1:111122223333:alias/records"),
        _entry(_KEY_ARN.replace("eu-west-1", "us-east-1")),
        EncryptedDataKey("aws-kms", b"\xff\xfe", b"wrapped"),
        EncryptedDataKey("aws-kms-hierarchy", _KEY_ARN.encode(), b"wrapped"),
        EncryptedDataKey("tests", _KEY_ARN.encode(), b"wrapped"),
        _entry(ciphertext=b""),
        _entry(ciphertext=b"x" * 6145),
    ],
)
def test_unwrap_refuses_entries_of_other_keys_without_a_call(
    client: Any, kms: Stubber, entry: EncryptedDataKey
) -> None:
    with pytest.raises(DataKeyError):
        KmsKeyring(client, _KEY_ARN).unwrap([entry], _CONTEXT)


def test_unwrap_uses_the_configured_replica_of_a_multi_region_key(client: Any, kms: Stubber) -> None:
    _expect_decrypt(kms, arn=_MRK_HERE)
    assert KmsKeyring(client, _MRK_HERE).unwrap([_entry(_MRK_THERE)], _CONTEXT) == _KEY


def test_unwrap_refuses_a_multi_region_key_of_another_account(client: Any, kms: Stubber) -> None:
    foreign = _MRK_THERE.replace("111122223333", "999999999999")
    with pytest.raises(DataKeyError):
        KmsKeyring(client, _MRK_HERE).unwrap([_entry(foreign)], _CONTEXT)


@pytest.mark.parametrize("wrong", [{"KeyId": _OLD_ARN}, {"Plaintext": b"k" * 31}, {"Plaintext": b"k" * 33}])
def test_unwrap_refuses_an_answer_with_another_key_or_length(
    client: Any, kms: Stubber, wrong: dict[str, Any]
) -> None:
    _expect_decrypt(kms, answer=wrong)
    with pytest.raises(DataKeyError):
        KmsKeyring(client, _KEY_ARN).unwrap([_entry()], _CONTEXT)


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_unwrap_reports_what_kms_does_not_authenticate_as_an_integrity_failure(
    client: Any, kms: Stubber, code: str
) -> None:
    kms.add_client_error("decrypt", code)
    with pytest.raises(DataKeyError) as refused:
        KmsKeyring(client, _KEY_ARN).unwrap([_entry()], _CONTEXT)
    (cause,) = refused.value.causes
    assert isinstance(cause, ClientError)
    assert code in str(refused.value)


_SERVICE_FAILURES = [
    "AccessDeniedException",
    "DisabledException",
    "KMSInvalidStateException",
    "NotFoundException",
    "ThrottlingException",
    "KMSInternalException",
    "DependencyTimeoutException",
]


@pytest.mark.parametrize("code", _SERVICE_FAILURES)
def test_failures_of_kms_are_told_from_broken_items(client: Any, kms: Stubber, code: str) -> None:
    kms.add_client_error("decrypt", code)
    kms.add_client_error("generate_data_key", code)
    keyring = KmsKeyring(client, _KEY_ARN)
    for call in (lambda: keyring.unwrap([_entry()], _CONTEXT), lambda: keyring.generate(_CONTEXT)):
        with pytest.raises(KeyServiceError) as failed:
            call()
        (cause,) = failed.value.causes
        assert isinstance(cause, ClientError)
        assert cause.response["Error"]["Code"] == code


class _Broken:
    """A client whose every call fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def generate_data_key(self, **_request: Any) -> dict[str, Any]:
        raise self._error

    def decrypt(self, **_request: Any) -> dict[str, Any]:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://kms"),
        ReadTimeoutError(endpoint_url="https://kms"),
        NoCredentialsError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_unreachable_kms_is_a_failure_of_the_key_service(error: Exception) -> None:
    keyring = KmsKeyring(_Broken(error), _KEY_ARN)
    for call in (lambda: keyring.unwrap([_entry()], _CONTEXT), lambda: keyring.generate(_CONTEXT)):
        with pytest.raises(KeyServiceError) as failed:
            call()
        assert failed.value.causes == (error,)


def test_mistakes_of_a_program_are_not_disguised_as_failures_of_kms() -> None:
    keyring = KmsKeyring(_Broken(TypeError("a mistake")), _KEY_ARN)
    with pytest.raises(TypeError):
        keyring.unwrap([_entry()], _CONTEXT)
    with pytest.raises(TypeError):
        keyring.generate(_CONTEXT)


def test_unwrap_tries_the_next_entry_after_one_that_fails(client: Any, kms: Stubber) -> None:
    kms.add_client_error("decrypt", "InvalidCiphertextException")
    _expect_decrypt(kms)
    assert KmsKeyring(client, _KEY_ARN).unwrap([_entry(ciphertext=b"other"), _entry()], _CONTEXT) == _KEY


def test_one_failure_of_kms_outweighs_entries_that_do_not_authenticate(client: Any, kms: Stubber) -> None:
    kms.add_client_error("decrypt", "InvalidCiphertextException")
    kms.add_client_error("decrypt", "ThrottlingException")
    with pytest.raises(KeyServiceError) as failed:
        KmsKeyring(client, _KEY_ARN).unwrap([_entry(), _entry(_FOREIGN_ARN), _entry()], _CONTEXT)
    assert len(failed.value.causes) == 3


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "alias/records",
        "arn:aws:kms:eu-west-1:111122223333:alias/records",
        "arn:aws:kms:eu-west-1:111122223333:key/",
        "arn:aws:kms:eu-west-1:111122223333:key/*",
        "arn:aws:kms::111122223333:key/1234",
        "arn:aws:kms:eu-west-1:1111:key/1234",
        "arn:aws:s3:eu-west-1:111122223333:key/1234",
        _KEY_ARN + "\n",
        " " + _KEY_ARN,
    ],
)
def test_only_full_key_arns_can_be_configured(client: Any, arn: str) -> None:
    with pytest.raises(ConfigurationError, match="not a full KMS key ARN"):
        KmsKeyring(client, arn)
    with pytest.raises(ConfigurationError, match="not a full KMS key ARN"):
        KmsKeyring(client, _KEY_ARN, decrypt_key_arns=[arn])
