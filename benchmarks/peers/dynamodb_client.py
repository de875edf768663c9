"""AWS's library for items in Python, dynamodb-encryption-sdk 3.3 (the DynamoDB Encryption Client).

Its format is an older one than ours: AES-CBC and HMAC by a key pair for each item, no commitment. The keys of
the table are signed, as is what the service adds to a record; all else is encrypted and signed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

from benchmarks.peers import names
from benchmarks.peers.cases import PEER, Contender
from benchmarks.peers.ours import LOGICAL_TABLE
from benchmarks.peers.stand_in import KEY_ARN, REGION, AwsStandIn
from service.names import SERVICE_ATTRIBUTES

Item = Mapping[str, Mapping[str, Any]]


class DynamoDbClient:
    """Its two providers that keep no table of their own."""

    def __init__(self, aws: AwsStandIn) -> None:
        wrapping, signing = _local_key("AES"), _local_key("HmacSHA256")
        self._local = WrappedCryptographicMaterialsProvider(
            signing_key=signing, wrapping_key=wrapping, unwrapping_key=wrapping
        )
        self._kms = AwsKmsCryptographicMaterialsProvider(
            key_id=KEY_ARN, botocore_session=aws.session, regional_clients={REGION: aws.client("kms")}
        )
        self._actions = AttributeActions(
            default_action=CryptoAction.ENCRYPT_AND_SIGN,
            attribute_actions=dict.fromkeys(SERVICE_ATTRIBUTES, CryptoAction.SIGN_ONLY),
        )
        self._actions.set_index_keys("tenant", "record")

    def items(self, item: Item) -> list[Contender]:
        """Return a contender for each provider."""
        providers = [
            (names.ITEM_LOCAL, names.BY_LOCAL_KEY, False, self._local),
            (names.ITEM_KMS, names.BY_KMS, True, self._kms),
        ]
        return [
            Contender(
                name,
                PEER,
                key,
                commits=False,
                binds=binds,
                encrypt=self._encryption(item, provider),
                decrypt=self._decryption(provider),
                plaintext=item,
            )
            for name, key, binds, provider in providers
        ]

    def _encryption(self, item: Item, provider: object) -> Callable[[], Item]:
        def run() -> Item:
            encrypted: Item = encrypt_dynamodb_item(item, self._configured(item, provider))
            return encrypted

        return run

    def _decryption(self, provider: object) -> Callable[[Item], Item]:
        def run(stored: Item) -> Item:
            # It takes what is its own out of the item that it is given.
            item = dict(stored)
            decrypted: Item = decrypt_dynamodb_item(item, self._configured(item, provider))
            return decrypted

        return run

    def _configured(self, item: Item, provider: object) -> CryptoConfig:
        """Return what each call needs: the context of this item."""
        return CryptoConfig(
            materials_provider=provider,
            encryption_context=EncryptionContext(
                table_name=LOGICAL_TABLE,
                partition_key_name="tenant",
                sort_key_name="record",
                attributes=item,
            ),
            attribute_actions=self._actions,
        )


def _local_key(algorithm: str) -> JceNameLocalDelegatedKey:
    return JceNameLocalDelegatedKey(
        key=bytes(range(32)),
        algorithm=algorithm,
        key_type=EncryptionKeyType.SYMMETRIC,
        key_encoding=KeyEncodingType.RAW,
    )
