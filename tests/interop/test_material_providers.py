"""Wrapped keys exchanged with AWS's own library, aws-cryptographic-material-providers, in both directions."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import (
    CreateKeyInput,
    CreateKeyStoreInput,
    GetActiveBranchKeyInput,
    GetBranchKeyVersionInput,
    KMSConfigurationKmsKeyArn,
    VersionKeyInput,
)
from aws_cryptographic_material_providers.mpl.client import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    AlgorithmSuiteIdDBE,
    AlgorithmSuiteIdESDK,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateRawAesKeyringInput,
    DBEAlgorithmSuiteId,
    ESDKAlgorithmSuiteId,
    InitializeDecryptionMaterialsInput,
    InitializeEncryptionMaterialsInput,
    OnDecryptInput,
    OnEncryptInput,
)
from aws_cryptographic_material_providers.mpl.models import EncryptedDataKey as OfficialEncryptedDataKey
from moto import mock_aws

from envelope import BranchKey, BranchKeyring, EncryptedDataKey, Keyring, KmsKeyring
from envelope.intermediate_key import generate_item_keys, unwrap_item_keys
from tests.unit.envelope_keys import raw_aes_keyring

_CONTEXT = {"tenant": "a", "é": "ü", "b": "2"}
_MESSAGES = AlgorithmSuiteIdESDK(ESDKAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
_ITEMS = AlgorithmSuiteIdDBE(DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384)
_REGION = "eu-west-1"


@dataclass(frozen=True)
class _Pair:
    """One kind of keyring, in AWS's implementation and in ours, over the same key."""

    official: Any
    ours: Keyring


@pytest.fixture(scope="module")
def providers() -> AwsCryptographicMaterialProviders:
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@pytest.fixture
def aws() -> Iterator[dict[str, Any]]:
    """KMS and DynamoDB of an emulator within this process, and one KMS key."""
    credentials: dict[str, Any] = {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": _REGION,
    }
    with mock_aws():
        kms = boto3.client("kms", **credentials)
        arn = kms.create_key()["KeyMetadata"]["Arn"]
        yield {"kms": kms, "dynamodb": boto3.client("dynamodb", **credentials), "arn": arn}


_AES = {
    "AES-128": (16, AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16),
    "AES-192": (24, AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16),
    "AES-256": (32, AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16),
}


def _raw_aes(providers: AwsCryptographicMaterialProviders, size: str) -> _Pair:
    length, algorithm = _AES[size]
    key = bytes(range(length))
    official = providers.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace="tests", key_name="key-1", wrapping_key=key, wrapping_alg=algorithm
        )
    )
    return _Pair(official, raw_aes_keyring(key=key))


@pytest.fixture
def kms(aws: dict[str, Any], providers: AwsCryptographicMaterialProviders) -> _Pair:
    official = providers.create_aws_kms_keyring(
        CreateAwsKmsKeyringInput(kms_key_id=aws["arn"], kms_client=aws["kms"])
    )
    return _Pair(official, KmsKeyring(aws["kms"], aws["arn"]))


class _OfficialKeyStore:
    """A source of branch keys that reads AWS's key store by AWS's own library."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    def active(self, branch_key_id: str) -> BranchKey:
        answer = self._store.get_active_branch_key(
            GetActiveBranchKeyInput(branch_key_identifier=branch_key_id)
        )
        return self._branch_key(answer.branch_key_materials)

    def version(self, branch_key_id: str, version: str) -> BranchKey:
        answer = self._store.get_branch_key_version(
            GetBranchKeyVersionInput(branch_key_identifier=branch_key_id, branch_key_version=version)
        )
        return self._branch_key(answer.branch_key_materials)

    @staticmethod
    def _branch_key(materials: Any) -> BranchKey:
        secret = bytes(materials.branch_key)
        return BranchKey(materials.branch_key_identifier, materials.branch_key_version, secret)


@pytest.fixture
def key_store(aws: dict[str, Any]) -> KeyStore:
    store = KeyStore(
        KeyStoreConfig(
            ddb_table_name="keys",
            logical_key_store_name="keys",
            kms_configuration=KMSConfigurationKmsKeyArn(aws["arn"]),
            ddb_client=aws["dynamodb"],
            kms_client=aws["kms"],
        )
    )
    store.create_key_store(CreateKeyStoreInput())
    return store


@pytest.fixture
def branch_key_id(key_store: KeyStore) -> str:
    created = key_store.create_key(
        CreateKeyInput(branch_key_identifier=str(uuid.uuid4()), encryption_context={"tenant": "a"})
    )
    return str(created.branch_key_identifier)


@pytest.fixture
def branch(providers: AwsCryptographicMaterialProviders, key_store: KeyStore, branch_key_id: str) -> _Pair:
    official = providers.create_aws_kms_hierarchical_keyring(
        CreateAwsKmsHierarchicalKeyringInput(key_store=key_store, branch_key_id=branch_key_id, ttl_seconds=60)
    )
    return _Pair(official, BranchKeyring(branch_key_id, _OfficialKeyStore(key_store)))


@pytest.fixture(params=[*_AES, "kms", "branch"])
def pair(request: pytest.FixtureRequest, providers: AwsCryptographicMaterialProviders) -> _Pair:
    if request.param in _AES:
        return _raw_aes(providers, request.param)
    found: _Pair = request.getfixturevalue(request.param)
    return found


def _official_encrypt(providers: AwsCryptographicMaterialProviders, keyring: Any, suite: Any) -> Any:
    materials = providers.initialize_encryption_materials(
        InitializeEncryptionMaterialsInput(
            algorithm_suite_id=suite, encryption_context=_CONTEXT, required_encryption_context_keys=[]
        )
    )
    return keyring.on_encrypt(OnEncryptInput(materials=materials)).materials


def _official_decrypt(
    providers: AwsCryptographicMaterialProviders, keyring: Any, suite: Any, entry: EncryptedDataKey
) -> Any:
    materials = providers.initialize_decryption_materials(
        InitializeDecryptionMaterialsInput(
            algorithm_suite_id=suite, encryption_context=_CONTEXT, required_encryption_context_keys=[]
        )
    )
    theirs = OfficialEncryptedDataKey(
        key_provider_id=entry.provider_id, key_provider_info=entry.provider_info, ciphertext=entry.ciphertext
    )
    return keyring.on_decrypt(OnDecryptInput(materials=materials, encrypted_data_keys=[theirs])).materials


def _entry(theirs: Any) -> EncryptedDataKey:
    return EncryptedDataKey(theirs.key_provider_id, bytes(theirs.key_provider_info), bytes(theirs.ciphertext))


def test_our_keyring_unwraps_what_the_official_one_wrapped(
    providers: AwsCryptographicMaterialProviders, pair: _Pair
) -> None:
    materials = _official_encrypt(providers, pair.official, _MESSAGES)
    (theirs,) = materials.encrypted_data_keys
    assert pair.ours.unwrap([_entry(theirs)], _CONTEXT) == bytes(materials.plaintext_data_key)


def test_official_keyring_unwraps_what_ours_wrapped(
    providers: AwsCryptographicMaterialProviders, pair: _Pair
) -> None:
    key, entry = pair.ours.generate(_CONTEXT)
    materials = _official_decrypt(providers, pair.official, _MESSAGES, entry)
    assert bytes(materials.plaintext_data_key) == key


def test_our_item_keys_are_those_that_the_official_keyring_made(
    providers: AwsCryptographicMaterialProviders, pair: _Pair
) -> None:
    materials = _official_encrypt(providers, pair.official, _ITEMS)
    entries = tuple(_entry(theirs) for theirs in materials.encrypted_data_keys)
    keys = unwrap_item_keys(pair.ours, entries=entries, encryption_context=_CONTEXT)
    assert keys.data_key == bytes(materials.plaintext_data_key)
    assert [keys.mac_key] == [bytes(key) for key in materials.symmetric_signing_keys]


def test_official_keyring_finds_the_item_keys_that_we_made(
    providers: AwsCryptographicMaterialProviders, pair: _Pair
) -> None:
    keys, entry = generate_item_keys(pair.ours, encryption_context=_CONTEXT)
    materials = _official_decrypt(providers, pair.official, _ITEMS, entry)
    assert bytes(materials.plaintext_data_key) == keys.data_key
    assert bytes(materials.symmetric_signing_key) == keys.mac_key


def test_both_read_an_older_version_after_the_branch_key_was_rotated(
    providers: AwsCryptographicMaterialProviders, branch: _Pair, key_store: KeyStore, branch_key_id: str
) -> None:
    old_key, old_entry = branch.ours.generate(_CONTEXT)
    key_store.version_key(VersionKeyInput(branch_key_identifier=branch_key_id))
    new_key, new_entry = branch.ours.generate(_CONTEXT)
    assert old_entry.ciphertext[28:44] != new_entry.ciphertext[28:44]
    for key, entry in ((old_key, old_entry), (new_key, new_entry)):
        assert branch.ours.unwrap([entry], _CONTEXT) == key
        assert (
            bytes(_official_decrypt(providers, branch.official, _MESSAGES, entry).plaintext_data_key) == key
        )
