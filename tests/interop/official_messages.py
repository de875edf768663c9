"""AWS's own library for messages, and its keyrings beside ours over the same keys."""

from dataclasses import dataclass
from typing import Any

from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import (
    CreateKeyStoreInput,
    KMSConfigurationKmsKeyArn,
)
from aws_cryptographic_material_providers.mpl.client import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateRawAesKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
)
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import Algorithm

from envelope import BranchKeyring, BranchKeyStore, CachingBranchKeySource, Keyring, KmsKeyring
from tests.unit.envelope_keys import raw_aes_keyring

_KEY = bytes(range(32))
SUITES = {
    0x0478: Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    0x0578: Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}
V1_SUITES = {
    0x0078: Algorithm.AES_256_GCM_IV12_TAG16,
    0x0178: Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA256,
    0x0378: Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
}


@dataclass(frozen=True)
class Case:
    """One message to exchange."""

    suite: int
    context: dict[str, str]
    required: list[str]
    size: int
    frame_length: int

    @property
    def plaintext(self) -> bytes:
        return (bytes(range(256)) * (self.size // 256 + 1))[: self.size]

    @property
    def reproduced(self) -> dict[str, str]:
        """What the reader must give."""
        return {key: self.context[key] for key in self.required}


class Official:
    """AWS's library with one of its keyrings."""

    def __init__(
        self,
        providers: AwsCryptographicMaterialProviders,
        keyring: Any,
        *,
        policy: CommitmentPolicy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    ) -> None:
        self._providers = providers
        self._keyring = keyring
        self._client = EncryptionSDKClient(commitment_policy=policy)

    def _managed(self, required: list[str]) -> dict[str, Any]:
        if not required:
            return {"keyring": self._keyring}
        default = self._providers.create_default_cryptographic_materials_manager(
            CreateDefaultCryptographicMaterialsManagerInput(keyring=self._keyring)
        )
        requiring = CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=default, required_encryption_context_keys=required
        )
        return {"materials_manager": self._providers.create_required_encryption_context_cmm(requiring)}

    def encrypt(self, case: Case, *, frame_length: int, algorithm: Algorithm | None = None) -> bytes:
        message, _ = self._client.encrypt(
            source=case.plaintext,
            encryption_context=case.context,
            algorithm=algorithm or SUITES[case.suite],
            frame_length=frame_length,
            **self._managed(case.required),
        )
        return bytes(message)

    def decrypt(self, message: bytes, *, required: list[str], context: dict[str, str]) -> bytes:
        plaintext, _ = self._client.decrypt(
            source=message, encryption_context=context, **self._managed(required)
        )
        return bytes(plaintext)


@dataclass(frozen=True)
class Pair:
    """One kind of keyring, in AWS's implementation and in ours, over the same key."""

    name: str
    providers: AwsCryptographicMaterialProviders
    their_keyring: Any
    ours: Keyring

    @property
    def official(self) -> Official:
        return Official(self.providers, self.their_keyring)

    @property
    def uncommitted(self) -> Official:
        policy = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        return Official(self.providers, self.their_keyring, policy=policy)


def raw(providers: AwsCryptographicMaterialProviders) -> Pair:
    theirs = CreateRawAesKeyringInput(
        key_namespace="tests",
        key_name="key-1",
        wrapping_key=_KEY,
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
    return Pair("raw AES", providers, providers.create_raw_aes_keyring(theirs), raw_aes_keyring(key=_KEY))


def kms(aws: dict[str, Any], providers: AwsCryptographicMaterialProviders) -> Pair:
    theirs = CreateAwsKmsKeyringInput(kms_key_id=aws["arn"], kms_client=aws["kms"])
    ours = KmsKeyring(aws["kms"], aws["arn"])
    return Pair("KMS", providers, providers.create_aws_kms_keyring(theirs), ours)


def hierarchy(aws: dict[str, Any], providers: AwsCryptographicMaterialProviders) -> Pair:
    """A branch key that our key store made, in a table that theirs made."""
    official = KeyStore(
        KeyStoreConfig(
            ddb_table_name="key-store",
            logical_key_store_name="branch-keys",
            kms_configuration=KMSConfigurationKmsKeyArn(aws["arn"]),
            ddb_client=aws["dynamodb"],
            kms_client=aws["kms"],
        )
    )
    official.create_key_store(CreateKeyStoreInput())
    ours = BranchKeyStore(
        dynamodb=aws["dynamodb"],
        kms=aws["kms"],
        table="key-store",
        logical_name="branch-keys",
        key_arn=aws["arn"],
        context_of=lambda tenant: {"tenant": tenant},
    )
    ours.create("acme")
    theirs = CreateAwsKmsHierarchicalKeyringInput(key_store=official, branch_key_id="acme", ttl_seconds=600)
    return Pair(
        "hierarchical",
        providers,
        providers.create_aws_kms_hierarchical_keyring(theirs),
        BranchKeyring("acme", CachingBranchKeySource(ours)),
    )
