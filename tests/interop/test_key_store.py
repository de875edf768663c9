"""Branch keys exchanged with AWS's own key store, over KMS and DynamoDB of the embedded AWS."""

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
    GetBeaconKeyInput,
    GetBranchKeyVersionInput,
    KMSConfigurationKmsKeyArn,
    VersionKeyInput,
)
from aws_cryptographic_material_providers.mpl.client import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AlgorithmSuiteIdDBE,
    AlgorithmSuiteIdESDK,
    CreateAwsKmsHierarchicalKeyringInput,
    DBEAlgorithmSuiteId,
    ESDKAlgorithmSuiteId,
    InitializeDecryptionMaterialsInput,
    InitializeEncryptionMaterialsInput,
    OnDecryptInput,
    OnEncryptInput,
)
from aws_cryptographic_material_providers.mpl.models import EncryptedDataKey as OfficialEncryptedDataKey
from aws_cryptographic_material_providers.smithygenerated.aws_cryptography_keystore.errors import (
    ComAmazonawsKms,
)

from envelope import (
    BranchKeyItemError,
    BranchKeyring,
    BranchKeyShreddedError,
    BranchKeyStore,
    EncryptedDataKey,
)
from envelope.intermediate_key import generate_item_keys, unwrap_item_keys
from local.emulator import Emulator
from tests.interop.exchanges import PYTHON_KEY_STORE, Exchanges, Group
from tests.interop.key_services import KeyServices

_TABLE, _LOGICAL_NAME = "key-store", "branch-keys"
_CONTEXT = {"tenant": "acme", "record": "r", "é": "ü"}
_MESSAGES = AlgorithmSuiteIdESDK(ESDKAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
_ITEMS = AlgorithmSuiteIdDBE(DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384)


class _Aws(KeyServices):
    def ours(self, key_arn: str, *further: str) -> BranchKeyStore:
        return self.key_store(_TABLE, key_arn, *further, logical_name=_LOGICAL_NAME)

    def official(self, key_arn: str) -> KeyStore:
        return KeyStore(
            KeyStoreConfig(
                ddb_table_name=_TABLE,
                logical_key_store_name=_LOGICAL_NAME,
                kms_configuration=KMSConfigurationKmsKeyArn(key_arn),
                ddb_client=self.dynamodb,
                kms_client=self.kms,
            )
        )


@pytest.fixture
def aws(emulator: Emulator) -> _Aws:
    emulator.reset()
    settings: dict[str, Any] = {
        "endpoint_url": emulator.endpoint,
        "region_name": "eu-west-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    return _Aws(boto3.client("kms", **settings), boto3.client("dynamodb", **settings))


@pytest.fixture
def key_arn(aws: _Aws) -> str:
    return aws.key()


@pytest.fixture
def official(aws: _Aws, key_arn: str) -> KeyStore:
    """AWS's key store; the table is made by AWS's library."""
    store = aws.official(key_arn)
    store.create_key_store(CreateKeyStoreInput())
    return store


@pytest.fixture
def ours(aws: _Aws, official: KeyStore, key_arn: str) -> BranchKeyStore:
    return aws.ours(key_arn)


def _group(*, made_by_us: bool) -> Group:
    return Group(PYTHON_KEY_STORE, "branch keys", "key store", "hierarchy version 1", made_by_us)


def _create_officially(store: KeyStore) -> None:
    store.create_key(CreateKeyInput(branch_key_identifier="acme", encryption_context={"tenant": "acme"}))


def _active(store: KeyStore) -> tuple[str, bytes]:
    materials = store.get_active_branch_key(
        GetActiveBranchKeyInput(branch_key_identifier="acme")
    ).branch_key_materials
    return materials.branch_key_version, bytes(materials.branch_key)


def _version(store: KeyStore, version: str) -> bytes:
    found = store.get_branch_key_version(
        GetBranchKeyVersionInput(branch_key_identifier="acme", branch_key_version=version)
    )
    return bytes(found.branch_key_materials.branch_key)


def _assert_both_read_the_same(official: KeyStore, ours: BranchKeyStore, *, versions: int) -> None:
    active = ours.active("acme")
    assert _active(official) == (active.version, active.secret)
    described = ours.describe("acme")
    assert len(described.versions) == versions
    for found in described.versions:
        assert _version(official, found.version) == ours.version("acme", found.version).secret
    beacon = official.get_beacon_key(GetBeaconKeyInput(branch_key_identifier="acme")).beacon_key_materials
    assert len(bytes(beacon.beacon_key)) == 32


def test_official_store_reads_and_versions_what_ours_created(
    official: KeyStore, ours: BranchKeyStore, exchanges: Exchanges
) -> None:
    ours.create("acme")
    ours.rotate("acme")
    _assert_both_read_the_same(official, ours, versions=2)
    official.version_key(VersionKeyInput(branch_key_identifier="acme"))
    _assert_both_read_the_same(official, ours, versions=3)
    exchanges.read[_group(made_by_us=True)] += 1


def test_our_store_reads_and_versions_what_the_official_one_created(
    official: KeyStore, ours: BranchKeyStore, exchanges: Exchanges
) -> None:
    _create_officially(official)
    official.version_key(VersionKeyInput(branch_key_identifier="acme"))
    _assert_both_read_the_same(official, ours, versions=2)
    ours.rotate("acme")
    _assert_both_read_the_same(official, ours, versions=3)
    exchanges.read[_group(made_by_us=False)] += 1


@pytest.mark.parametrize("creator", ["official", "ours"])
def test_after_our_move_the_official_store_reads_with_the_new_key(
    aws: _Aws, official: KeyStore, ours: BranchKeyStore, exchanges: Exchanges, key_arn: str, creator: str
) -> None:
    if creator == "official":
        _create_officially(official)
        official.version_key(VersionKeyInput(branch_key_identifier="acme"))
    else:
        ours.create("acme")
        ours.rotate("acme")
    before = _active(official)
    target = aws.key()
    assert aws.ours(target, key_arn).move("acme").verified
    aws.kms.disable_key(KeyId=key_arn)
    moved = aws.official(target)
    assert _active(moved) == before
    _assert_both_read_the_same(moved, aws.ours(target), versions=2)
    moved.version_key(VersionKeyInput(branch_key_identifier="acme"))
    _assert_both_read_the_same(moved, aws.ours(target), versions=3)
    exchanges.read[_group(made_by_us=True)] += 1


def test_what_we_shredded_the_official_store_does_not_have(
    official: KeyStore, ours: BranchKeyStore, exchanges: Exchanges, key_arn: str
) -> None:
    _create_officially(official)
    ours.shred("acme")
    with pytest.raises(Exception, match="No item found"):
        _active(official)
    with pytest.raises(BranchKeyShreddedError):
        ours.active("acme")
    exchanges.refused[_group(made_by_us=True)] += 1


def test_both_refuse_an_item_that_was_edited(
    aws: _Aws, official: KeyStore, ours: BranchKeyStore, exchanges: Exchanges
) -> None:
    ours.create("acme")
    key = {"branch-key-id": {"S": "acme"}, "type": {"S": "branch:ACTIVE"}}
    item = aws.dynamodb.get_item(TableName=_TABLE, Key=key)["Item"]
    edited = {**item, "create-time": {"S": "2020-01-01T00:00:00.000000Z"}}
    aws.dynamodb.put_item(TableName=_TABLE, Item=edited)
    with pytest.raises(BranchKeyItemError):
        ours.active("acme")
    with pytest.raises(ComAmazonawsKms):
        _active(official)
    exchanges.refused[_group(made_by_us=True)] += 1


@pytest.fixture(scope="module")
def providers() -> AwsCryptographicMaterialProviders:
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@dataclass(frozen=True)
class _OfficialKeyring:
    """AWS's hierarchical keyring over a key store, for one suite."""

    providers: AwsCryptographicMaterialProviders
    keyring: Any
    suite: Any

    def wrap(self) -> tuple[bytes, EncryptedDataKey]:
        materials = self.providers.initialize_encryption_materials(
            InitializeEncryptionMaterialsInput(
                algorithm_suite_id=self.suite,
                encryption_context=_CONTEXT,
                required_encryption_context_keys=[],
            )
        )
        wrapped = self.keyring.on_encrypt(OnEncryptInput(materials=materials)).materials
        (entry,) = wrapped.encrypted_data_keys
        return bytes(wrapped.plaintext_data_key), EncryptedDataKey(
            entry.key_provider_id, bytes(entry.key_provider_info), bytes(entry.ciphertext)
        )

    def unwrap(self, entry: EncryptedDataKey) -> bytes:
        materials = self.providers.initialize_decryption_materials(
            InitializeDecryptionMaterialsInput(
                algorithm_suite_id=self.suite,
                encryption_context=_CONTEXT,
                required_encryption_context_keys=[],
            )
        )
        theirs = OfficialEncryptedDataKey(
            key_provider_id=entry.provider_id,
            key_provider_info=entry.provider_info,
            ciphertext=entry.ciphertext,
        )
        request = OnDecryptInput(materials=materials, encrypted_data_keys=[theirs])
        return bytes(self.keyring.on_decrypt(request).materials.plaintext_data_key)


@pytest.fixture(params=["messages", "items"])
def official_keyring(
    request: pytest.FixtureRequest,
    providers: AwsCryptographicMaterialProviders,
    official: KeyStore,
    ours: BranchKeyStore,
) -> _OfficialKeyring:
    ours.create("acme")
    keyring = providers.create_aws_kms_hierarchical_keyring(
        CreateAwsKmsHierarchicalKeyringInput(key_store=official, branch_key_id="acme", ttl_seconds=60)
    )
    return _OfficialKeyring(providers, keyring, _MESSAGES if request.param == "messages" else _ITEMS)


def _our_wrap(keyring: BranchKeyring, suite: Any) -> tuple[bytes, EncryptedDataKey]:
    if suite is _MESSAGES:
        return keyring.generate(_CONTEXT)
    keys, entry = generate_item_keys(keyring, encryption_context=_CONTEXT)
    return keys.data_key, entry


def _our_unwrap(keyring: BranchKeyring, suite: Any, entry: EncryptedDataKey) -> bytes:
    if suite is _MESSAGES:
        return keyring.unwrap([entry], _CONTEXT)
    return unwrap_item_keys(keyring, entries=(entry,), encryption_context=_CONTEXT).data_key


def test_data_keys_of_messages_and_items_unwrap_in_the_other_library(
    official_keyring: _OfficialKeyring, ours: BranchKeyStore
) -> None:
    keyring = BranchKeyring("acme", ours)
    wrapped = [_our_wrap(keyring, official_keyring.suite), official_keyring.wrap()]
    ours.rotate("acme")
    wrapped.append(_our_wrap(keyring, official_keyring.suite))
    for key, entry in wrapped:
        assert _our_unwrap(keyring, official_keyring.suite, entry) == key
        assert official_keyring.unwrap(entry) == key


def test_data_keys_unwrap_in_both_libraries_after_a_move(
    aws: _Aws,
    providers: AwsCryptographicMaterialProviders,
    official_keyring: _OfficialKeyring,
    ours: BranchKeyStore,
    key_arn: str,
) -> None:
    suite = official_keyring.suite
    wrapped = [_our_wrap(BranchKeyring("acme", ours), suite), official_keyring.wrap()]
    target = aws.key()
    aws.ours(target, key_arn).move("acme")
    moved = providers.create_aws_kms_hierarchical_keyring(
        CreateAwsKmsHierarchicalKeyringInput(
            key_store=aws.official(target), branch_key_id="acme", ttl_seconds=60
        )
    )
    for key, entry in wrapped:
        assert _our_unwrap(BranchKeyring("acme", aws.ours(target)), suite, entry) == key
        assert _OfficialKeyring(providers, moved, suite).unwrap(entry) == key
