"""AWS's library for messages, aws-encryption-sdk 4, with each kind of provider that it has.

All write suite 0478 like ours, committing and unsigned (their default adds a signature), in the same frames:
their own default of 4 KiB would be slower.
"""

from collections.abc import Callable, Mapping
from typing import Any

import aws_encryption_sdk
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import KMSConfigurationKmsKeyArn
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateRawAesKeyringInput,
)

from benchmarks.peers import names
from benchmarks.peers.cases import PEER, Contender
from benchmarks.peers.floor import FRAME_LENGTH
from benchmarks.peers.ours import CACHE_SECONDS, LOGICAL_STORE, TENANT
from benchmarks.peers.rounds import CheckError
from benchmarks.peers.stand_in import KEY_ARN, TABLE, AwsStandIn

CACHED_MESSAGES = 100
_SUITE = aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
_RAW_KEY = bytes(range(32))


class EncryptionSdk:
    """AWS's client and providers, over a stand-in of AWS whose key store holds the tenant's branch key."""

    def __init__(self, aws: AwsStandIn) -> None:
        self._client = aws_encryption_sdk.EncryptionSDKClient()
        self._legacy = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(
            key_ids=[KEY_ARN], botocore_session=aws.session
        )
        self._caching = aws_encryption_sdk.CachingCryptoMaterialsManager(
            master_key_provider=self._legacy,
            cache=aws_encryption_sdk.LocalCryptoMaterialsCache(100),
            max_age=float(CACHE_SECONDS),
            max_messages_encrypted=CACHED_MESSAGES,
        )
        providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        kms = aws.client("kms")
        self._kms = providers.create_aws_kms_keyring(
            CreateAwsKmsKeyringInput(kms_key_id=KEY_ARN, kms_client=kms)
        )
        self._raw = providers.create_raw_aes_keyring(
            CreateRawAesKeyringInput(
                key_namespace="benchmark",
                key_name="key",
                wrapping_key=_RAW_KEY,
                wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
            )
        )
        store = KeyStore(
            KeyStoreConfig(
                ddb_table_name=TABLE,
                logical_key_store_name=LOGICAL_STORE,
                kms_configuration=KMSConfigurationKmsKeyArn(KEY_ARN),
                ddb_client=aws.client("dynamodb"),
                kms_client=kms,
            )
        )
        self._hierarchical = providers.create_aws_kms_hierarchical_keyring(
            CreateAwsKmsHierarchicalKeyringInput(
                key_store=store, branch_key_id=TENANT, ttl_seconds=CACHE_SECONDS
            )
        )

    def messages(self, plaintext: bytes, context: Mapping[str, str]) -> list[Contender]:
        """Return one contender for each provider."""
        reused = f"{names.BY_KMS}, one for {CACHED_MESSAGES}"
        given: list[tuple[str, str, dict[str, Any]]] = [
            (names.MASTER_KEY_PROVIDER, names.BY_KMS, {"key_provider": self._legacy}),
            (names.KMS_KEYRING, names.BY_KMS, {"keyring": self._kms}),
            (names.CACHING, reused, {"materials_manager": self._caching}),
            (names.HIERARCHICAL, names.BY_BRANCH_KEY, {"keyring": self._hierarchical}),
            (names.OFFICIAL_RAW, names.BY_LOCAL_KEY, {"keyring": self._raw}),
        ]
        return [
            Contender(
                name,
                PEER,
                key,
                commits=True,
                binds=True,
                encrypt=self._encryption(plaintext, context, provider),
                decrypt=self._decryption(context, provider),
                plaintext=plaintext,
            )
            for name, key, provider in given
        ]

    def _encryption(
        self, plaintext: bytes, context: Mapping[str, str], provider: Mapping[str, Any]
    ) -> Callable[[], bytes]:
        def run() -> bytes:
            message, _ = self._client.encrypt(
                source=plaintext,
                encryption_context=dict(context),
                algorithm=_SUITE,
                frame_length=FRAME_LENGTH,
                **provider,
            )
            return bytes(message)

        return run

    def _decryption(
        self, context: Mapping[str, str], provider: Mapping[str, Any]
    ) -> Callable[[bytes], bytes]:
        """Return a decryption that holds the message to the context.

        With a keyring the library compares; with the older providers its documentation asks the caller to.
        """
        asks = {"encryption_context": dict(context)} if "keyring" in provider else {}

        def run(message: bytes) -> bytes:
            plaintext, header = self._client.decrypt(source=message, **provider, **asks)
            if not asks and not context.items() <= header.encryption_context.items():
                raise CheckError("the message is bound to another context")
            return bytes(plaintext)

        return run
